"""Administrators' own SSPR matches what is intended; when it is off they see SSPR_009."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import AUTHORIZATION_POLICY, REGISTRATION, Facts
from shared.model import Evidence, Known, Param, State, Verdict
from shared.settings import DECLARED_ADMIN_SSPR, Settings


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Compare `authorizationPolicy.allowedToUseSSPR` with what was declared.

    | allowedToUseSSPR, and what is declared | verdict                              |
    |----------------------------------------|--------------------------------------|
    | equal to the declaration               | healthy `as_declared`                |
    | different from the declaration         | critical `not_as_declared`           |
    | true, nothing declared                 | healthy `administrators_allowed`     |
    | false, nothing declared                | warning `administrators_blocked`     |
    | false, but administrators are enabled  | warning `administrators_in_dead_end` |
    | null or missing                        | unknown `value_missing`              |

    The property speaks about administrators only, never about users. Recommendations disagree, so
    only a surprise is graded: Microsoft's default is true, and false without a declaration is one.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy
    """
    policy = facts.need(AUTHORIZATION_POLICY)
    allowed = policy.value.allowed_to_use_sspr
    if allowed is None:
        return CHECK.verdict("value_missing", as_of=policy.as_of)
    declared = settings[DECLARED_ADMIN_SSPR]
    params: dict[str, Param] = {"allowed": str(allowed).lower()}
    if declared is None:
        code = "administrators_allowed" if allowed else "administrators_blocked"
    else:
        params |= {"declared": str(declared.on).lower(), "declared_at": declared.at.isoformat()}
        code = "as_declared" if allowed == declared.on else "not_as_declared"
    report = facts.get(REGISTRATION)
    if not allowed and code != "not_as_declared" and isinstance(report, Known):
        in_scope = report.value.administrators.enabled
        if in_scope:
            code = "administrators_in_dead_end"
            params["administrators_enabled"] = in_scope
    return CHECK.verdict(
        code,
        params=params,
        evidence=(
            Evidence(
                "authorizationPolicy.allowedToUseSSPR",
                allowed,
                None if declared is None else f"declared {'on' if declared.on else 'off'}",
            ),
        ),
        as_of=policy.as_of,
    )


CHECK = Check(
    id="admin_sspr",
    problems=("A5b", "B2"),
    needs=(AUTHORIZATION_POLICY, REGISTRATION),
    codes={
        "as_declared": State.HEALTHY,
        "administrators_allowed": State.HEALTHY,
        "administrators_blocked": State.WARNING,
        "administrators_in_dead_end": State.WARNING,
        "not_as_declared": State.CRITICAL,
        "value_missing": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/concept-sspr-policy#administrator-reset-policy-differences",
    evaluate=evaluate,
)
