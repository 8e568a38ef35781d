"""A process that is ended by a signal, at random points of whatever it does."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from faults.history import Stored, read
from faults.operations import ACTS, Operation, wrong
from faults.scene import Scene
from faults.trial import Outcome, Trial
from faults.world import NOW, World
from local.azurite import ROOT

PART = "killed"

SIGNALS = (signal.SIGKILL, signal.SIGTERM) if os.name == "posix" else ()
SEED = 20261121
POINTS = 6


class Killer:
    """Ends a process with the request of a number, to Graph or to storage."""

    def __init__(self, point: int | None = None, number: int = 0) -> None:
        self.requests = 0
        self._point = point
        self._signal = number
        self.process: asyncio.subprocess.Process | None = None

    def count(self, document: Any = None) -> Any:
        self.requests += 1
        if self.requests == self._point and self.process is not None:
            self.process.send_signal(self._signal)
        return document


async def trials(scene: Scene, *, short: bool) -> list[Trial]:
    chance = random.Random(SEED)  # noqa: S311 - so that it can be repeated
    found = []
    for name, operation in (await scene.operations()).items():
        if short and name != "run":
            continue
        reference, requests = await _reference(scene, operation)
        points = sorted(chance.sample(range(1, requests + 1), 1 if short else POINTS))
        found += [
            Trial(
                PART,
                PART,
                f"{name}, {number.name}",
                f"no. {index + 1}",
                partial(_attempt, scene, operation, reference, point, number),
            )
            for number in SIGNALS
            for index, point in enumerate(points)
        ]
    return found


async def _reference(scene: Scene, operation: Operation) -> tuple[Stored, int]:
    """What is stored when nobody is killed, and how many requests that takes."""
    world = scene.behind
    tenant = await operation.begin(world)
    with _counting(scene, Killer()) as killer:
        await ACTS[operation.name](world.settings(tenant), world.store(tenant), world.connect)
    return await operation.go_on(world, tenant), killer.requests


async def _attempt(
    scene: Scene, operation: Operation, reference: Stored, point: int, number: int
) -> Outcome:
    world = scene.behind
    tenant = await operation.begin(world)
    before = await read(world.store(tenant), NOW)
    with _counting(scene, Killer(point, number)) as killer:
        ended = await _process(world, operation, tenant, killer)
    await scene.proxy.quiet()
    stored = await operation.go_on(world, tenant)
    found = list(wrong(stored, before, reference, world.settings(tenant)))
    if ended != -number:
        found.append(f"unmet: it ended with {ended}")
    return Outcome(f"at {point}", tuple(found))


@contextmanager
def _counting(scene: Scene, killer: Killer) -> Iterator[Killer]:
    """Has requests counted, as they arrive at storage, and as Graph has answered them."""
    rule = scene.world.graph.fail("*", edit=killer.count, times=None)
    scene.proxy.arrived = killer.count
    try:
        yield killer
    finally:
        scene.proxy.arrived = lambda: None
        rule.times = 0


async def _process(world: World, operation: Operation, tenant: str, killer: Killer) -> int:
    """Does it in a process of its own; how that ended."""
    environment = {**os.environ, **world.environment, "SSPR_TENANT_ID": tenant}
    killer.process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "faults.child", operation.name, cwd=ROOT, env=environment
    )
    return await killer.process.wait()
