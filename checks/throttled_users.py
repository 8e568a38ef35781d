"""Nobody is blocked from SSPR for trying too often."""

from __future__ import annotations

from datetime import datetime

from checks.attempts import Kind
from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

CRITICAL_USERS = threshold(
    "throttled_users",
    "critical_users",
    5,
    unit="users",
    purpose="Users blocked in 24 hours from which it is critical.",
)

BURST = 3
BURST_SECONDS = 3600


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge `Blocked from self-service password reset` of the last 24 hours.

    | users blocked in 24 h                    | verdict                            |
    |------------------------------------------|------------------------------------|
    | none                                     | healthy `nobody_blocked`           |
    | 1 to 4                                   | warning `some_blocked`             |
    | 5 or more, or 3 within an hour           | critical `many_blocked`            |
    | the first look-back is not through yet   | unknown `still_reading`            |

    A block lasts 24 hours, so one row is one user. Five failed proofs of identity cause it.
    https://learn.microsoft.com/entra/identity/authentication/passwords-faq
    """
    trail = facts.need(AUDIT_TRAIL).value
    if not trail.complete:
        return CHECK.verdict(
            "still_reading",
            params={"read_until_at": trail.read_until.isoformat()},
            as_of=trail.read_until,
        )
    blocked = trail.attempts.settled(Kind.BLOCKED, now, hours=24, lag_seconds=0)
    burst = any(
        later.at - earlier.at <= BURST_SECONDS
        for earlier, later in zip(blocked, blocked[BURST - 1 :], strict=False)
    )
    many = len(blocked) >= settings[CRITICAL_USERS] or burst
    code = "nobody_blocked" if not blocked else "many_blocked" if many else "some_blocked"
    return CHECK.verdict(
        code,
        params={"users": len(blocked)},
        metrics={"blocked": Metric(len(blocked), "users")},
        evidence=(
            Evidence(
                "directoryAudits: Blocked from self-service password reset",
                len(blocked),
                settings[CRITICAL_USERS],
            ),
        ),
        as_of=trail.read_until,
    )


CHECK = Check(
    id="throttled_users",
    problems=("B4", "B5"),
    needs=(AUDIT_TRAIL,),
    thresholds=(CRITICAL_USERS,),
    codes={
        "nobody_blocked": State.HEALTHY,
        "some_blocked": State.WARNING,
        "many_blocked": State.CRITICAL,
        "still_reading": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/troubleshoot-sspr",
    evaluate=evaluate,
)
