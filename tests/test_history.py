"""History is right whatever the order of runs, the crashes between any two requests to storage,
and the interleaving of two instances."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from azure.data.tables.aio import TableClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import monitor
from shared import telemetry
from shared.confirm import fold
from shared.history import OVERALL, roll_up
from shared.model import Metric, Run, Sighting, State, Verdict, worst
from shared.store import CURRENT, RUNS, Store

START = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
STEP = timedelta(minutes=15)
CHECKS = ("directory_sync", "writeback")


def slot(index):
    return START + index * STEP


def made(index, states, value=1.0):
    return Run(
        tenant="t",
        slot=slot(index),
        started_at=slot(index),
        duration=1.0,
        graph_requests=4,
        verdicts=tuple(
            Verdict(check, state, "code", metrics={"age": Metric(value, "seconds")})
            for check, state in zip(CHECKS, states, strict=True)
        ),
        interval=STEP.total_seconds(),
    )


class Crash(BaseException):
    """The process is gone."""


class Turns:
    """Lets one instance at a time make one request to storage, in an order that is given."""

    def __init__(self, order):
        self._order = list(order)
        self._waiting = {}
        self._arrived = asyncio.Event()

    async def mine(self, instance):
        self._waiting[instance] = asyncio.get_running_loop().create_future()
        self._arrived.set()
        await self._waiting[instance]

    async def play(self, tasks):
        alive = set(tasks)
        for task in alive:
            task.add_done_callback(lambda _: self._arrived.set())
        while alive := {task for task in alive if not task.done()}:
            if len(self._waiting) < len(alive):
                self._arrived.clear()
                await self._arrived.wait()
                continue
            waiting = sorted(self._waiting, key=lambda instance: instance.name)
            chosen = waiting[(self._order.pop() if self._order else 0) % len(waiting)]
            self._waiting.pop(chosen).set_result(None)


class Table:
    """A table as an instance sees it: every request is a turn."""

    def __init__(self, table, turn):
        self._table, self._turn = table, turn

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            await self._turn()
            return await getattr(self._table, name)(*args, **kwargs)

        return call

    async def query_entities(self, *args, **kwargs):
        await self._turn()
        async for entity in self._table.query_entities(*args, **kwargs):
            yield entity


class Instance(Store):
    """One instance of the app, which crashes before its `crash`-th request to storage."""

    fault: BaseException = Crash()

    def __init__(self, store, name, turns, crash, log):
        super().__init__(store._service, store._tenant)
        self.name, self._turns, self._crash, self._log = name, turns, crash, log
        self._made = 0

    async def _turn(self):
        await self._turns.mine(self)
        self._made += 1
        if self._made == self._crash:
            raise self.fault

    def _table(self, name):
        return Table(super()._table(name), self._turn)

    async def runs(self, after, before):
        self._left_out = await super().runs(after, before)
        return self._left_out

    async def set_state(self, name, value, etag):
        written = await super().set_state(name, value, etag)
        assert name == CURRENT
        self._log.append((value, self._left_out))
        return written


async def live(config, store, rounds, order):
    """Every status that was ever stored, with the runs that were made up for on its way."""
    log: list[Any] = []
    turns = Turns(order)
    for number, instances in enumerate(rounds):
        tasks = [
            asyncio.create_task(
                monitor.record(
                    config,
                    Instance(store, name, turns, crash, log),
                    made(number + offset, states, value=number + name),
                    slot(number),
                )
            )
            for name, (offset, states, crash) in enumerate(instances)
        ]
        await turns.play(tasks)
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, Run | Crash | AzureError)
    return log


async def everything(store):
    first, last = START - timedelta(days=2), START + timedelta(days=2)
    changes, more = await store.changes(first)
    assert more is None
    return (
        await store.runs(first, last),
        await store.days(first.date(), last.date()),
        changes,
        (await store.current()).value,
    )


def plain_confirmation(seen, after, recover):
    """The confirmed state after each of these, by the definition alone."""
    confirmed = seen[0]
    for count in range(1, len(seen) + 1):
        worse, better = seen[max(0, count - after) : count], seen[max(0, count - recover) : count]
        if len(worse) == after and all(state.rank > confirmed.rank for state in worse):
            confirmed = min(worse, key=lambda state: state.rank)
        elif len(better) == recover and all(state.rank < confirmed.rank for state in better):
            confirmed = max(better, key=lambda state: state.rank)
        yield confirmed


def plain_days(runs):
    """Seconds by day, check and state, counted minute by minute."""
    minutes: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for run in runs:
        later = [other.slot for other in runs if other.slot > run.slot]
        end = min([run.slot + STEP, *later])
        states = {verdict.check: verdict.state for verdict in run.verdicts}
        states[OVERALL] = worst(states.values())
        for check, state in states.items():
            for _ in range(int((end - run.slot).total_seconds() // 60)):
                minutes[run.slot.date()][check][state] += 60
    return minutes


states = st.sampled_from([State.HEALTHY, State.WARNING, State.CRITICAL, State.UNKNOWN])
instance = st.tuples(st.integers(-3, 2), st.tuples(states, states), st.none() | st.integers(1, 14))
lives = st.lists(st.lists(instance, min_size=1, max_size=2), min_size=1, max_size=10)
REAL = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@REAL
@given(lives, st.lists(st.integers(0, 1), max_size=200))
async def test_history_equals_what_the_stored_runs_say(world, rounds, order):
    config, store = world.settings(), Store(world.store()._service, str(uuid4()))
    await world.store().prepare()
    # The last run and the nightly tidying go well.
    closing = [[(2, (State.HEALTHY, State.WARNING), None)]]
    log = await live(config, store, [*rounds, *closing], order)
    await monitor.purge(config, store, slot(0) + timedelta(days=2))
    runs, days, changes, current = await everything(store)

    # Nothing is doubled, and the status never moves backwards.
    assert len({run.slot for run in runs}) == len(runs)
    shown = [status.run.slot for status, _ in log]
    assert shown == sorted(set(shown))
    assert current == log[-1][0]
    assert current.run == runs[-1]

    # Days are what their runs say.
    expected = plain_days(runs)
    assert {day.day for day in days} == set(expected)
    for day in days:
        found = {check: dict(rollup.seconds) for check, rollup in day.checks.items()}
        assert found == {check: dict(spent) for check, spent in expected[day.day].items()}
        of_day = [run for run in runs if run.slot.date() == day.day]
        assert sum(day.checks[OVERALL].runs.values()) == len(of_day)
        values = [run.verdicts[0].metrics["age"].value for run in of_day]
        spread = day.checks[CHECKS[0]].metrics["age"]
        assert (spread.least, spread.most, spread.count) == (min(values), max(values), len(values))
        assert spread.mean == pytest.approx(sum(values) / len(values))

    # Changes are those of the runs that were confirmed, each once.
    confirmed = [run for status, left_out in log for run in (*left_out, status.run)]
    assert [run.slot for run in confirmed] == sorted({run.slot for run in confirmed})
    told = [(change.check, change.slot, change.before, change.after) for change in changes]
    assert sorted(told) == sorted(plain_changes(confirmed))


def plain_changes(runs):
    for number, check in enumerate(CHECKS):
        before = None
        seen = [run.verdicts[number].state for run in runs]
        for run, state in zip(runs, plain_confirmation(seen, 2, 2), strict=True):
            if before is not None and state is not before:
                yield check, run.slot, before, state
            before = state


BAD, GOOD = (State.CRITICAL, State.HEALTHY), (State.HEALTHY, State.HEALTHY)


@pytest.mark.parametrize("crash", range(1, 12))
@pytest.mark.parametrize(
    "fault",
    [Crash(), ServiceRequestError("connection lost"), HttpResponseError("server busy")],
    ids=["killed", "disconnected", "refused"],
)
async def test_a_fault_at_any_request_loses_no_change(world, monkeypatch, crash, fault):
    told = []

    async def announce(current, severities, changes=()):
        told.extend(changes)

    monkeypatch.setattr(telemetry, "announce", announce)
    monkeypatch.setattr(Instance, "fault", fault)
    config, store = world.settings(), world.store()
    await store.prepare()
    rounds = [[(0, GOOD, None)], [(0, BAD, None)], [(0, BAD, crash)], [(0, BAD, None)]]
    await live(config, store, rounds, [])
    runs, _, changes, _ = await everything(store)
    (change,) = changes
    assert told == changes
    assert (change.since, change.before, change.after) == (slot(1), State.HEALTHY, State.CRITICAL)
    assert change.lasted_seconds == STEP.total_seconds()
    assert change.slot == slot(2 if len(runs) == 4 else 3)


async def test_the_last_run_of_a_day_is_made_up_for_by_the_first_of_the_next(world):
    config, store = world.settings(), world.store()
    await store.prepare()
    # The second instance dies when it has stored its run, of 23:45, and nothing else.
    await live(config, store, [[(4, GOOD, None)], [(4, GOOD, 2)], [(4, GOOD, None)]], [])
    runs, days, _, _ = await everything(store)
    assert [run.slot for run in runs] == [slot(4), slot(5), slot(6)]
    assert [sum(day.checks[OVERALL].runs.values()) for day in days] == [2, 1]


async def test_a_status_from_a_wrong_clock_does_not_stand_until_its_time(world):
    config, store = world.settings(), world.store()
    await store.prepare()
    ahead = 4 * 24 * 365
    await monitor.record(config, store, made(ahead, GOOD), slot(ahead))
    await monitor.record(config, store, made(0, BAD), slot(0))
    assert (await store.current()).value.run.slot == slot(0)


async def test_changes_are_paged_newest_first(world):
    config, store = world.settings(SSPR_CONFIRM_AFTER="1", SSPR_RECOVER_AFTER="1"), world.store()
    await store.prepare()
    for index in range(6):
        both = (State.CRITICAL, State.WARNING) if index % 2 else GOOD
        await monitor.record(config, store, made(index, both), slot(index))
    whole, more = await store.changes(START)
    assert len(whole) == 10
    assert more is None
    assert [c.slot for c in whole] == sorted((c.slot for c in whole), reverse=True)
    paged, after = [], ""
    for _ in range(4):
        page, after = await store.changes(START, after=after, limit=3)
        paged += page
    assert after is None
    assert paged == whole
    recent, _ = await store.changes(slot(4))
    assert {change.slot for change in recent} == {slot(4), slot(5)}


async def test_only_what_is_older_than_kept_is_purged(world):
    config = world.settings(SSPR_KEEP_RUNS="7", SSPR_KEEP_DAYS="8", SSPR_KEEP_CHANGES="9")
    store = world.store()
    await store.prepare()
    quarter = 96
    for day in range(12):
        for index, both in enumerate((BAD, BAD, GOOD, GOOD)):
            run = made(day * quarter + index, both)
            await monitor.record(config, store, run, run.slot)
    now = slot(12 * quarter)
    before_runs, before_days, before_changes, _ = await everything_of(store, now)
    deleted = await monitor.purge(config, store, now)
    runs, days, changes, current = await everything_of(store, now)
    assert runs == [run for run in before_runs if run.slot >= now - timedelta(days=7)]
    assert days == [day for day in before_days if day.day >= (now - timedelta(days=8)).date()]
    assert changes == [c for c in before_changes if c.slot >= now - timedelta(days=9)]
    assert current is not None
    lost = len(before_runs + before_days + before_changes) - len(runs + days + changes)
    assert deleted == lost > 0
    assert await monitor.purge(config, store, now) == 0


async def with_a_backlog(store, monkeypatch, sizes):
    """Five runs that are too old and one that is not, deleted two at a time."""
    monkeypatch.setattr("shared.store._BATCH", 2)
    real = TableClient.submit_transaction

    async def noted(self, operations, **options):
        operations = list(operations)
        sizes.append(len(operations))
        return await real(self, operations, **options)

    monkeypatch.setattr(TableClient, "submit_transaction", noted)
    await store.prepare()
    for index in range(6):
        await store.add_run(made(index, GOOD))


async def test_a_backlog_is_purged_in_batches_and_little_by_little(world, monkeypatch):
    store = world.store()
    sizes: list[int] = []
    await with_a_backlog(store, monkeypatch, sizes)
    assert [await store.purge(RUNS, slot(5), limit=3) for _ in range(3)] == [3, 2, 0]
    assert sizes == [2, 1, 2]
    runs, *_ = await everything(store)
    assert [run.slot for run in runs] == [slot(5)]


async def test_of_two_purges_at_once_one_leaves_the_rows_to_the_other(world, monkeypatch):
    sizes: list[int] = []
    turns = Turns([0, 0, 0, 0, 1, 0])
    await with_a_backlog(world.store(), monkeypatch, sizes)
    purges = [
        asyncio.create_task(
            Instance(world.store(), name, turns, None, []).purge(RUNS, slot(5), limit=9)
        )
        for name in range(2)
    ]
    await turns.play(purges)
    assert [purge.result() for purge in purges] == [5, 0]
    assert sizes == [2, 2, 1, 2]
    runs, *_ = await everything(world.store())
    assert [run.slot for run in runs] == [slot(5)]


async def everything_of(store, now):
    first = now - timedelta(days=30)
    changes, _ = await store.changes(first)
    return (
        await store.runs(first, now),
        await store.days(first.date(), now.date()),
        changes,
        (await store.current()).value,
    )


def test_a_run_speaks_until_the_next_one_and_no_longer_than_its_interval():
    digests = [history_of(index) for index in (0, 1, 3)]
    day = roll_up(START.date(), digests)
    assert day.checks["writeback"].seconds == {State.HEALTHY: 3 * STEP.total_seconds()}
    closer = [*digests, history_of(3.5)]
    assert roll_up(START.date(), closer).checks["writeback"].seconds == {
        State.HEALTHY: 3.5 * STEP.total_seconds()
    }


def history_of(index):
    from shared.history import digest

    return digest(made(index, GOOD))


def test_folding_tells_what_changed_on_the_way():
    runs = [made(index, both) for index, both in enumerate((GOOD, BAD, BAD, GOOD, GOOD))]
    current = fold(None, runs[:-1], runs[-1], confirm_after=2, recover_after=2)
    assert [(c.after, c.slot) for c in current.changes] == [
        (State.CRITICAL, slot(2)),
        (State.HEALTHY, slot(4)),
    ]
    assert current.standings[0].recent == (
        Sighting(slot(3), State.HEALTHY),
        Sighting(slot(4), State.HEALTHY),
    )
