"""A clock that is wrong for one run, one sweep or one purge, and then right again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial

import monitor
from faults.history import Stored, different, digest_of, put, read, said, taken
from faults.scene import Scene
from faults.trial import Outcome, Trial
from faults.world import NOW, STEP, World, anybody
from shared.history import roll_up

PART = "clock"

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = {
    "+1 h": HOUR,
    "+5 h": 5 * HOUR,
    "+3 d": 3 * DAY,
    "+400 d": 400 * DAY,
    "-1 h": -HOUR,
    "-5 h": -5 * HOUR,
    "-3 d": -3 * DAY,
    "-400 d": -400 * DAY,
}
# What is kept is measured with the same clock, so a purge that is years ahead is believed.
_BELIEVED = {("purge", "+400 d")}
# Until a status is replaced that is hours ahead.
_LAST = 22


async def trials(scene: Scene, *, short: bool) -> list[Trial]:
    world = scene.world
    tenant = anybody()
    world.show("healthy", NOW - 2 * STEP)
    for step in (-2, -1):
        await _run(world, tenant, step)
    past = await taken(world.store(tenant))
    reference = await _right(world, tenant)
    operations = {
        "run": _run_wrongly,
        "two runs": _run_twice_wrongly,
        "sweep": _sweep_wrongly,
        "purge": _purge_wrongly,
    }
    jumps = ("-3 d",) if short else tuple(JUMPS)
    return [
        Trial(
            PART,
            "clock",
            name,
            jump,
            partial(_attempt, world, past, reference, operation, JUMPS[jump]),
        )
        for name, operation in operations.items()
        for jump in jumps
        if (name, jump) not in _BELIEVED and not (short and name != "run")
    ]


async def _run(world: World, tenant: str, step: int) -> None:
    at = world.clock.at = NOW + step * STEP
    await monitor.run(world.settings(tenant), world.store(tenant), at, connect=world.connect)


async def _right(world: World, tenant: str) -> Stored:
    """Runs with a right clock, and what is stored then."""
    for step in (0, 1, 2, _LAST - 1, _LAST):
        await _run(world, tenant, step)
    return await read(world.store(tenant), NOW)


Wrong = Callable[[World, str, timedelta], Awaitable[object]]


async def _run_wrongly(world: World, tenant: str, jump: timedelta) -> None:
    await monitor.run(
        world.settings(tenant), world.store(tenant), world.clock.at + jump, connect=world.connect
    )


async def _run_twice_wrongly(world: World, tenant: str, jump: timedelta) -> None:
    """So that what they say is confirmed."""
    await _run_wrongly(world, tenant, jump - STEP)
    await _run_wrongly(world, tenant, jump)


async def _sweep_wrongly(world: World, tenant: str, jump: timedelta) -> None:
    await monitor.run_sweep(
        world.settings(tenant), world.store(tenant), world.clock.at + jump, connect=world.connect
    )


async def _purge_wrongly(world: World, tenant: str, jump: timedelta) -> None:
    await monitor.purge(world.settings(tenant), world.store(tenant), world.clock.at + jump)


async def _attempt(
    world: World,
    past: dict[str, list[dict[str, object]]],
    reference: Stored,
    operation: Wrong,
    jump: timedelta,
) -> Outcome:
    world.show("healthy", NOW - timedelta(minutes=2))
    tenant = anybody()
    await put(world.store(tenant), past)
    before = await read(world.store(tenant), NOW)
    await operation(world, tenant, jump)
    stored = await _right(world, tenant)
    wrong = tuple(_wrong(before, stored, reference))
    return Outcome("=" if not wrong else wrong[0].partition(":")[0], wrong)


def _wrong(before: Stored, stored: Stored, reference: Stored) -> Iterator[str]:
    slots = {run.slot for run in stored.runs}
    for run in (*before.runs, *reference.runs):
        if run.slot not in slots:
            yield f"lost: run of {run.slot}"
    current, right = stored.current, reference.current
    if current is None or right is None or current.run.slot != right.run.slot:
        yield "status: it is not of the last run"
        return
    for here, there in zip(current.run.verdicts, right.run.verdicts, strict=True):
        if said(here) != said(there):
            yield f"next: {said(here)} instead of {said(there)}"
    if ahead := [
        name for name, kept in stored.gathered.items() if kept.at > current.run.started_at
    ]:
        yield f"stale: {ahead} until a time that is yet to come"
    if any(standing.since > current.run.slot for standing in current.standings):
        yield "since: it is yet to come"
    if any(change.lasted_seconds < 0 for change in stored.changes):
        yield "change: it lasted for less than no time"
    days = {day.day: day for day in stored.days}
    for day in {run.slot.date() for run in reference.runs}:
        of_day = [digest_of(run) for run in stored.runs if run.slot.date() == day]
        if days.get(day) != roll_up(day, of_day):
            yield f"day: {day} is not what its runs say"
    yield from different(stored, reference)
