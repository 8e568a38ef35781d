from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.schedule import next_slot, parse_schedule, slot_of

QUARTERS = "0 */15 * * * *"


def at(text):
    return datetime.fromisoformat(f"2026-11-21T{text}+00:00")


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("10:00:00", "10:00:00"),
        ("09:59:58", "10:00:00"),
        ("09:59:57", "09:45:00"),
        ("10:14:57", "10:00:00"),
        ("10:00:00.070", "10:00:00"),
    ],
    ids=["on time", "a little early", "too early", "late", "doubled 70 ms later"],
)
def test_a_run_belongs_to_the_slot_that_is_due(now, slot):
    assert slot_of(QUARTERS, at(now)) == at(slot)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 - UTC is added
def test_a_slot_is_its_own_slot_and_at_most_one_interval_old(moment):
    now = moment.replace(tzinfo=UTC)
    slot = slot_of(QUARTERS, now)
    assert slot_of(QUARTERS, slot) == slot
    assert timedelta(seconds=-2) <= now - slot < timedelta(minutes=15)
    assert next_slot(QUARTERS, slot) - slot == timedelta(minutes=15)


@pytest.mark.parametrize(
    "schedule",
    [QUARTERS, "*/15 * * * *", "0  0 9 * * MON-FRI", "0 30 4,16 * JAN-MAR *", "0 0 0 1 JUL *"],
)
def test_a_schedule_is_accepted(schedule):
    assert parse_schedule(schedule) == " ".join(schedule.split())


@pytest.mark.parametrize(
    "schedule",
    [
        "", "often", "0 * *", "0 61 * * * *", "*/30 * * * * *", "* */15 * * * *", "0 0 0 31 2 *",
        "0 0 0 L * *", "0 0 0 * * 5L", "0 0 0 1 * 1#2", "0 0 0 LW * *", "00:15:00",
    ],
)  # fmt: skip
def test_what_the_host_does_not_know_is_refused(schedule):
    with pytest.raises(ValueError, match=r".+"):
        parse_schedule(schedule)
