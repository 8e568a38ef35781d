"""What the app does to a tenant's tables, each as a new instance of it does it, at NOW."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

import monitor
from collect import sweep
from faults.history import Rows, Stored, different, inconsistent, put, read, said, taken
from faults.world import NOW, STEP, World, anybody
from shared.graph.client import Graph
from shared.model import Run
from shared.settings import Settings
from shared.store import CHANGES, DAYS, GATHERED, RUNS, SWEEP, Store
from shared.store.rows import day_key, run_key

Connect = Callable[..., AbstractAsyncContextManager[Graph]]
Act = Callable[[Settings, Store, Connect], Awaitable[object]]

# More than fit into one transaction.
_OLD_ROWS = 120


async def run(settings: Settings, store: Store, connect: Connect) -> Run:
    return await monitor.run(settings, store, NOW, connect=connect)


async def whole_sweep(settings: Settings, store: Store, connect: Connect) -> sweep.Sweep:
    """Of as many pages as take three checkpoints."""
    with patch.object(sweep, "PAGE_ROWS", 100):
        return await monitor.run_sweep(settings, store, NOW, connect=connect)


async def roll_up(settings: Settings, store: Store, connect: Connect) -> None:
    await store.prepare()
    await monitor.roll_up(store, NOW.date())


async def purge(settings: Settings, store: Store, connect: Connect) -> int:
    return await monitor.purge(settings, store, NOW)


ACTS: dict[str, Act] = {
    "run": run,
    "first run": run,
    "sweep": whole_sweep,
    "rollup": roll_up,
    "purge": purge,
}


@dataclass(frozen=True)
class Operation:
    """One of ACTS, done to a tenant with a past, in a scenario."""

    name: str
    scenario: str
    past: Rows

    async def begin(self, world: World) -> str:
        """A tenant with this past."""
        world.show(self.scenario)
        tenant = anybody()
        await put(world.store(tenant), self.past)
        return tenant

    async def go_on(self, world: World, tenant: str) -> Stored:
        """What comes next, with nothing wrong: what was not finished, the next run, a day's end."""
        settings, store = world.settings(tenant), world.store(tenant)
        if self.name not in ("run", "first run"):
            world.clock.at = NOW
            await ACTS[self.name](settings, store, world.connect)
        at = world.clock.at = NOW + STEP
        await monitor.run(settings, store, at, connect=world.connect)
        return await read(store, NOW)


async def operations(world: World) -> dict[str, Operation]:
    """All of them; the run is one that confirms a change, and asks for all that can be asked."""
    world.show("healthy", NOW - 2 * STEP)
    tenant = anybody()
    await _before(world, tenant, -2)
    healthy = await taken(world.store(tenant))
    world.show("administrators-blocked", NOW - STEP)
    await _before(world, tenant, -1)
    worse = await taken(world.store(tenant), {SWEEP, GATHERED})
    every = (
        Operation("run", "administrators-blocked", worse),
        Operation("first run", "healthy", {}),
        Operation("sweep", "healthy", healthy),
        Operation("rollup", "healthy", {**healthy, DAYS: []}),
        Operation("purge", "healthy", _aged(healthy)),
    )
    return {operation.name: operation for operation in every}


async def _before(world: World, tenant: str, step: int) -> None:
    at = world.clock.at = NOW + step * STEP
    await monitor.run(world.settings(tenant), world.store(tenant), at, connect=world.connect)


def _aged(past: Rows) -> Rows:
    """With rows of all tables that are long past their time; purging takes two transactions."""
    old = NOW - timedelta(days=800)
    (run, *_), (day, *_) = past[RUNS], past[DAYS]
    aged: Rows = {name: list(rows) for name, rows in past.items()}
    for number in range(_OLD_ROWS):
        slot = old - number * STEP
        aged[RUNS].append({**run, "RowKey": run_key(slot), "slot": slot})
        aged[DAYS].append({**day, "RowKey": day_key(old.date() - timedelta(days=number))})
        aged[CHANGES].append({"RowKey": f"{run_key(slot)}-writeback", "schema": 1, "document": ""})
    return aged


def wrong(stored: Stored, before: Stored, reference: Stored, settings: Settings) -> Iterator[str]:
    """What is not as it would be had the operation gone well, or not been tried at all."""
    slots = {run.slot for run in stored.runs}
    kept = {run.slot for run in reference.runs}
    if lost := {run.slot for run in before.runs} & kept - slots:
        yield f"lost: runs of {lost}"
    if more := slots - kept:
        yield f"doubled: runs of {more}"
    for here, there in zip(stored.runs[-1].verdicts, reference.runs[-1].verdicts, strict=True):
        if said(here) != said(there):
            yield f"next: {said(here)} instead of {said(there)}"
    yield from inconsistent(stored, settings)
    yield from different(stored, reference)
