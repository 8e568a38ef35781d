"""Thousands of runs in one process, on a clock that is moved: whether memory stays where it is."""

from __future__ import annotations

import asyncio
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
SAMPLES = 40
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
    """The memory that this process has now; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((float(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0.0)


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
    now = datetime.now(UTC).replace(second=0, microsecond=0) - SLOT * runs
    connect = partial(open_graph, sleep=measure.at_once)
    found: list[tuple[int, float]] = []
    async with measure.tenant(2000, now) as (told, advance):
        os.environ.update(told | {"SSPR_KEEP_RUNS": "7", "SSPR_KEEP_DAYS": "7"})
        settings = monitor.settings_of_app()
        store = store_for(settings)
        async with measure.Blocks() as blocks:
            for number in range(runs):
                now += SLOT
                await advance(SLOT)
                if number % PER_SWEEP == 0:
                    await monitor.run_sweep(settings, store, now, connect=connect)
                done = await monitor.run(settings, store, now, connect=connect)
                if any(verdict.code == "internal_error" for verdict in done.verdicts):
                    raise RuntimeError(f"run {number}: a check failed")
                if number % PER_PURGE == PER_PURGE - 1:
                    await monitor.purge(settings, store, now)
                await ask()
                if number % max(1, runs // SAMPLES) == 0:
                    gc.collect()
                    found.append((number, memory_kb()))
    await function_app.close()
    # What is loaded and cached once is there by then.
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
        [measure.at_most("growth of memory", figures["growth_kb_per_run"], 1, "kB per run")],
    )


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(soak(int(sys.argv[1])))).decode())
