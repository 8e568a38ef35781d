"""An ordinary run: not the first one, and the registration report has been swept."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from statistics import median
from time import perf_counter, process_time
from typing import Any

import httpx
import msgspec

import checks
import monitor
from bench import measure
from shared.graph.client import Graph, open_graph
from shared.settings import Settings, load
from shared.store import Store, close_stores, store_for

SIZES = (100, 10_000, 1_000_000)
SHORT = (100, 2500)
SLOT = timedelta(minutes=15)


class Sample(msgspec.Struct):
    """One run; `received` are the bytes of bodies as they came over the wire."""

    requests: int = 0
    received: int = 0
    wall: float = 0
    cpu: float = 0


@asynccontextmanager
async def counted(sample: Sample, settings: Settings, **options: Any) -> AsyncIterator[Graph]:
    """Graph as the app opens it, counting what its HTTP client does."""

    async def on_response(response: httpx.Response) -> None:
        await response.aread()
        sample.requests += 1
        sample.received += response.num_bytes_downloaded

    async with open_graph(settings, sleep=measure.at_once, **options) as graph:
        graph._public.event_hooks = {"response": [on_response]}
        yield graph


async def ordinary(
    settings: Settings, store: Store, rounds: int
) -> Callable[[], Awaitable[Sample]]:
    """Sweeps and runs once; then each call is the run of the next slot, the last one at NOW."""
    moments = (measure.NOW - SLOT * (rounds - 1 - number) for number in count())
    now = measure.NOW - SLOT * rounds
    connect = partial(open_graph, sleep=measure.at_once)
    while (await monitor.run_sweep(settings, store, now, connect=connect)).finished is None:
        pass
    await monitor.run(settings, store, now, connect=connect)

    async def one() -> Sample:
        sample = Sample()
        wall, cpu = perf_counter(), process_time()
        await monitor.run(settings, store, next(moments), connect=partial(counted, sample))
        sample.wall, sample.cpu = perf_counter() - wall, process_time() - cpu
        return sample

    return one


async def run(*, short: bool) -> measure.Result:
    sizes, n = (SHORT, 1) if short else (SIZES, 10)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(close_stores)
        tasks = []
        for users in sizes:
            told = await stack.enter_async_context(measure.simulated(users))
            settings = load({**os.environ, **told}, checks.THRESHOLDS)
            tasks.append(await ordinary(settings, store_for(settings), n + 1))
        samples = dict(zip(sizes, await measure.side_by_side(n, *tasks), strict=True))
    figures: dict[str, float | None] = {}
    for users, found in samples.items():
        figures |= {
            f"{users}_requests": median(sample.requests for sample in found),
            f"{users}_most_requests": max(sample.requests for sample in found),
            f"{users}_received_kb": median(sample.received for sample in found) / 1000,
            f"{users}_wall_ms": median(sample.wall for sample in found) * 1e3,
            f"{users}_cpu_ms": median(sample.cpu for sample in found) * 1e3,
        }
    least, most = min(sizes), max(sizes)

    def growth(name: str) -> float:
        return (figures[f"{most}_{name}"] or 0) / (figures[f"{least}_{name}"] or 1)

    return measure.Result(
        n,
        figures,
        [
            measure.at_most(f"most requests, {most} users to {least}", growth("most_requests"), 1),
            # No growth, within what two medians of the same thing differ.
            measure.at_most(f"CPU, {most} users to {least}", growth("cpu_ms"), 1.1),
        ],
    )
