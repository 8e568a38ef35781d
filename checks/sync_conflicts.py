"""No object is quarantined by a duplicate attribute: a reset may not find such a user."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import (
    CONTACTS_IN_CONFLICT,
    GROUPS_IN_CONFLICT,
    ORGANIZATION,
    SYNCED_USERS,
    USERS_IN_CONFLICT,
    Facts,
    MissingFactError,
)
from shared.model import Evidence, Known, Metric, State, Unavailable, Verdict
from shared.settings import Settings, threshold

CRITICAL_OBJECTS = threshold(
    "sync_conflicts",
    "critical_objects",
    10,
    unit="objects",
    purpose="Quarantined objects from which conflicts are critical.",
)
CRITICAL_PERCENT = threshold(
    "sync_conflicts",
    "critical_percent",
    1,
    unit="percent",
    at_most=100,
    purpose="Share of synced users in quarantine from which conflicts are critical.",
)

_COUNTED = {
    "users": USERS_IN_CONFLICT,
    "groups": GROUPS_IN_CONFLICT,
    "contacts": CONTACTS_IN_CONFLICT,
}


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge how many objects have an `onPremisesProvisioningErrors` entry of PropertyConflict.

    | quarantined users, groups and contacts   | verdict                          |
    |------------------------------------------|----------------------------------|
    | 0                                        | healthy `no_conflicts`           |
    | 1 to 9, and less than 1% of synced users | warning `some_conflicts`         |
    | 10 or more, or 1% of synced users        | critical `many_conflicts`        |
    | 0, but a kind of object cannot be read   | unknown (that reason)            |
    | the tenant is not synced                 | not applicable `not_synced`      |

    Some conflicts among what can be read are enough to say so. Other export errors never reach
    Graph: none here does not mean no sync errors.
    https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-duplicate-attribute-resiliency
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    answers = {kind: facts.get(fact) for kind, fact in _COUNTED.items()}
    counts = {kind: a.value for kind, a in answers.items() if isinstance(a, Known)}
    total = sum(counts.values())
    if total == 0:
        for kind, answer in answers.items():
            if isinstance(answer, Unavailable):
                raise MissingFactError(_COUNTED[kind], answer)
    synced = facts.get(SYNCED_USERS)
    share = 0.0
    if isinstance(synced, Known) and synced.value:
        share = counts.get("users", 0) / synced.value
    many = total >= settings[CRITICAL_OBJECTS] or share * 100 >= settings[CRITICAL_PERCENT]
    code = "no_conflicts" if total == 0 else "many_conflicts" if many else "some_conflicts"
    return CHECK.verdict(
        code,
        params={
            "total": total,
            "users": counts.get("users", 0),
            "groups": counts.get("groups", 0),
            "contacts": counts.get("contacts", 0),
            "share_ratio": share,
        },
        metrics={"conflicts": Metric(total, "objects")},
        evidence=tuple(
            Evidence(f"{kind}.onPremisesProvisioningErrors", counts.get(kind), 0)
            for kind in _COUNTED
        ),
        as_of=organization.as_of,
    )


CHECK = Check(
    id="sync_conflicts",
    problems=("A3a",),
    needs=(
        ORGANIZATION,
        USERS_IN_CONFLICT,
        GROUPS_IN_CONFLICT,
        CONTACTS_IN_CONFLICT,
        SYNCED_USERS,
    ),
    thresholds=(CRITICAL_OBJECTS, CRITICAL_PERCENT),
    codes={
        "no_conflicts": State.HEALTHY,
        "some_conflicts": State.WARNING,
        "many_conflicts": State.CRITICAL,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/hybrid/connect/tshoot-connect-sync-errors",
    evaluate=evaluate,
)
