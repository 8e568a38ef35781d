"""Rows of earlier versions stay readable. Each file in rows/ holds what one version had stored."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import monitor
from shared.model import State
from shared.store import CURRENT
from simulator import scenario
from tests.conftest import NOW
from tests.hosted import hosted

ROWS = sorted((Path(__file__).parent / "rows").glob("*.json"))


@pytest.fixture(params=ROWS, ids=lambda path: path.stem)
async def upgraded(request, world):
    """A tenant whose tables an earlier version has written."""
    store = world.store()
    await store.prepare()
    for table, rows in json.loads(request.param.read_text("utf-8")).items():
        for row in rows:
            slot = {"slot": datetime.fromisoformat(row["slot"])} if "slot" in row else {}
            await store._table(table).create_entity(
                row | slot | {"PartitionKey": world.environment["SSPR_TENANT_ID"]}
            )
    return world


async def test_the_status_of_an_earlier_version_is_served(upgraded):
    current = (await upgraded.store().current()).value
    assert current is not None
    assert current.state is State.CRITICAL
    assert current.changes == ()
    states = {standing.latest.check: standing.confirmed for standing in current.standings}
    assert states["writeback"] is State.CRITICAL


async def test_an_earlier_run_counts_in_its_day(upgraded):
    store, config = upgraded.store(), upgraded.settings()
    earlier = (await store.current()).value.run
    await monitor.record(config, store, earlier, NOW)
    (day,) = await store.days(NOW.date(), NOW.date())
    assert day.checks["writeback"].seconds == {State.CRITICAL: 900.0}


async def test_the_next_run_goes_on_from_what_was_confirmed_before(upgraded):
    upgraded.graph.tenant = scenario("contoso")
    before = (await upgraded.store().current()).value
    later = NOW + timedelta(minutes=15)
    upgraded.graph.advance(timedelta(minutes=15))
    done = await monitor.run(upgraded.settings(), upgraded.store(), later, connect=upgraded.connect)
    after = (await upgraded.store().current()).value
    assert after.run == done
    kept = {s.latest.check: s.since for s in before.standings if s.confirmed is State.CRITICAL}
    assert {s.latest.check: s.since for s in after.standings if s.latest.check in kept} == kept
    runs = await upgraded.store().runs(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert [run.slot for run in runs] == [before.run.slot, done.slot]


async def test_after_a_roll_back_what_a_later_version_stored_is_served_and_gone_on_from(world):
    """It knew another check, another code and more of everything."""
    await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    store = world.store()
    row = await store.state(CURRENT, dict)
    new = {"check": "a_later_check", "state": "warning", "code": "a_later_code", "later": [1]}
    (known, *_) = row.value["standings"]
    standing = {**known, "latest": new, "confirmed": "warning", "later": {"much": "more"}}
    run = row.value["run"]
    later = {
        **row.value,
        "standings": [standing, *row.value["standings"]],
        "run": {**run, "verdicts": [new, *run["verdicts"]], "later": None},
        "later": True,
    }
    await store.set_state(CURRENT, later, row.etag)
    async with hosted(world.environment, NOW) as app:
        for path in ("/status", "/checks/writeback", "/trend", "/changes", "/metrics"):
            for accept in ("*/*", "text/html, */*"):
                answer = await app.ask("GET", path, {}, {"Accept": accept})
                assert answer.status == 200, answer.asked
        status = json.loads((await app.ask("GET", "/status")).text)
    (shown,) = (check for check in status["checks"] if check["id"] == "a_later_check")
    assert (shown["state"], shown["code"]) == ("warning", "a_later_code")
    world.graph.advance(timedelta(minutes=15))
    done = await monitor.run(
        world.settings(), store, NOW + timedelta(minutes=15), connect=world.connect
    )
    after = (await store.current()).value
    assert after.run == done
    assert "a_later_check" not in {standing.latest.check for standing in after.standings}


async def test_a_row_of_state_that_cannot_be_read_is_written_anew(world):
    first = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    store = world.store()
    await store.set_state(CURRENT, {"of": "another world"}, (await store.current()).etag)
    assert (await store.current()).value is None
    world.graph.advance(timedelta(minutes=15))
    later = NOW + timedelta(minutes=15)
    done = await monitor.run(world.settings(), store, later, connect=world.connect)
    assert (await store.current()).value.run == done
    runs = await store.runs(NOW - timedelta(days=1), later)
    assert [run.slot for run in runs] == [first.slot, done.slot]
