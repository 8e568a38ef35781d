"""Attempts to write a password back succeed: only what the service caused is graded."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from checks.attempts import SERVICE_FAILURES, Attempt, Kind, Outcome
from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, ORGANIZATION, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

HOURS = threshold(
    "writeback_attempts",
    "hours",
    24,
    unit="hours",
    at_most=24,
    purpose="Hours of attempts that are looked at.",
)
CRITICAL_PERCENT = threshold(
    "writeback_attempts",
    "critical_percent",
    20,
    unit="percent",
    at_most=100,
    purpose="Share of failed attempts from which it is critical.",
)
LEAST_ATTEMPTS = threshold(
    "writeback_attempts",
    "least_attempts",
    5,
    unit="attempts",
    purpose="Attempts below which the share says nothing.",
)

BURST = 3
BURST_SECONDS = 3600
LAG_SECONDS = 3600

_KINDS = (Kind.RESET, Kind.CHANGE, Kind.UNLOCK, Kind.BY_ADMIN)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge attempts of the last 24 h that succeeded, or failed for a cause of the service.

    | attempts in 24 h                                        | verdict                         |
    |---------------------------------------------------------|---------------------------------|
    | none failed                                             | healthy `attempts_succeed`      |
    | 3 failed within an hour                                 | critical `attempts_fail`        |
    | at least 20% of at least 5 failed                       | critical `attempts_fail`        |
    | the last 3 all failed                                   | critical `attempts_fail`        |
    | some failed otherwise                                   | warning `some_attempts_fail`    |
    | nobody tried                                            | unknown `no_traffic`            |
    | the first look-back is not through yet                  | unknown `still_reading`         |
    | the tenant is not synced                                | not applicable `not_synced`     |

    A failure is a connection or an error on-premises, or a password that reached the directory but
    not the cloud (logged as a success). Weak or wrong passwords are the user's and only counted.
    Attempts stand for users here: no user's id is kept to tell two attempts of one from two users'.
    https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr-writeback
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    trail = facts.need(AUDIT_TRAIL).value
    if not trail.complete:
        return CHECK.verdict(
            "still_reading",
            params={"read_until_at": trail.read_until.isoformat()},
            as_of=trail.read_until,
        )
    hours = settings[HOURS]
    attempts = sorted(
        (
            attempt
            for kind in _KINDS
            for attempt in trail.attempts.settled(kind, now, hours=hours, lag_seconds=LAG_SECONDS)
            if attempt.outcome is Outcome.SUCCEEDED or attempt.outcome in SERVICE_FAILURES
        ),
        key=lambda attempt: attempt.at,
    )
    failures = [attempt for attempt in attempts if attempt.outcome in SERVICE_FAILURES]
    if not attempts:
        return CHECK.verdict("no_traffic", params={"hours": int(hours)}, as_of=trail.read_until)
    share = len(failures) / len(attempts)
    failing = (
        _burst(failures)
        or _last_all_failed(attempts)
        or (len(attempts) >= settings[LEAST_ATTEMPTS] and share * 100 >= settings[CRITICAL_PERCENT])
    )
    code = "attempts_fail" if failing else "some_attempts_fail"
    reasons = Counter(attempt.outcome for attempt in failures)
    return CHECK.verdict(
        code if failures else "attempts_succeed",
        params={
            "hours": int(hours),
            "attempts": len(attempts),
            "failures": len(failures),
            "failed_ratio": share,
            "unreachable": reasons[Outcome.UNREACHABLE],
            "on_premises": reasons[Outcome.ON_PREMISES],
            "cloud_failed": reasons[Outcome.CLOUD_FAILED],
        },
        metrics={
            "attempts": Metric(len(attempts), "attempts"),
            "failed": Metric(share, "ratio"),
        },
        evidence=(
            Evidence("directoryAudits: attempts", len(attempts)),
            *(
                Evidence(f"directoryAudits: {outcome}", number, 0)
                for outcome, number in sorted(reasons.items())
            ),
        ),
        as_of=trail.read_until,
    )


def _burst(failures: list[Attempt]) -> bool:
    """Three failures within an hour."""
    return any(
        later.at - earlier.at <= BURST_SECONDS
        for earlier, later in zip(failures, failures[BURST - 1 :], strict=False)
    )


def _last_all_failed(attempts: list[Attempt]) -> bool:
    last = attempts[-BURST:]
    return len(last) == BURST and all(attempt.outcome in SERVICE_FAILURES for attempt in last)


CHECK = Check(
    id="writeback_attempts",
    problems=("A1", "A3b"),
    needs=(ORGANIZATION, AUDIT_TRAIL),
    thresholds=(HOURS, CRITICAL_PERCENT, LEAST_ATTEMPTS),
    codes={
        "attempts_succeed": State.HEALTHY,
        "some_attempts_fail": State.WARNING,
        "attempts_fail": State.CRITICAL,
        "no_traffic": State.UNKNOWN,
        "still_reading": State.UNKNOWN,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/authentication/troubleshoot-sspr-writeback",
    evaluate=evaluate,
)
