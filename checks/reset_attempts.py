"""People who try to reset their password get through: attempts, success, reasons, giving up."""

from __future__ import annotations

from datetime import datetime

from checks.attempts import Kind, Outcome
from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

DAYS = threshold(
    "reset_attempts",
    "days",
    7,
    unit="days",
    at_most=30,
    purpose="Days of attempts that are looked at.",
)
LEAST_ATTEMPTS = threshold(
    "reset_attempts",
    "least_attempts",
    10,
    unit="attempts",
    purpose="Finished attempts below which no rate is judged.",
)
WARNING_PERCENT = threshold(
    "reset_attempts",
    "warning_percent",
    90,
    unit="percent",
    at_most=100,
    purpose="Success rate below which it is low.",
)
CRITICAL_PERCENT = threshold(
    "reset_attempts",
    "critical_percent",
    60,
    unit="percent",
    at_most=100,
    purpose="Success rate below which it is critical.",
    under="warning_percent",
)

LAG_SECONDS = 3600

# What the user did or left is counted, but says nothing about the health of the service.
_NOT_GRADED = (Outcome.OPEN, Outcome.ABANDONED, Outcome.USER, Outcome.BLOCKED)
_REASONS = (
    Outcome.NOT_REGISTERED,
    Outcome.NOT_ENABLED,
    Outcome.NOT_LICENSED,
    Outcome.WRITEBACK_OFF,
    Outcome.ON_PREMISES,
    Outcome.UNREACHABLE,
    Outcome.CLOUD_FAILED,
    Outcome.UNCLASSIFIED,
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge which share of the finished attempts of 7 days succeeded.

    | finished attempts in 7 days              | verdict                            |
    |------------------------------------------|------------------------------------|
    | at least 90% succeeded                   | healthy `resets_succeed`           |
    | at least 60%, less than 90%              | warning `some_resets_fail`         |
    | less than 60%                            | critical `resets_fail`             |
    | fewer than 10                            | healthy `few_attempts`             |
    | none at all                              | unknown `no_traffic`               |
    | the first look-back is not through yet   | unknown `still_reading`            |

    One attempt writes many rows, which share a correlation id. Given up, mistyped and blocked ones
    are not finished and never graded, but counted; an attempt counts as given up once the log can
    no longer add to it. Nobody publishes a threshold for this rate: these are proposals.
    https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
    """
    trail = facts.need(AUDIT_TRAIL).value
    if not trail.complete:
        return CHECK.verdict(
            "still_reading",
            params={"read_until_at": trail.read_until.isoformat()},
            as_of=trail.read_until,
        )
    days = int(settings[DAYS])
    counts = trail.attempts.numbers(Kind.RESET, now, days=days, lag_seconds=LAG_SECONDS)
    total = sum(counts.values())
    if total == 0:
        return CHECK.verdict("no_traffic", params={"days": days}, as_of=trail.read_until)
    finished = total - sum(counts[outcome] for outcome in _NOT_GRADED)
    given_up = counts[Outcome.OPEN] + counts[Outcome.ABANDONED]
    rate = counts[Outcome.SUCCEEDED] / finished if finished else 0.0
    if finished < settings[LEAST_ATTEMPTS]:
        code = "few_attempts"
    elif rate * 100 < settings[CRITICAL_PERCENT]:
        code = "resets_fail"
    elif rate * 100 < settings[WARNING_PERCENT]:
        code = "some_resets_fail"
    else:
        code = "resets_succeed"
    metrics = {
        "attempts": Metric(total, "attempts"),
        "given_up": Metric(given_up / total, "ratio"),
    }
    if finished:
        metrics["success"] = Metric(rate, "ratio")
    return CHECK.verdict(
        code,
        params={
            "days": days,
            "attempts": total,
            "finished": finished,
            "succeeded": counts[Outcome.SUCCEEDED],
            "success_ratio": rate,
            "given_up_ratio": given_up / total,
            **{str(outcome): counts[outcome] for outcome in _REASONS},
        },
        metrics=metrics,
        evidence=(
            *(
                Evidence(f"directoryAudits: {outcome}", counts[outcome])
                for outcome in Outcome
                if counts[outcome]
            ),
            *(
                Evidence(f"directoryAudits: unclassified reason, {reason}", None)
                for reason in sorted(trail.attempts.unclassified)
            ),
        ),
        as_of=trail.read_until,
    )


CHECK = Check(
    id="reset_attempts",
    problems=("A4", "A6", "B5"),
    needs=(AUDIT_TRAIL,),
    thresholds=(DAYS, LEAST_ATTEMPTS, WARNING_PERCENT, CRITICAL_PERCENT),
    codes={
        "resets_succeed": State.HEALTHY,
        "few_attempts": State.HEALTHY,
        "some_resets_fail": State.WARNING,
        "resets_fail": State.CRITICAL,
        "no_traffic": State.UNKNOWN,
        "still_reading": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/troubleshoot-sspr",
    evaluate=evaluate,
)
