"""SSPR takes its methods from the Authentication methods policy, not from legacy policies."""

from __future__ import annotations

from datetime import datetime

import msgspec

from checks.check import LEARN, Check
from checks.facts import METHODS_POLICY, Facts
from shared.model import Evidence, State, Verdict
from shared.settings import Settings

_CODES = {
    "migrationcomplete": "migration_complete",
    "migrationinprogress": "migration_in_progress",
    "premigration": "migration_not_started",
}


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge `authenticationMethodsPolicy.policyMigrationState`.

    | policyMigrationState       | verdict                            |
    |----------------------------|------------------------------------|
    | migrationComplete          | healthy `migration_complete`       |
    | null or empty              | healthy `nothing_to_migrate`       |
    | migrationInProgress        | warning `migration_in_progress`    |
    | preMigration               | critical `migration_not_started`   |
    | absent, or a value unknown | unknown `state_unclear`            |

    Null is what newer tenants answer, which never had the legacy policies. Those could no longer be
    managed after 30 September 2025.
    https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-methods-manage
    """
    policy = facts.need(METHODS_POLICY)
    state = policy.value.policy_migration_state
    if isinstance(state, msgspec.UnsetType):
        return CHECK.verdict("state_unclear", params={"value": "absent"}, as_of=policy.as_of)
    code = _CODES.get(state.lower(), "state_unclear") if state else "nothing_to_migrate"
    return CHECK.verdict(
        code,
        params={"value": state or "null"},
        evidence=(
            Evidence(
                "authenticationMethodsPolicy.policyMigrationState", state, "migrationComplete"
            ),
        ),
        as_of=policy.as_of,
    )


CHECK = Check(
    id="method_migration",
    problems=("A4",),
    needs=(METHODS_POLICY,),
    codes={
        "migration_complete": State.HEALTHY,
        "nothing_to_migrate": State.HEALTHY,
        "migration_in_progress": State.WARNING,
        "migration_not_started": State.CRITICAL,
        "state_unclear": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/how-to-authentication-methods-manage",
    evaluate=evaluate,
)
