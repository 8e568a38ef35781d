"""What the checks of the registration report have in common: an old report proves nothing."""

from __future__ import annotations

from datetime import datetime

from checks.check import Check
from checks.registration_report import Registration
from shared.model import Evidence, Known, State, Verdict
from shared.settings import Settings, threshold

HOUR = 3600

REPORT_HOURS = threshold(
    "registration",
    "report_hours",
    48,
    unit="hours",
    at_most=720,
    purpose="Age above which the registration report no longer counts.",
)
UNUSABLE = {"report_stale": State.UNKNOWN, "report_empty": State.UNKNOWN}


def unusable(
    check: Check, known: Known[Registration], settings: Settings, now: datetime
) -> Verdict | None:
    """The verdict when nothing can be concluded from the report; None when it can be judged."""
    report = known.value
    if report.users.members + report.administrators.members == 0:
        return check.verdict("report_empty", as_of=known.as_of)
    at, limit = report.newest_at, settings[REPORT_HOURS] * HOUR
    if at and (now - at).total_seconds() <= limit:
        return None
    return check.verdict(
        "report_stale",
        params={"limit_seconds": limit},
        evidence=(from_report("lastUpdatedDateTime", at.isoformat() if at else None),),
        as_of=at,
    )


def from_report(
    name: str, observed: str | int | None, limit: str | int | float | None = None
) -> Evidence:
    """Evidence that was counted in the report."""
    return Evidence(f"userRegistrationDetails.{name}", observed, limit)
