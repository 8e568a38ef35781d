"""SSPR is switched on: how many members are in its scope, and whether that changed suddenly."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.check import LEARN, Check
from checks.facts import REGISTRATION, Facts
from checks.fresh_report import REPORT_HOURS, UNUSABLE, from_report, unusable
from checks.registration_report import Registration
from shared.model import Metric, State, Verdict
from shared.settings import Settings, threshold

MEMORY = timedelta(days=7)

CHANGE_PERCENT = threshold(
    "sspr_enabled",
    "change_percent",
    10,
    unit="percent",
    at_most=100,
    purpose="Change of the scope within 7 days above which it is a sudden one.",
)
CHANGE_MEMBERS = threshold(
    "sspr_enabled",
    "change_members",
    5,
    unit="members",
    purpose="Members below which a change of the scope is too small to tell.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge how many members are enabled for SSPR, against the reports of the last 7 days.

    | members enabled for SSPR                                | verdict                       |
    |---------------------------------------------------------|-------------------------------|
    | some, about as many as before                           | healthy `scope_steady`        |
    | over 10 % and at least 5 more than the least of before  | healthy `scope_widened`       |
    | over 10 % and at least 5 fewer than the most of before  | warning `scope_dropped`       |
    | administrators only, though there are users             | critical `only_administrators`|
    | none                                                    | critical `nobody_enabled`     |
    | newest row more than 48 h old, or undated               | unknown `report_stale`        |
    | the report is empty                                     | unknown `report_empty`        |

    The policy itself (none, selected, all) has no resource in Graph; this is its effect. SSPR of
    administrators is on by default and has its own switch, so it does not prove that users have it.
    Users and administrators are compared together: whoever gets a role leaves one for the other.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy
    """
    known = facts.need(REGISTRATION)
    if verdict := unusable(CHECK, known, settings, now):
        return verdict
    report = known.value
    users, administrators = report.users, report.administrators
    enabled = users.enabled + administrators.enabled
    before = [past.users + past.administrators for past in report.past if now - past.at <= MEMORY]
    most, least = max(before, default=enabled), min(before, default=enabled)
    idle = users.registered + administrators.registered - users.capable - administrators.capable
    return CHECK.verdict(
        _code(report, enabled, most, least, settings),
        params={
            "enabled": enabled,
            "members": users.members + administrators.members,
            "most": most,
            "least": least,
        },
        metrics={"enabled": Metric(enabled, "users")},
        evidence=(
            from_report("isSsprEnabled", users.enabled),
            from_report("isSsprEnabled and isAdmin", administrators.enabled),
            from_report("isSsprEnabled (most in 7 days)", most),
            from_report("isSsprEnabled (least in 7 days)", least),
            from_report("isSsprRegistered and not isSsprEnabled", idle),
        ),
        as_of=report.newest_at,
    )


def _code(report: Registration, enabled: int, most: int, least: int, settings: Settings) -> str:
    if not enabled:
        return "nobody_enabled"
    if report.users.members and not report.users.enabled:
        return "only_administrators"
    if _is_sudden(most - enabled, most, settings):
        return "scope_dropped"
    return "scope_widened" if _is_sudden(enabled - least, least, settings) else "scope_steady"


def _is_sudden(change: int, before: int, settings: Settings) -> bool:
    """Relative and absolute: in a small tenant one person is more than 10 %."""
    relative = change * 100 > settings[CHANGE_PERCENT] * before
    return relative and change >= settings[CHANGE_MEMBERS]


CHECK = Check(
    id="sspr_enabled",
    problems=("B1", "B3"),
    needs=(REGISTRATION,),
    thresholds=(CHANGE_PERCENT, CHANGE_MEMBERS, REPORT_HOURS),
    codes={
        "scope_steady": State.HEALTHY,
        "scope_widened": State.HEALTHY,
        "scope_dropped": State.WARNING,
        "only_administrators": State.CRITICAL,
        "nobody_enabled": State.CRITICAL,
        **UNUSABLE,
    },
    link=f"{LEARN}/authentication/tutorial-enable-sspr",
    evaluate=evaluate,
)
