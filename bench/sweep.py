"""The sweep of the whole registration report, each size of tenant in a process of its own."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import httpx
import msgspec

import monitor
from bench import decode, measure
from checks.registration_report import RegistrationPage, read_registration_page
from collect import sweep
from shared.graph.client import open_graph
from shared.store import close_stores, store_for

# Users, and how often they are swept.
SIZES = {10_000: 3, 100_000: 3, 1_000_000: 1}
SHORT = {50: 1, 1100: 1}
ENOUGH = 86_400.0

Figures = dict[str, float | None]


class Counting:
    """Reads pages as the app does, counts them and keeps the bytes of the latest full one."""

    def __init__(self) -> None:
        self.pages = 0
        self.body = b""

    def read(self, body: bytes) -> RegistrationPage:
        self.pages += 1
        self.body = max(self.body, body, key=len)
        return read_registration_page(body)


def cpu_of(task: Callable[[], Awaitable[object]], repeats: int) -> Callable[[], Awaitable[float]]:
    """CPU seconds of one call, of so many that the clock can tell."""

    async def measured() -> float:
        started = process_time()
        for _ in range(repeats):
            await task()
        return (process_time() - started) / repeats

    return measured


async def sweep_once(n: int) -> Figures:
    """A sweep of the tenant in the environment, then the parts that one page is made of."""
    settings = monitor.settings_of_app()
    store, counting = store_for(settings), Counting()
    await store.prepare()
    sweep.PAGE = dataclasses.replace(sweep.PAGE, decode=counting.read)
    async with (
        open_graph(settings, seconds=ENOUGH, sleep=measure.at_once) as graph,
        httpx.AsyncClient() as client,
    ):
        wall, cpu = perf_counter(), process_time()
        done = await sweep.advance(graph, store, measure.NOW, seconds=ENOUGH)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        if done.finished is None:
            raise RuntimeError(f"the sweep failed: {done.failed_for} {done.failed_detail}")
        memory, pages = measure.peak_memory_mb(), counting.pages

        async def decoding() -> object:
            return decode.ours(counting.body)

        parts = await measure.side_by_side(
            n,
            cpu_of(decoding, 50),
            cpu_of(lambda: decode.get_page(client, dict(os.environ)), 5),
            cpu_of(lambda: graph.get(sweep.PAGE), 5),
        )
    await close_stores()
    decoded, bare, asked = (median(samples) * 1e3 for samples in parts)
    return {
        "pages": pages,
        "pages_per_second": pages / wall,
        "cpu_ms_per_page": cpu / pages * 1e3,
        "decode_cpu_ms": decoded,
        "bare_http_cpu_ms": bare,
        "graph_get_cpu_ms": asked,
        "peak_memory_mb": memory,
    }


def medians(samples: list[Figures]) -> dict[str, Any]:
    return {"sweeps": len(samples)} | {
        name: None if samples[0][name] is None else median(sample[name] or 0 for sample in samples)
        for name in samples[0]
    }


async def run(*, short: bool) -> measure.Result:
    sizes, n = (SHORT, "1") if short else (SIZES, "5")
    samples: dict[int, list[Figures]] = {users: [] for users in sizes}
    for turn in range(max(sizes.values())):
        for users in (users for users, times in sizes.items() if turn < times):
            async with measure.simulated(users) as told:
                samples[users].append(await measure.fresh("-m", "bench.sweep", n, environment=told))
    of = {users: medians(found) for users, found in samples.items()}
    smallest, largest = of[min(of)], of[max(of)]
    growth = (
        None
        if largest["peak_memory_mb"] is None
        else largest["peak_memory_mb"] - smallest["peak_memory_mb"]
    )
    return measure.Result(
        max(sizes.values()),
        {
            f"{users}_{name}": value
            for users, figures in of.items()
            for name, value in figures.items()
        },
        [
            measure.at_most("growth of peak memory", growth, 10, "MB"),
            measure.at_most(
                "CPU per page, of decoding alone",
                largest["cpu_ms_per_page"] / largest["decode_cpu_ms"],
                2,
            ),
        ],
    )


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(sweep_once(int(sys.argv[1])))).decode())
