from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.functions.timer import TimerRequest

from local.timers import Memory, Schedule, ScheduleError, Status, begin, keep_time, resolve

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
QUARTERS = "0 */15 * * * *"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param(QUARTERS, "2026-11-21T12:15:00", id="later-than-now-never-now"),
        pytest.param("*/15 * * * *", "2026-11-21T12:15:00", id="five-fields-at-second-0"),
        pytest.param("30 0 12 * * *", "2026-11-21T12:00:30", id="seconds-come-first"),
        pytest.param("0 0 6 * * Mon-Fri", "2026-11-23T06:00:00", id="names-and-ranges"),
        pytest.param("0 0 0 1 * 1", "2027-02-01T00:00:00", id="day-and-weekday-both-hold"),
        pytest.param("0 0 0 29 2 *", "2028-02-29T00:00:00", id="leap-day"),
    ],
)
def test_the_next_occurrence(expression: str, expected: str) -> None:
    assert Schedule(expression).after(NOON) == at(expected)


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "0 0 0 L * *", "0 0 0 * * 1#2", "00:15:00", "0 61 * * * *", "0 0 0 31 2 *"],
)
def test_what_azure_would_refuse_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule(expression)


def test_settings_fill_a_schedule_and_a_missing_one_is_named() -> None:
    assert resolve("0 %EVERY% * * * *", {"EVERY": "*/5"}) == "0 */5 * * * *"
    with pytest.raises(ScheduleError, match="EVERY is not set"):
        resolve("%EVERY%", {})


class EnoughError(Exception):
    pass


class Day:
    """A clock that only sleeping and running move, and what ran by it."""

    def __init__(self, start: datetime, *durations: timedelta) -> None:
        self.now, self.durations = start, list(durations)
        self.runs: list[tuple[datetime, TimerRequest]] = []

    def clock(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def fire(self, request: TimerRequest) -> None:
        self.runs.append((self.now, request))
        if not self.durations:
            raise EnoughError
        self.now += self.durations.pop(0)


async def run(day: Day, memory: Memory, expression: str = QUARTERS) -> list[str]:
    with pytest.raises(EnoughError):
        await keep_time(Schedule(expression), day.fire, memory, clock=day.clock, sleep=day.sleep)
    return [f"{moment:%H:%M:%S}{' late' * request.past_due}" for moment, request in day.runs]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "timers" / "run.json")


async def test_a_first_start_waits_for_its_slot(memory: Memory) -> None:
    minute = timedelta(minutes=1)
    assert await run(Day(NOON, minute, minute), memory) == ["12:15:00", "12:30:00", "12:45:00"]


async def test_an_overrun_is_caught_up_with_once_and_never_overlaps(memory: Memory) -> None:
    day = Day(NOON, timedelta(minutes=40), timedelta(minutes=1))
    assert await run(day, memory) == ["12:15:00", "12:55:00", "13:00:00"]


async def test_the_status_names_the_slot_that_is_being_run(memory: Memory) -> None:
    day = Day(NOON, timedelta(minutes=1))
    await run(day, memory)
    _, second = day.runs[1]
    assert second.schedule_status["Next"] == "2026-11-21T12:30:00+00:00"
    assert second.schedule_status["Last"] == "2026-11-21T12:15:00+00:00"


async def test_a_missed_run_is_made_up_for_once_at_the_next_start(memory: Memory) -> None:
    await run(Day(NOON, timedelta(minutes=1)), memory)
    tomorrow = Day(NOON + timedelta(days=1), timedelta(minutes=1))
    assert await run(tomorrow, memory) == ["12:00:00 late", "12:15:00"]
    assert tomorrow.runs[0][1].schedule_status["Next"] == "2026-11-21T12:30:00+00:00"


async def test_more_often_than_a_minute_is_not_monitored(memory: Memory) -> None:
    day = Day(NOON)
    assert await run(day, memory, "*/30 * * * * *") == ["12:00:30"]
    assert day.runs[0][1].schedule_status == {}
    assert memory.recall() is None


def test_what_was_missed_under_another_schedule_is_forgotten() -> None:
    yesterday = NOON - timedelta(days=1)
    missed = Status("0 0 * * * *", yesterday, yesterday, yesterday)
    assert begin(Schedule(QUARTERS), missed, NOON).next == at("2026-11-21T12:15:00")
