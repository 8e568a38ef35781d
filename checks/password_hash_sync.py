"""Password hashes are synchronized, where they are: a stale hash lets the old password in."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.engine_facts import PASSWORD_SYNC
from checks.facts import ORGANIZATION, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

HOUR = 3600

WARNING_HOURS = threshold(
    "password_hash_sync",
    "warning_hours",
    3,
    unit="hours",
    at_most=720,
    purpose="Age of the last password hash sync from which it is late.",
    under="critical_hours",
)
CRITICAL_HOURS = threshold(
    "password_hash_sync",
    "critical_hours",
    24,
    unit="hours",
    at_most=720,
    purpose="Age of the last password hash sync from which it counts as stopped.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the age of `organization.onPremisesLastPasswordSyncDateTime`, which only beta has.

    | last password hash sync                | verdict                         |
    |----------------------------------------|---------------------------------|
    | at most 3 h ago                        | healthy `hashes_fresh`          |
    | more than 3 h, at most 24 h ago        | warning `hashes_late`           |
    | more than 24 h ago                     | critical `hashes_stopped`       |
    | none is told                           | not applicable `not_used`       |
    | the tenant is not synced               | not applicable `not_synced`     |

    A heartbeat is due every 30 minutes and Microsoft's own diagnosis fails after 3 h without one;
    how often this time moves when nobody changes a password is not documented.
    https://learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-password-hash-synchronization
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    known = facts.need(PASSWORD_SYNC)
    last = known.value.on_premises_last_password_sync_date_time
    if last is None:
        return CHECK.verdict("not_used", as_of=known.as_of)
    # A source clock ahead of ours is not a sync in the future.
    age = max(0.0, (now - last).total_seconds())
    warning, critical = settings[WARNING_HOURS] * HOUR, settings[CRITICAL_HOURS] * HOUR
    return CHECK.verdict(
        "hashes_stopped" if age > critical else "hashes_late" if age > warning else "hashes_fresh",
        params={"age_seconds": age, "last_at": last.isoformat()},
        metrics={"password_sync_age": Metric(age, "seconds")},
        evidence=(
            Evidence(
                "organization.onPremisesLastPasswordSyncDateTime",
                last.isoformat(),
                f"{settings[WARNING_HOURS]:g} h / {settings[CRITICAL_HOURS]:g} h",
            ),
        ),
        as_of=known.as_of,
    )


CHECK = Check(
    id="password_hash_sync",
    problems=("A3a",),
    needs=(ORGANIZATION, PASSWORD_SYNC),
    thresholds=(WARNING_HOURS, CRITICAL_HOURS),
    codes={
        "hashes_fresh": State.HEALTHY,
        "hashes_late": State.WARNING,
        "hashes_stopped": State.CRITICAL,
        "not_used": State.NOT_APPLICABLE,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/hybrid/connect/tshoot-connect-password-hash-synchronization",
    evaluate=evaluate,
)
