"""Directory synchronization is fresh: a sync that stopped hides every reset behind it."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import ORGANIZATION, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

CYCLE_SECONDS = 30 * 60
HOUR = 3600

WARNING_HOURS = threshold(
    "directory_sync",
    "warning_hours",
    2,
    unit="hours",
    at_most=720,
    purpose="Age of the last directory sync from which it is late.",
    under="critical_hours",
)
CRITICAL_HOURS = threshold(
    "directory_sync",
    "critical_hours",
    24,
    unit="hours",
    at_most=720,
    purpose="Age of the last directory sync from which it counts as stopped.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the age of `organization.onPremisesLastSyncDateTime`.

    | last sync                              | verdict                         |
    |----------------------------------------|---------------------------------|
    | at most 2 h ago                        | healthy `sync_fresh`            |
    | more than 2 h, at most 24 h ago        | warning `sync_late`             |
    | more than 24 h ago                     | critical `sync_stopped`         |
    | more than 3 days ago                   | critical `sync_stopped_days`    |
    | more than 7 days ago                   | critical `sync_stopped_week`    |
    | sync on, but no time is told           | unknown `sync_time_missing`     |
    | sync was turned off                    | not applicable `sync_turned_off`|
    | the tenant was never synced            | not applicable `cloud_only`     |

    Microsoft mails after 24 h without a sync and shows a warning after 3 days; after 7 days a full
    sync is needed. https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler
    """
    organization = facts.need(ORGANIZATION)
    tenant = organization.value
    if not tenant.hybrid:
        never = tenant.on_premises_sync_enabled is None
        return CHECK.verdict("cloud_only" if never else "sync_turned_off", as_of=organization.as_of)
    last = tenant.on_premises_last_sync_date_time
    if last is None:
        return CHECK.verdict("sync_time_missing", as_of=organization.as_of)
    # A source clock ahead of ours is not a sync in the future.
    age = max(0.0, (now - last).total_seconds())
    warning, critical = settings[WARNING_HOURS] * HOUR, settings[CRITICAL_HOURS] * HOUR
    if age > critical:
        code = "sync_stopped"
        code += "_week" if age > 7 * 24 * HOUR else "_days" if age > 3 * 24 * HOUR else ""
    else:
        code = "sync_late" if age > warning else "sync_fresh"
    return CHECK.verdict(
        code,
        params={
            "age_seconds": age,
            "last_at": last.isoformat(),
            "limit_seconds": critical if age > critical else warning,
            "cycles": int(age // CYCLE_SECONDS),
        },
        metrics={"sync_age": Metric(age, "seconds")},
        evidence=(
            Evidence(
                "organization.onPremisesLastSyncDateTime",
                last.isoformat(),
                f"{settings[WARNING_HOURS]:g} h / {settings[CRITICAL_HOURS]:g} h",
            ),
        ),
        as_of=organization.as_of,
    )


CHECK = Check(
    id="directory_sync",
    problems=("A3a", "A3b"),
    needs=(ORGANIZATION,),
    thresholds=(WARNING_HOURS, CRITICAL_HOURS),
    codes={
        "sync_fresh": State.HEALTHY,
        "sync_late": State.WARNING,
        "sync_stopped": State.CRITICAL,
        "sync_stopped_days": State.CRITICAL,
        "sync_stopped_week": State.CRITICAL,
        "sync_time_missing": State.UNKNOWN,
        "sync_turned_off": State.NOT_APPLICABLE,
        "cloud_only": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/hybrid/connect/tshoot-connect-connectivity",
    evaluate=evaluate,
)
