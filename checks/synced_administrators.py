"""Administrators live in the cloud: a synced one often cannot reset, and is at risk on-premises."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.engine_facts import ADMINISTRATORS
from checks.facts import ORGANIZATION, REGISTRATION, Facts
from shared.model import Evidence, Known, Metric, State, Verdict
from shared.settings import Settings


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the users with a role of the administrators' reset policy that are synced.

    | synced users with such a role            | verdict                              |
    |------------------------------------------|--------------------------------------|
    | none                                     | healthy `administrators_in_cloud`    |
    | 1 or more, no Global Administrator       | warning `administrators_synced`      |
    | a Global Administrator among them        | critical `global_administrator_synced` |
    | nobody holds such a role directly        | unknown `nobody_found`               |
    | the tenant is not synced                 | not applicable `not_synced`          |

    A member of a protected group of Active Directory may change the password but not reset it.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy#administrator-reset-policy-differences
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    known = facts.need(ADMINISTRATORS)
    found = known.value
    if found.synced_global:
        code = "global_administrator_synced"
    elif found.synced:
        code = "administrators_synced"
    else:
        code = "administrators_in_cloud" if found.users else "nobody_found"
    return CHECK.verdict(
        code,
        params={
            "users": found.users,
            "synced": found.synced,
            "synced_global": found.synced_global,
            "others": found.others,
        },
        metrics={
            "synced_administrators": Metric(found.synced, "users"),
            "synced_global_administrators": Metric(found.synced_global, "users"),
        },
        evidence=(
            Evidence("users with a two-gate role and onPremisesSyncEnabled", found.synced, 0),
            Evidence("groups and applications with a two-gate role", found.others),
            *_more_administrators(facts, found.users),
        ),
        as_of=known.as_of,
    )


def _more_administrators(facts: Facts, users: int) -> tuple[Evidence, ...]:
    """The report knows more administrators: by groups, other and custom roles, or eligible ones."""
    report = facts.get(REGISTRATION)
    if not isinstance(report, Known) or report.value.administrators.members <= users:
        return ()
    return (
        Evidence(
            "userRegistrationDetails.isAdmin, more than hold a two-gate role directly",
            report.value.administrators.members,
            users,
        ),
    )


CHECK = Check(
    id="synced_administrators",
    problems=("A5b",),
    needs=(ORGANIZATION, ADMINISTRATORS, REGISTRATION),
    codes={
        "administrators_in_cloud": State.HEALTHY,
        "administrators_synced": State.WARNING,
        "global_administrator_synced": State.CRITICAL,
        "nobody_found": State.UNKNOWN,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/authentication/concept-sspr-policy#administrator-reset-policy-differences",
    evaluate=evaluate,
)
