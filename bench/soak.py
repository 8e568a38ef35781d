"""Thousands of runs in one process, on a clock that is moved: whether memory stays where it is."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import linear_regression
from typing import Any

import azure.functions as func
import msgspec

import function_app
import monitor
from bench import measure
from bench.run import SLOT
from shared.graph.client import open_graph
from shared.store import store_for

Route = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]

RUNS, SHORT = 3000, 8
SAMPLES = 120
PER_SWEEP, PER_PURGE = 24, 96
ASKED: tuple[tuple[Route, str, dict[str, str], str], ...] = (
    (function_app.status, "status", {}, "application/json"),
    (function_app.status, "status", {}, "text/html"),
    (function_app.trend, "trend", {"window": "24h", "check": "directory_sync"}, ""),
    (function_app.changes, "changes", {}, ""),
    (function_app.metrics, "metrics", {}, ""),
    (function_app.healthz, "healthz", {}, ""),
)


def memory_kb() -> float:
    """The memory that this process uses now; 0 where the system does not tell.

    What has been freed is given back first: how much of it the allocator keeps goes up and down by
    more than thousands of runs could leak. https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    gc.collect()
    with contextlib.suppress(AttributeError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)
    lines = status.read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


async def ask() -> None:
    """Each route once."""
    for function, route, params, accept in ASKED:
        request = func.HttpRequest(
            "GET",
            f"http://localhost/api/{route}",
            params=params,
            headers={"accept": accept},
            body=b"",
        )
        answer = await function(request)
        if answer.status_code not in (200, 503):
            raise RuntimeError(f"{route}: {answer.status_code}")


async def soak(runs: int) -> dict[str, Any]:
    """So many runs with all that goes with them: sweeps, purges, and readers."""
    now = datetime.now(UTC).replace(second=0, microsecond=0) - SLOT * (runs + 1)
    connect = partial(open_graph, sleep=measure.at_once)
    found: list[tuple[int, float]] = []
    async with measure.tenant(2000, now) as (told, advance):
        os.environ.update(told | {"SSPR_KEEP_RUNS": "7", "SSPR_KEEP_DAYS": "7"})
        settings = monitor.settings_of_app()
        store = store_for(settings)

        async def go_on(*, sweep: bool, purge: bool) -> None:
            nonlocal now
            now += SLOT
            await advance(SLOT)
            if sweep:
                await monitor.run_sweep(settings, store, now, connect=connect)
            done = await monitor.run(settings, store, now, connect=connect)
            if any(verdict.code == "internal_error" for verdict in done.verdicts):
                raise RuntimeError(f"{done.slot}: a check failed")
            if purge:
                await monitor.purge(settings, store, now)
            await ask()

        # What is loaded once, by whoever comes first, is cold start.
        await go_on(sweep=True, purge=True)
        async with measure.Blocks() as blocks:
            for number in range(runs):
                last = number % PER_PURGE == PER_PURGE - 1
                await go_on(sweep=number % PER_SWEEP == 0, purge=last)
                if number % max(1, runs // SAMPLES) == 0:
                    found.append((number, memory_kb()))
    await function_app.close()
    # Days of history and what is cached are there by then.
    late = found[len(found) // 2 :]
    slope, _ = linear_regression(*zip(*late, strict=True))
    return {
        "runs": runs,
        "memory_begin_mb": late[0][1] / 1024,
        "memory_end_mb": late[-1][1] / 1024,
        "growth_kb_per_run": slope,
        "loop_blocked_p99_ms": measure.percentile(blocks.samples, 99) * 1e3,
        "loop_blocked_most_ms": max(blocks.samples) * 1e3,
    }


async def run(*, short: bool) -> measure.Result:
    runs = SHORT if short else RUNS
    figures = await measure.fresh("-m", "bench.soak", str(runs))
    return measure.Result(
        runs,
        figures,
        [
            measure.at_most("growth of memory", figures["growth_kb_per_run"], 1, "kB per run"),
            measure.at_most("event loop blocked", figures["loop_blocked_most_ms"], 250, "ms"),
        ],
    )


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(soak(int(sys.argv[1])))).decode())
