from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.confirm import stand
from shared.model import Run, State, Verdict, worst

START = datetime(2026, 11, 21, tzinfo=UTC)
LETTERS = {
    "h": State.HEALTHY,
    "w": State.WARNING,
    "c": State.CRITICAL,
    "u": State.UNKNOWN,
    "n": State.NOT_APPLICABLE,
}


def slot(index):
    return START + timedelta(minutes=15 * index)


def play(states, after=2, recover=2):
    """Standings after each run of a check that was seen in these states."""
    current, standings = None, []
    for index, state in enumerate(states):
        run = Run("t", slot(index), slot(index), 1.0, 4, (Verdict("writeback", state, "x"),))
        current = stand(current, run, confirm_after=after, recover_after=recover)
        standings.append(current.standings[0])
    return standings


@pytest.mark.parametrize(
    ("seen", "confirmed"),
    [
        ("c", "c"),
        ("hchch", "hhhhh"),
        ("hcc", "hhc"),
        ("hwc", "hhw"),
        ("hwcc", "hhwc"),
        ("hcwcw", "hhwww"),
        ("cchc", "cccc"),
        ("cchh", "ccch"),
        ("ccwh", "cccw"),
        ("hhuu", "hhhu"),
        ("ccuu", "cccu"),
        ("nncc", "nnnc"),
        ("hhnn", "hhhn"),
    ],
)
def test_only_what_two_runs_agree_on_is_confirmed(seen, confirmed):
    standings = play([LETTERS[letter] for letter in seen])
    assert [s.confirmed for s in standings] == [LETTERS[letter] for letter in confirmed]


def test_since_is_the_first_run_of_the_confirmed_row():
    *_, last = play([State.HEALTHY, State.CRITICAL, State.CRITICAL, State.CRITICAL])
    assert last.since == slot(1)


def test_one_run_is_enough_when_so_configured():
    states = [State.HEALTHY, State.CRITICAL, State.HEALTHY]
    assert [s.confirmed for s in play(states, after=1, recover=1)] == states


def test_recovery_can_be_slower_than_alarm():
    states = [State.CRITICAL, *[State.HEALTHY] * 3]
    assert [s.confirmed for s in play(states, recover=3)][-2:] == [State.CRITICAL, State.HEALTHY]


def test_what_a_wrong_clock_saw_in_the_future_counts_for_nothing():
    ahead = 4 * 24 * 365
    current = None
    for index, state in ((0, "h"), (ahead, "c"), (ahead + 1, "c"), (1, "c"), (2, "h"), (3, "h")):
        verdict = Verdict("writeback", LETTERS[state], "x")
        run = Run("t", slot(index), slot(index), 1.0, 4, (verdict,))
        current = stand(current, run, confirm_after=2, recover_after=2)
    assert current is not None
    (standing,) = current.standings
    assert (standing.confirmed, standing.since) == (State.HEALTHY, slot(2))
    assert [sighting.at for sighting in standing.recent] == [slot(2), slot(3)]
    (change,) = current.changes
    assert change.lasted_seconds == timedelta(minutes=15).total_seconds()


def test_a_check_that_is_switched_off_leaves_the_status():
    first = Run("t", slot(0), slot(0), 1, 1, (Verdict("a", State.CRITICAL, "x"),))
    second = Run("t", slot(1), slot(1), 1, 1, (Verdict("b", State.HEALTHY, "x"),))
    current = stand(None, first, confirm_after=2, recover_after=2)
    current = stand(current, second, confirm_after=2, recover_after=2)
    assert [s.latest.check for s in current.standings] == ["b"]
    assert current.state is State.HEALTHY


@given(st.lists(st.sampled_from(State), min_size=1, max_size=30), st.integers(1, 4))
def test_a_confirmed_state_was_seen_and_memory_stays_bounded(states, runs):
    for count, standing in enumerate(play(states, after=runs, recover=runs), 1):
        assert standing.confirmed in states[:count]
        assert len(standing.recent) <= runs


@pytest.mark.parametrize(
    ("states", "overall"),
    [
        ("hwcu", "c"),
        ("hwu", "w"),
        ("hu", "u"),
        ("hn", "h"),
        ("nn", "u"),
        ("", "u"),
    ],
)
def test_overall_is_the_worst_that_applies(states, overall):
    assert worst(LETTERS[letter] for letter in states) is LETTERS[overall]
