"""The password reset service may act in the tenant: its service principal is not disabled."""

from __future__ import annotations

from datetime import datetime

from checks.attempts import Kind, Outcome
from checks.check import LEARN, Check
from checks.engine_facts import RESET_PRINCIPAL
from checks.facts import AUDIT_TRAIL, Facts
from shared.model import Evidence, Known, State, Verdict
from shared.settings import Settings

PROOF_DAYS = 30


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the service principal of the Microsoft password reset service.

    | service principal                             | verdict                        |
    |-----------------------------------------------|--------------------------------|
    | there, enabled                                | healthy `principal_enabled`    |
    | there, disabled                               | critical `principal_disabled`  |
    | there, whether it is enabled is not told      | unknown `value_missing`        |
    | absent, but a reset succeeded in 30 days      | healthy `not_needed`           |
    | absent                                        | unknown `principal_absent`     |

    Microsoft says that it need not exist in a tenant, so its absence alone proves nothing; a reset
    in the audit log proves that it is not missed.
    https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
    """
    known = facts.need(RESET_PRINCIPAL)
    service = known.value
    if service is not None:
        enabled = service.account_enabled
        return CHECK.verdict(
            "value_missing"
            if enabled is None
            else "principal_enabled"
            if enabled
            else "principal_disabled",
            evidence=(Evidence("servicePrincipal.accountEnabled", enabled, True),),
            as_of=known.as_of,
        )
    resets = _resets(facts, now)
    return CHECK.verdict(
        "not_needed" if resets else "principal_absent",
        params={"resets": resets, "days": PROOF_DAYS},
        evidence=(
            Evidence("servicePrincipals", 0, 1),
            Evidence("directoryAudits: self-service resets that succeeded", resets),
        ),
        as_of=known.as_of,
    )


def _resets(facts: Facts, now: datetime) -> int:
    """How many self-service resets are known to have succeeded."""
    trail = facts.get(AUDIT_TRAIL)
    if not isinstance(trail, Known):
        return 0
    numbers = trail.value.attempts.numbers(Kind.RESET, now, days=PROOF_DAYS, lag_seconds=0)
    return numbers[Outcome.SUCCEEDED]


CHECK = Check(
    id="reset_service_principal",
    problems=("A1", "B5"),
    needs=(RESET_PRINCIPAL, AUDIT_TRAIL),
    codes={
        "principal_enabled": State.HEALTHY,
        "not_needed": State.HEALTHY,
        "principal_disabled": State.CRITICAL,
        "principal_absent": State.UNKNOWN,
        "value_missing": State.UNKNOWN,
    },
    link=f"{LEARN}/hybrid/connect/authenticate-application-id",
    links={
        "principal_disabled": f"{LEARN}/enterprise-apps/disable-user-sign-in-portal",
    },
    evaluate=evaluate,
)
