"""Timer schedules (NCRONTAB) and the slots they make.

Six fields, seconds first (five without them), UTC: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

SHORTEST_INTERVAL = timedelta(minutes=1)

# Timers fire a little before their time as well as after it.
_EARLY = timedelta(seconds=2)


def _times(schedule: str, at: datetime, *, backwards: bool = False) -> Iterator[datetime]:
    return CronSim(schedule, at, reverse=backwards)


def parse_schedule(text: str) -> str:
    """Return the schedule as it came, or raise ValueError when it is none or fires too often.

    `* */15 * * * *` fires every second of a matching minute, the classic mistake:
    https://github.com/Azure/azure-functions-host/issues/10581
    """
    schedule = " ".join(text.split())
    # cronsim also knows L, LW and #, which NCRONTAB does not; months are left out for JUL.
    fields = schedule.upper().split(" ")
    if len(fields) not in (5, 6) or set("L#") & {*fields[-3], *fields[-1]}:
        raise ValueError("five or six fields of numbers, *, -, / and , are needed")
    start = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    try:
        times = list(islice(_times(schedule, start), 100))
    except (CronSimError, StopIteration) as error:
        raise ValueError(str(error)) from error
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if not gaps or min(gaps) < SHORTEST_INTERVAL:
        raise ValueError("it fires more than once a minute")
    return schedule


def slot_of(schedule: str, now: datetime) -> datetime:
    """The scheduled time that a run starting now belongs to, however late the timer is."""
    # cronsim looks strictly before the time it is given.
    reference = now + _EARLY + timedelta(seconds=1)
    return next(_times(schedule, reference.replace(microsecond=0), backwards=True))


def next_slot(schedule: str, slot: datetime) -> datetime:
    """The scheduled time after this one."""
    return next(_times(schedule, slot))


def is_stale(schedule: str, slot: datetime, now: datetime) -> bool:
    """Whether two scheduled runs have been missed since the one of this slot."""
    _, second = islice(_times(schedule, slot), 2)
    return now > second
