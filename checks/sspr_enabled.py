"""SSPR is switched on: how many members are in its scope, and whether that changed suddenly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from checks.check import LEARN, Check
from checks.facts import REGISTRATION, Facts, MissingFactError
from checks.fresh_report import REPORT_HOURS, UNUSABLE, from_report, unusable
from checks.registration_report import Registration
from checks.service_facts import SECURE_SCORE, SSPR_CONTROL
from shared.model import Evidence, Metric, Param, State, Unavailable, Verdict
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
SCORE_DAYS = threshold(
    "sspr_enabled",
    "score_days",
    7,
    unit="days",
    at_most=30,
    purpose="Age above which Secure Score no longer counts.",
)
SCORE_PERCENT = threshold(
    "sspr_enabled",
    "score_percent",
    10,
    unit="percent",
    at_most=100,
    purpose="Share of users in Secure Score below which they may be administrators alone.",
)
SCORE_POINTS = threshold(
    "sspr_enabled",
    "score_points",
    25,
    unit="percent",
    at_most=100,
    purpose="Percentage points between Secure Score and the report above which it is pointed out.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge how many members are enabled for SSPR, against the reports of the last 7 days.

    | members enabled for SSPR                                | verdict                       |
    |---------------------------------------------------------|-------------------------------|
    | some, about as many as before                           | healthy `scope_steady`        |
    | so it is, but Secure Score is over 25 points away       | healthy `score_differs`       |
    | over 10% and at least 5 more than the least of before   | healthy `scope_widened`       |
    | over 10% and at least 5 fewer than the most of before   | warning `scope_dropped`       |
    | administrators only, though there are users             | critical `only_administrators`|
    | none                                                    | critical `nobody_enabled`     |
    | no report to use, at least 10% by Secure Score          | healthy `enabled_by_score`    |
    | no report to use, fewer by Secure Score                 | unknown `few_by_score`        |
    | no report to use, none by Secure Score                  | warning `nobody_by_score`     |
    | newest row more than 48 h old, or undated               | unknown `report_stale`        |
    | the report is empty                                     | unknown `report_empty`        |

    The policy itself (none, selected, all) has no resource in Graph; this is its effect. SSPR of
    administrators is on by default and has its own switch, so it does not prove that users have it.
    Users and administrators are compared together: whoever gets a role leaves one for the other.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy

    Secure Score is days old and does not tell whom it counts, so it stands in for the report but
    never overrules it, and is never critical.
    """
    score = _counted(facts, settings, now)
    known = facts.get(REGISTRATION)
    if isinstance(known, Unavailable):
        if score is None:
            raise MissingFactError(REGISTRATION, known)
        return _by_score(score, known.reason, facts, settings, now)
    if verdict := unusable(CHECK, known, settings, now):
        return verdict if score is None else _by_score(score, verdict.code, facts, settings, now)
    report = known.value
    users, administrators = report.users, report.administrators
    enabled = users.enabled + administrators.enabled
    before = [past.users + past.administrators for past in report.past if now - past.at <= MEMORY]
    most, least = max(before, default=enabled), min(before, default=enabled)
    idle = users.registered + administrators.registered - users.capable - administrators.capable
    members = users.members + administrators.members
    code = _code(report, enabled, most, least, settings)
    params: dict[str, Param] = {
        "enabled": enabled,
        "members": members,
        "most": most,
        "least": least,
    }
    if code == "scope_steady" and score and _is_far(score, enabled, members, settings):
        code = "score_differs"
        params |= _params(score, now)
    return CHECK.verdict(
        code,
        params=params,
        metrics={"enabled": Metric(enabled, "users")},
        evidence=(
            from_report("isSsprEnabled", users.enabled),
            from_report("isSsprEnabled and isAdmin", administrators.enabled),
            from_report("isSsprEnabled (most in 7 days)", most),
            from_report("isSsprEnabled (least in 7 days)", least),
            from_report("isSsprRegistered and not isSsprEnabled", idle),
            *_from_score(facts),
        ),
        as_of=report.newest_at,
    )


