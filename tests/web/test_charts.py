from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import State
from shared.trend import Period, Series
from shared.web.charts import (
    HEIGHT,
    MOST_BARS,
    MOST_RUNS,
    MOST_TICKS,
    STEP,
    Point,
    few,
    line,
    plot,
    strip,
    ticks,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def periods(*states: State | None) -> list[Period]:
    """An hour of each."""
    return [
        Period(START + n * HOUR, START + (n + 1) * HOUR, {state: 3600.0} if state else {})
        for n, state in enumerate(states)
    ]


def points(*values: float | None) -> list[Point | None]:
    return [None if value is None else Point(value, value, value) for value in values]


def told(period: Period, state: State | None) -> str:
    return f"{state or 'gap'} of {period.length / 3600:g} h"


def test_neighbours_in_the_same_state_are_one_bar():
    found = strip(
        periods(State.HEALTHY, State.HEALTHY, None, State.CRITICAL, State.HEALTHY), told, "all"
    )
    assert [(bar.state, bar.spans, bar.told) for bar in found.bars] == [
        (State.HEALTHY, [(0, 2)], "healthy of 2 h"),
        (None, [(2, 1)], "gap of 1 h"),
        (State.CRITICAL, [(3, 1)], "critical of 1 h"),
        (State.HEALTHY, [(4, 1)], "healthy of 1 h"),
    ]
    assert (found.length, found.label) == (5, "all")


def test_a_state_that_flaps_is_one_bar_for_each_state():
    found = strip(periods(*(State.HEALTHY, State.WARNING) * MOST_RUNS), told, "all")
    assert [bar.state for bar in found.bars] == [State.HEALTHY, State.WARNING]
    assert found.bars[1].spans == [(n, 1) for n in range(1, 2 * MOST_RUNS, 2)]


@pytest.mark.parametrize(
    ("number", "bars"), [(1, 1), (91, 91), (92, 46), (365, 73)], ids=lambda n: str(n)
)
def test_more_periods_than_bars_are_put_together(number, bars):
    found = few(periods(*[State.HEALTHY] * number))
    assert len(found) == bars <= MOST_BARS
    assert (found[0].start, found[-1].end) == (START, START + number * HOUR)
    assert sum(period.seconds[State.HEALTHY] for period in found) == number * 3600


def test_runs_within_a_bar_become_its_least_mean_and_most():
    runs = periods(*[State.HEALTHY] * 4)
    bars = [Period(START, START + 3 * HOUR, {}), Period(START + 3 * HOUR, START + 4 * HOUR, {})]
    found = line(Series("age", "seconds", [1.0, None, 5.0, None]), runs, bars)
    assert found == [Point(1.0, 3.0, 5.0), None]


def test_of_days_the_least_and_the_most_are_kept():
    days = periods(State.HEALTHY)
    assert line(Series("age", "seconds", [2.0], [1.0], [9.0]), days, days) == [Point(1, 2, 9)]


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        pytest.param([], "users", [0, 1], id="nothing"),
        pytest.param([0], "users", [0, 1], id="zero"),
        pytest.param([3], "users", [0, 1, 2, 3], id="few"),
        pytest.param([1650], "users", [0, 500, 1000, 1500, 2000], id="many"),
        pytest.param([-30, 12], "seats", [-30, -20, -10, 0, 10, 20], id="below-zero"),
        pytest.param([0.62], "ratio", [0, 0.2, 0.4, 0.6, 0.8, 1], id="ratio"),
        pytest.param([7200], "seconds", [0, 1800, 3600, 5400, 7200], id="hours"),
        pytest.param([93_600], "seconds", [n * 21_600 for n in range(6)], id="a-day"),
    ],
)
def test_ticks_are_round_and_begin_at_zero(values, unit, expected):
    assert ticks(values, unit) == expected


@given(
    st.lists(st.floats(-1e12, 1e12).map(lambda value: round(value, 3))),
    st.sampled_from(["users", "seconds", "ratio", "mystery"]),
)
def test_an_axis_holds_every_value_with_few_ticks_at_equal_distances(values, unit):
    axis = ticks(values, unit)
    assert axis[0] <= min([0, *values])
    assert axis[-1] >= max([0, *values])
    assert 2 <= len(axis) <= MOST_TICKS
    assert 0 in axis


def test_a_gap_breaks_the_line_and_is_marked():
    found = plot([points(0, 10, None, None, 5)], [0, 10], [])
    assert found.paths == [
        ("line", 0, f"M1 {HEIGHT}l2 -{HEIGHT}"),
        ("line", 0, f"M9 {HEIGHT // 2}h0"),
    ]
    assert found.gaps == [(2 * STEP, 2 * STEP)]
    assert (found.width, found.grid) == (5 * STEP, [HEIGHT, 0])


def test_where_another_line_has_a_value_is_no_gap():
    assert plot([points(1, None), points(None, 1)], [0, 1], []).gaps == []


def test_the_range_of_a_line_is_drawn_behind_it():
    found = plot([[Point(0, 5, 10), Point(5, 5, 5)]], [0, 10], [])
    half = HEIGHT // 2
    assert found.paths == [
        ("range", 0, f"M1 0l2 {half}v0l-2 {half}z"),
        ("line", 0, f"M1 {half}h2"),
    ]


def test_limits_beyond_the_axis_are_not_drawn():
    limits = [(State.WARNING, 5.0), (State.CRITICAL, 50.0)]
    assert plot([points(1)], [0, 10], limits).limits == [(State.WARNING, HEIGHT // 2)]
