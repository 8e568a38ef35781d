"""When a timer function runs and what it is told: NCRONTAB in UTC, read as Azure reads it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from azure.functions.timer import TimerRequest
from cronsim import CronSim, CronSimError

# Numbers, names and * , - / only. cronsim also knows L and #, which the host refuses:
# https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
_FIELD = re.compile(r"(?:[\d*,/-]|[a-z]{3,})+", re.IGNORECASE)
# After a laptop's sleep the wall clock has moved, the monotonic one behind asyncio.sleep has not.
_LONGEST_SLEEP = 30.0


class ScheduleError(ValueError):
    """The schedule cannot be used; the text names it and says why."""


class Schedule:
    """An NCRONTAB expression of six fields, seconds first, or of five, at second 0."""

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if len(fields) == 5:
            fields = ["0", *fields]
        if len(fields) != 6 or not all(_FIELD.fullmatch(field) for field in fields):
            raise ScheduleError(f"{expression!r} is not an NCRONTAB expression")
        self.expression = " ".join(fields)
        self.after(datetime.now(UTC))

    def after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment`."""
        try:
            occurrences = CronSim(self.expression, moment)
        except CronSimError as error:
            raise ScheduleError(f"{self.expression!r}: {error}") from None
        # Cron is content with either of day and weekday, NCRONTAB wants both:
        # https://github.com/atifaziz/NCrontab/wiki/Crontab-Expression
        occurrences.day_and = True
        found = next(occurrences, None)
        if found is None:
            raise ScheduleError(f"{self.expression!r} never occurs")
        return found


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """Puts the values of settings in place of their `%NAME%`."""

    def value(token: re.Match[str]) -> str:
        if not settings.get(token[1]):
            raise ScheduleError(f"the setting {token[1]} is not set")
        return settings[token[1]]

    return re.sub("%([^%]+)%", value, text)


@dataclass(frozen=True)
class Status:
    """What the host remembers of a timer from one run to the next."""

    schedule: str
    last: datetime
    next: datetime
    updated: datetime


class Memory:
    """Keeps a timer's status in a file, so that a missed run is noticed at the next start."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def recall(self) -> Status | None:
        if not self.path.exists():
            return None
        return msgspec.json.decode(self.path.read_bytes(), type=Status)

    def keep(self, status: Status) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(status))
        draft.replace(self.path)


def request(status: Status, *, past_due: bool, monitored: bool) -> TimerRequest:
    """What the function is given. `Next` is the slot it runs for, not the one after it."""
    told = {"Last": status.last, "Next": status.next, "LastUpdated": status.updated}
    return TimerRequest(
        past_due=past_due,
        schedule_status={k: v.isoformat() for k, v in told.items()} if monitored else {},
        schedule={"AdjustForDST": True},
    )


def begin(schedule: Schedule, recalled: Status | None, now: datetime) -> Status:
    """Where a starting host takes up. A `next` in the past is a missed run.

    What was missed under another schedule is forgotten, and a first start does not run at once.
    """
    if recalled and recalled.schedule == schedule.expression:
        return recalled
    never = datetime(1, 1, 1, tzinfo=UTC)
    return Status(schedule.expression, last=never, next=schedule.after(now), updated=now)


async def keep_time(
    schedule: Schedule,
    fire: Callable[[TimerRequest], Awaitable[object]],
    memory: Memory,
    *,
    monitored: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Fires at every occurrence, one run at a time, until cancelled.

    One missed run is made up for: at the start as past due, after an overrun as an ordinary one.
    """
    soon = schedule.after(clock())
    # The host does not monitor what runs more often than once a minute.
    monitored = monitored and schedule.after(soon) - soon >= timedelta(minutes=1)
    status = begin(schedule, memory.recall() if monitored else None, clock())
    past_due = status.next < clock()
    while True:
        if monitored:
            memory.keep(status)
        while (wait := (status.next - clock()).total_seconds()) > 0:
            await sleep(min(wait, _LONGEST_SLEEP))
        started = clock()
        await fire(request(status, past_due=past_due, monitored=monitored))
        status = Status(schedule.expression, started, schedule.after(started), clock())
        past_due = False