@dataclass(frozen=True, slots=True)
class _Count:
    """What Secure Score counted: `enabled` of at least one user."""

    enabled: int
    total: int
    at: datetime


def _counted(facts: Facts, settings: Settings, now: datetime) -> _Count | None:
    """Secure Score, when it was read, says something and is not too old."""
    known = facts.get(SECURE_SCORE)
    if isinstance(known, Unavailable):
        return None
    counted, at = known.value.counted, known.value.as_of
    if counted is None or at is None or now - at > timedelta(days=settings[SCORE_DAYS]):
        return None
    return _Count(*counted, at)


def _by_score(score: _Count, why: str, facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """The verdict in place of the report, and why that cannot be used.

    Nothing to plot: the number of another population would look like a change of the scope.
    """
    if not score.enabled:
        code = "nobody_by_score"
    else:
        few = score.enabled * 100 < settings[SCORE_PERCENT] * score.total
        code = "few_by_score" if few else "enabled_by_score"
    return CHECK.verdict(
        code,
        params=_params(score, now),
        evidence=(Evidence(REGISTRATION.source, why), *_from_score(facts)),
        as_of=score.at,
    )


def _params(score: _Count, now: datetime) -> dict[str, Param]:
    return {
        "score_enabled": score.enabled,
        "score_total": score.total,
        "score_age_seconds": max(0.0, (now - score.at).total_seconds()),
    }


def _from_score(facts: Facts) -> tuple[Evidence, ...]:
    """What Secure Score says, old or not; nothing where it could not be read."""
    known = facts.get(SECURE_SCORE)
    if isinstance(known, Unavailable):
        return ()
    score, control = known.value, f"secureScores.{SSPR_CONTROL}"
    at = score.synced_at
    return (
        Evidence(f"{control}.count", score.enabled, score.total),
        Evidence(f"{control}.lastSynced", at.isoformat() if at else None),
    )


def _is_far(score: _Count, enabled: int, members: int, settings: Settings) -> bool:
    """Shares are compared, as the two count other people; of a few members nothing is said."""
    distance = abs(enabled * score.total - score.enabled * members)
    relative = distance * 100 > settings[SCORE_POINTS] * members * score.total
    return relative and distance >= settings[CHANGE_MEMBERS] * score.total


def _code(report: Registration, enabled: int, most: int, least: int, settings: Settings) -> str:
    if not enabled:
        return "nobody_enabled"
    if report.users.members and not report.users.enabled:
        return "only_administrators"
    if _is_sudden(most - enabled, most, settings):
        return "scope_dropped"
    return "scope_widened" if _is_sudden(enabled - least, least, settings) else "scope_steady"


def _is_sudden(change: int, before: int, settings: Settings) -> bool:
    """Relative and absolute: in a small tenant one person is more than 10%."""
    relative = change * 100 > settings[CHANGE_PERCENT] * before
    return relative and change >= settings[CHANGE_MEMBERS]


CHECK = Check(
    id="sspr_enabled",
    problems=("B1", "B3"),
    needs=(REGISTRATION, SECURE_SCORE),
    thresholds=(
        CHANGE_PERCENT,
        CHANGE_MEMBERS,
        REPORT_HOURS,
        SCORE_DAYS,
        SCORE_PERCENT,
        SCORE_POINTS,
    ),
    codes={
        "scope_steady": State.HEALTHY,
        "score_differs": State.HEALTHY,
        "scope_widened": State.HEALTHY,
        "scope_dropped": State.WARNING,
        "only_administrators": State.CRITICAL,
        "nobody_enabled": State.CRITICAL,
        "enabled_by_score": State.HEALTHY,
        "few_by_score": State.UNKNOWN,
        "nobody_by_score": State.WARNING,
        **UNUSABLE,
    },
    link=f"{LEARN}/authentication/tutorial-enable-sspr",
    evaluate=evaluate,
)
