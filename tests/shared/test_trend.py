"""Every number is recomputed by hand, or minute by minute."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.history import OVERALL, Day, Digest, Rollup, Seen, Spread
from shared.model import Change, Metric, State
from shared.trend import By, Window, bounds, coarser, of_days, of_runs

NOW = datetime(2026, 11, 21, 12, 30, 40, tzinfo=UTC)
END = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
START = END - timedelta(days=1)
HOUR = 3600.0
H, W, C, U, N = (
    State.HEALTHY,
    State.WARNING,
    State.CRITICAL,
    State.UNKNOWN,
    State.NOT_APPLICABLE,
)


def run(day, hour, state, age=None, *, minute=0, hours=6.0, unit="seconds", check="sync"):
    metrics = {} if age is None else {"age": Metric(age, unit)}
    slot = datetime(2026, 11, day, hour, minute, tzinfo=UTC)
    return Digest(slot, hours * HOUR, {check: Seen(state, "code", metrics)})


# Every six hours; that of 22:00 is missing. The first one speaks into the window from before it.
RUNS = [
    run(20, 10, H, 1.0),
    run(20, 16, C, 2.0),
    run(21, 4, W),
    run(21, 10, H, 4.0),
]


def of(runs, window=Window.DAY, now=NOW, **more):
    (found,) = of_runs(window, now, runs, ["sync"], **more).checks
    return found


def test_shares_and_uptime_are_those_of_time():
    whole = of(RUNS).whole
    assert (whole.start, whole.end) == (START, END)
    assert whole.seconds == {H: 6 * HOUR, C: 6 * HOUR, W: 6 * HOUR}
    assert [whole.share(state) for state in (H, W, C, U, N)] == [0.25, 0.25, 0.25, 0, 0]
    assert whole.gap_share == 0.25
    assert whole.uptime == pytest.approx(2 / 3)
    assert whole.state is C


def test_periods_follow_each_other_from_start_to_end_and_gaps_are_among_them():
    trend = of_runs(Window.DAY, NOW, RUNS, ["sync"])
    hours = [(period.start.hour, period.end.hour) for period in trend.periods]
    assert hours == [(12, 16), (16, 22), (22, 4), (4, 10), (10, 12)]
    assert trend.periods[0].start == START
    assert trend.periods[-1].end == END
    assert [(gap.start.hour, gap.end.hour) for gap in trend.gaps] == [(22, 4)]
    assert [period.state for period in trend.checks[0].periods] == [H, C, None, W, H]


def test_a_series_has_a_value_for_each_period_and_none_for_a_gap_or_a_run_without_it():
    (series,) = of(RUNS).series
    assert (series.metric, series.unit) == ("age", "seconds")
    assert series.values == [1.0, 2.0, None, None, 4.0]


def test_a_value_in_an_older_unit_is_not_drawn_with_newer_ones():
    (series,) = of([run(20, 16, H, 1.0, unit="minutes"), run(20, 22, H, 2.0)]).series
    assert (series.unit, series.values) == ("seconds", [None, None, 2.0, None])


def test_only_the_metrics_that_are_asked_for_are_told():
    assert [series.metric for series in of(RUNS, metrics=["age"]).series] == ["age"]
    assert of(RUNS, metrics=["other"]).series == []


def test_a_check_that_a_run_does_not_have_is_in_a_gap_of_its_own():
    trend = of_runs(Window.DAY, NOW, RUNS, ["sync", "newer"])
    assert trend.checks[1].whole.gap_share == 1
    assert trend.checks[1].whole.uptime is None
    assert trend.checks[1].whole.state is None
    assert len(trend.gaps) == 1


@pytest.mark.parametrize("state", [U, N])
def test_what_nobody_knows_is_neither_up_nor_down(state):
    whole = of([run(20, 22, state), run(21, 4, H)]).whole
    assert whole.uptime == 1
    assert of([run(20, 22, state)]).whole.uptime is None
    assert of([run(20, 22, state)]).whole.state is state


def test_a_run_speaks_no_longer_than_its_own_interval_after_the_schedule_changed():
    hourly = [run(21, hour, H, hours=1) for hour in (6, 7)]
    quarters = [run(21, 8, C, minute=minute, hours=0.25) for minute in (0, 15, 30)]
    whole = of([*hourly, *quarters]).whole
    assert whole.seconds == {H: 2 * HOUR, C: 0.75 * HOUR}


def test_the_newest_run_speaks_up_to_now_and_not_beyond():
    assert of([run(21, 12, H)]).whole.seconds == {H: 0.5 * HOUR}


def test_without_any_run_everything_is_a_gap():
    trend = of_runs(Window.MONTH, NOW, [], [OVERALL])
    assert [trend.gaps, trend.checks[0].series] == [trend.periods, []]
    assert trend.checks[0].whole.gap_share == 1
    assert len(trend.checks[0].strip) == 91


def test_changes_are_those_confirmed_within_the_window():
    def change(check, slot):
        return Change(check, slot, slot, H, C, "code", 60.0)

    inside, before = START, START - timedelta(seconds=1)
    told = [change("sync", inside), change("other", inside), change("sync", before)]
    assert of(RUNS, changes=told).changes == [told[0]]


def test_a_strip_ends_its_periods_at_full_hours_of_the_clock():
    strip = of(RUNS).strip
    assert len(strip) == 25
    assert [(p.start, p.end) for p in strip[:2]] == [
        (START, START + timedelta(minutes=30)),
        (START + timedelta(minutes=30), START + timedelta(minutes=90)),
    ]
    assert (strip[-1].start.minute, strip[-1].end) == (0, END)


def test_a_longer_period_has_the_worst_state_and_its_share_of_each():
    first, second, *_ = coarser(of(RUNS).periods, timedelta(hours=8))
    assert (first.end.hour, first.state, first.seconds) == (16, H, {H: 3.5 * HOUR})
    assert (second.end.hour, second.state, second.seconds) == (0, C, {C: 6 * HOUR})
    assert second.gap == 2 * HOUR


states = st.sampled_from([H, W, C, U, N])
lives = st.lists(
    st.tuples(st.integers(1, 900), states, st.sampled_from([15, 60, 360, 1500])), max_size=20
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(lives, st.sampled_from(list(Window)[:3]))
def test_time_is_what_counting_its_minutes_gives(life, window):
    """And nothing is lost or counted twice, in periods or in strips."""
    first, at = END - timedelta(days=2), 0
    digests: list[Digest] = []
    spoken: dict[int, State] = {}
    for pause, state, interval in life:
        at += pause
        if at <= 2880:
            slot = first + timedelta(minutes=at)
            digests.append(Digest(slot, interval * 60.0, {"sync": Seen(state)}))
            # The next run ends what this one speaks for.
            spoken = {minute: of for minute, of in spoken.items() if minute < at}
            spoken |= dict.fromkeys(range(at, at + interval), state)
    minutes = Counter(spoken.get(minute) for minute in range(2880 - window.days * 1440, 2880))

    history = of(digests, window)
    counted = {state: 60.0 * number for state, number in minutes.items() if state}
    assert history.whole.seconds == pytest.approx(counted)
    assert history.whole.gap == pytest.approx(60.0 * minutes[None])
    for periods in (history.periods, history.strip):
        assert sum(period.length for period in periods) == window.days * 86_400
        assert sum(period.gap for period in periods) == pytest.approx(history.whole.gap)
        for period in periods:
            shares = [*(period.share(state) for state in State), period.gap_share]
            assert sum(shares) == pytest.approx(1)
        assert all(one.end == next_.start for one, next_ in pairwise(periods))


def day(number, seconds, metrics=None):
    rollup = Rollup({state: h * HOUR for state, h in seconds.items()}, {}, metrics or {})
    return Day(date(2026, 11, number), {"sync": rollup})


DAYS = [
    day(19, {H: 24}, {"age": Spread(1.0, 2.0, 9.0, 96, "seconds")}),
    day(20, {H: 12, C: 6}),
    day(21, {W: 12}, {"age": Spread(3.0, 4.0, 5.0, 48, "seconds")}),
]


def by_day(days, now=NOW, window=Window.QUARTER):
    (found,) = of_days(window, now, days, ["sync"]).checks
    return found


def test_days_are_whole_and_today_ends_now():
    trend = of_days(Window.QUARTER, NOW, DAYS, ["sync"])
    assert (trend.by, trend.start) == (By.DAY, datetime(2026, 8, 24, tzinfo=UTC))
    assert len(trend.periods) == 90
    assert len(trend.gaps) == 87
    *_, first, second, today = trend.checks[0].periods
    assert (first.seconds, first.gap, first.uptime) == ({H: 24 * HOUR}, 0, 1)
    assert second.gap == 6 * HOUR
    assert second.uptime == pytest.approx(2 / 3)
    assert (today.end, today.seconds, today.gap) == (END, {W: 12 * HOUR}, 0.5 * HOUR)
    whole = trend.checks[0].whole
    assert whole.uptime == pytest.approx(48 / 54)
    assert whole.gap == (87 * 24 + 6 + 0.5) * HOUR


def test_a_series_by_day_has_least_mean_and_most():
    (series,) = by_day(DAYS).series
    assert (series.values[-3:], series.values[:1]) == ([2.0, None, 4.0], [None])
    assert series.least is not None
    assert series.most is not None
    assert (series.least[-3:], series.most[-3:]) == ([1.0, None, 3.0], [9.0, None, 5.0])


def test_a_run_that_speaks_over_the_weekend_does_so_by_day_too():
    # Every hour from 7 to 18 on workdays: the last run on Friday the 13th speaks 61 hours.
    friday = day(13, {H: 11 + 61})
    monday = day(16, {H: 11 + 13})
    found = {p.start.day: p for p in by_day([friday, monday]).periods if p.start.month == 11}
    assert [found[n].gap for n in (13, 14, 15)] == [0, 0, 0]
    assert found[16].seconds == {H: 24 * HOUR}
    assert [found[n].state for n in (12, 17, 18)] == [None, None, None]


def test_what_began_before_the_window_reaches_into_it_by_day():
    before = Day(date(2026, 8, 23), {"sync": Rollup({H: 40 * HOUR}, {}, {})})
    trend = of_days(Window.QUARTER, NOW, [before], ["sync"])
    first, second, *_ = trend.checks[0].periods
    assert first.seconds == pytest.approx({H: 16 * HOUR})
    assert second.seconds == {}
    assert (len(trend.gaps), trend.gaps[0].start) == (90, trend.start)


def test_the_last_run_of_today_counts_up_to_now_only():
    (*_, today) = by_day([day(21, {H: 12, C: 1})]).periods
    assert sum(today.seconds.values()) == pytest.approx(12.5 * HOUR)
    assert (today.gap, today.state) == (pytest.approx(0), C)


def test_at_midnight_today_has_no_time_yet():
    now = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)
    found = by_day(DAYS, now, Window.YEAR)
    assert (found.periods[-1].length, found.periods[-1].gap_share) == (0, 0)
    assert sum(found.whole.share(state) for state in State) + found.whole.gap_share == 1


@pytest.mark.parametrize("window", Window)
def test_a_window_ends_with_the_last_full_minute(window):
    assert bounds(window, By.RUN, NOW) == (END - timedelta(days=window.days), END)
    start, end = bounds(window, By.DAY, NOW)
    assert (start.hour, end) == (0, END)
    assert (end - start).days == window.days - 1
