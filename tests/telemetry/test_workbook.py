"""What the workbook's queries answer over the events of real runs."""

from __future__ import annotations

from datetime import timedelta

import checks
from shared.model import State


async def test_the_overview_counts_the_confirmed_states_of_the_newest_run(watch):
    await watch.runs(2, "healthy")
    await watch.runs(1, "sync-conflicts")
    (row,) = watch.ask("overview")
    assert (row["confirmed"], row["latest"], row["critical"]) == ("healthy", "critical", 0)
    await watch.runs(1)
    (row,) = watch.ask("overview")
    assert (row["confirmed"], row["latest"], row["critical"]) == ("critical", "critical", 1)
    assert sum(row[state] for state in State) == len(checks.CATALOGUE)
    assert row["due"] - row["slot"] == timedelta(minutes=15)


async def test_the_checks_are_listed_worst_first_with_their_number(watch):
    await watch.runs(1, "healthy")
    await watch.runs(2, "sync-conflicts")
    worst, *rest = watch.ask("checks")
    assert (worst["check"], worst["confirmed"]) == ("sync_conflicts", "critical")
    assert (worst["metric"], worst["value"], worst["unit"]) == ("conflicts", 14, "objects")
    assert worst["since"].isoformat() == "2026-11-21T12:30:00"
    ranks = [State(row["confirmed"]).rank for row in rest]
    assert ranks == sorted(ranks, reverse=True)


async def test_the_trend_has_the_mean_and_the_worst_of_every_hour(watch):
    await watch.runs(3, "healthy")  # 12:15 to 12:45
    await watch.runs(4, "sync-conflicts")  # 13:00 to 13:45
    rows = [row for row in watch.ask("trend") if row["check"] == "sync_conflicts"]
    assert [(row["hour"].hour, row["mean"], row["worst"]) for row in rows] == [
        (12, 0, State.HEALTHY.rank),
        (13, 14, State.CRITICAL.rank),
    ]


async def test_changes_are_listed_newest_first(watch):
    await watch.runs(2, "healthy")
    await watch.runs(2, "sync-conflicts")
    await watch.runs(2, "healthy")
    assert [
        (row["check"], row["before"], row["after"], row["lasted"]) for row in watch.ask("changes")
    ] == [
        ("sync_conflicts", "critical", "healthy", timedelta(minutes=30)),
        ("sync_conflicts", "healthy", "critical", timedelta(minutes=30)),
    ]


async def test_a_run_that_did_not_come_shows_at_the_one_before_it(watch):
    await watch.runs(2, "healthy")
    watch.world.graph.advance(timedelta(hours=1))
    await watch.runs(2, "outage")
    rows = watch.ask("runs")
    assert [row["next_missed"] for row in rows] == [False, False, True, False]
    assert [row["unknown"] > 0 for row in rows] == [True, True, False, False]
    assert all(row["ended_after"] > timedelta(minutes=3) for row in rows)
