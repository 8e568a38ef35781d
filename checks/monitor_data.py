"""The data that the monitor judges by is fresh: the audit log moves, the report is recomputed."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, REGISTRATION, Facts
from shared.model import Evidence, Known, Metric, State, Verdict
from shared.settings import Settings, threshold

HOUR = 3600

REPORT_HOURS = threshold(
    "monitor_data",
    "report_hours",
    48,
    unit="hours",
    at_most=720,
    purpose="Age of the registration report from which it is late.",
)
QUIET_HOURS = threshold(
    "monitor_data",
    "quiet_hours",
    24 * 7,
    unit="hours",
    at_most=720,
    purpose="Hours without any audit event from which the log counts as quiet.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the age of the newest audit event and of the registration report.

    | what the checks judge by                           | verdict                          |
    |----------------------------------------------------|----------------------------------|
    | report at most 48 h old, audit events within 7 days| healthy `data_fresh`             |
    | newest row of the report older than 48 h           | warning `report_late`            |
    | audit events, but none for 7 days                  | warning `log_quiet`              |
    | no audit event of SSPR ever seen                   | unknown `log_empty`              |
    | the first look-back is not through yet             | unknown `still_reading`          |

    The report may lag 36 hours. The log may hold nothing until somebody once opened the reporting
    tab or the audit logs. https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
    """
    trail = facts.need(AUDIT_TRAIL).value
    report = facts.get(REGISTRATION)
    if not trail.complete:
        return CHECK.verdict(
            "still_reading",
            params={"read_until_at": trail.read_until.isoformat()},
            as_of=trail.read_until,
        )
    newest = trail.newest_event_at
    reported = report.value.newest_at if isinstance(report, Known) else None
    audit_age = max(0.0, (now - newest).total_seconds()) if newest else 0.0
    report_age = max(0.0, (now - reported).total_seconds()) if reported else 0.0
    if reported and report_age > settings[REPORT_HOURS] * HOUR:
        code = "report_late"
    elif newest is None:
        code = "log_empty"
    elif audit_age > settings[QUIET_HOURS] * HOUR:
        code = "log_quiet"
    else:
        code = "data_fresh"
    metrics = {}
    if newest:
        metrics["audit_age"] = Metric(audit_age, "seconds")
    if reported:
        metrics["report_age"] = Metric(report_age, "seconds")
    return CHECK.verdict(
        code,
        params={
            "audit_age_seconds": audit_age,
            "report_age_seconds": report_age,
            "read_from_at": trail.read_from.isoformat(),
        },
        metrics=metrics,
        evidence=(
            Evidence("directoryAudits.activityDateTime", newest.isoformat() if newest else None),
            Evidence(
                "userRegistrationDetails.lastUpdatedDateTime",
                reported.isoformat() if reported else None,
            ),
        ),
        as_of=trail.read_until,
    )


CHECK = Check(
    id="monitor_data",
    problems=("B5",),
    needs=(AUDIT_TRAIL, REGISTRATION),
    thresholds=(REPORT_HOURS, QUIET_HOURS),
    codes={
        "data_fresh": State.HEALTHY,
        "report_late": State.WARNING,
        "log_quiet": State.WARNING,
        "log_empty": State.UNKNOWN,
        "still_reading": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/howto-sspr-reporting",
    evaluate=evaluate,
)
