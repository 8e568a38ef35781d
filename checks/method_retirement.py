"""Who can reset today only by methods that Microsoft is about to retire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from checks.check import LEARN, Check
from checks.dates import (
    PHONE_RETIREMENT,
    PHONE_RETIREMENT_GLOBAL_ADMINISTRATORS,
    QUESTIONS_RETIREMENT,
)
from checks.facts import REGISTRATION, Facts
from checks.fresh_report import REPORT_HOURS, UNUSABLE, from_report, unusable
from shared.model import Evidence, Metric, Param, State, Verdict
from shared.settings import DECLARED_TELEPHONY, Settings, threshold

CRITICAL_DAYS = threshold(
    "method_retirement",
    "critical_days",
    60,
    unit="days",
    at_most=730,
    purpose="Days before a retirement from which it is critical that somebody depends on it.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the earliest retirement that takes SSPR away from a member who is capable of it today.

    | capable members who depend on a retiring method      | verdict                          |
    |------------------------------------------------------|----------------------------------|
    | none                                                 | healthy `methods_last`           |
    | phones only, and a telephony provider was declared   | healthy `phones_declared`        |
    | some, and the earliest date is more than 60 days off | warning `retirement_ahead`       |
    | some, and it is 60 days off or less                  | critical `retirement_close`      |
    | some, and it has passed                              | critical `retirement_past`       |
    | no member is capable                                 | not applicable `nobody_capable`  |
    | newest row more than 48 h old, or undated            | unknown `report_stale`           |
    | the report is empty                                  | unknown `report_empty`           |

    Calls and texts end on 1 February 2027, security questions in March 2027. Global Administrators
    keep calls and texts until 1 July 2027, but the report does not tell them from other
    administrators, who do not: all of them count from the earlier date.
    https://learn.microsoft.com/entra/identity/authentication/concept-sms-voice-retirement
    """
    known = facts.need(REGISTRATION)
    if verdict := unusable(CHECK, known, settings, now):
        return verdict
    report = known.value
    users, administrators = report.users, report.administrators
    capable = users.capable + administrators.capable
    if not capable:
        return CHECK.verdict("nobody_capable", as_of=report.newest_at)
    # Questions never count for administrators, so what they have beside them are phones.
    phones = users.phone_only + administrators.phone_only + administrators.questions_only
    questions = users.questions_only
    telephony = settings[DECLARED_TELEPHONY]
    losing_phones = 0 if telephony is not None and telephony.on else phones
    params: dict[str, Param] = {
        "capable": capable,
        "affected": losing_phones + questions,
        "affected_ratio": (losing_phones + questions) / capable,
        "phones": losing_phones,
        "phones_at": PHONE_RETIREMENT.isoformat(),
        "global_administrators_at": PHONE_RETIREMENT_GLOBAL_ADMINISTRATORS.isoformat(),
        "questions": questions,
        "questions_at": QUESTIONS_RETIREMENT.isoformat(),
    }
    evidence = [
        from_report("methodsRegistered (phones only)", phones, PHONE_RETIREMENT.isoformat()),
        from_report(
            "methodsRegistered (security questions only, or with phones)",
            questions,
            QUESTIONS_RETIREMENT.isoformat(),
        ),
    ]
    if telephony is not None:
        params |= {"declared_phones": phones, "declared_at": telephony.at.isoformat()}
        evidence.append(Evidence(DECLARED_TELEPHONY.name, telephony.on))
    first = _first([(PHONE_RETIREMENT, losing_phones), (QUESTIONS_RETIREMENT, questions)])
    if first is None:
        code = "phones_declared" if phones else "methods_last"
    else:
        left = datetime.combine(first, time(), UTC) - now
        code = _code(left, timedelta(days=settings[CRITICAL_DAYS]))
        params |= {"first_at": first.isoformat(), "left_seconds": max(0.0, left.total_seconds())}
    return CHECK.verdict(
        code,
        params=params,
        metrics={
            "phones_only": Metric(phones, "users"),
            "questions_only": Metric(questions, "users"),
        },
        evidence=tuple(evidence),
        as_of=report.newest_at,
    )


def _first(retirements: Iterable[tuple[date, int]]) -> date | None:
    """The earliest date that touches anybody."""
    return min((day for day, members in retirements if members), default=None)


def _code(left: timedelta, close: timedelta) -> str:
    if left <= timedelta(0):
        return "retirement_past"
    return "retirement_close" if left <= close else "retirement_ahead"


CHECK = Check(
    id="method_retirement",
    problems=("A4",),
    needs=(REGISTRATION,),
    thresholds=(CRITICAL_DAYS, REPORT_HOURS),
    codes={
        "methods_last": State.HEALTHY,
        "phones_declared": State.HEALTHY,
        "retirement_ahead": State.WARNING,
        "retirement_close": State.CRITICAL,
        "retirement_past": State.CRITICAL,
        "nobody_capable": State.NOT_APPLICABLE,
        **UNUSABLE,
    },
    link=f"{LEARN}/authentication/concept-sms-voice-retirement",
    evaluate=evaluate,
)
