"""GET status at a fixed rate from another process, while the same process has runs to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import aiohttp
import msgspec

from bench import measure
from local.azurite import ROOT

DOCUMENT = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}
# What is asked for: requests a second, for so many seconds.
LOAD = {"status": (DOCUMENT, 50, 60), "page": (PAGE, 5, 20)}
SHORT = {"status": (DOCUMENT, 10, 2), "page": (PAGE, 2, 1)}
PAUSE = 1.0


@contextlib.asynccontextmanager
async def served(told: dict[str, str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The address of the app; the dictionary has the child's own figures once it has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.serving",
        str(PAUSE),
        cwd=ROOT,
        env={**os.environ, **told},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    assert process.stdin  # noqa: S101 - both are pipes
    assert process.stdout  # noqa: S101
    figures: dict[str, Any] = {}
    try:
        yield msgspec.json.decode(await process.stdout.readline()), figures
    finally:
        process.stdin.close()
        with contextlib.suppress(msgspec.DecodeError):
            figures |= msgspec.json.decode(await process.stdout.readline())
        await process.wait()


async def asked(
    url: str, headers: dict[str, str], rate: float, seconds: float
) -> tuple[list[float], int]:
    """Seconds from when each request was due to its whole answer, and how many failed.

    Requests are sent when they are due, whether or not others are answered: a server that stops
    must not be spared. https://github.com/giltene/wrk2#readme
    """
    number = round(rate * seconds)
    took, failures = [0.0] * number, 0
    async with aiohttp.ClientSession(headers=headers) as client:
        start = perf_counter() + 0.1

        async def one(index: int) -> None:
            nonlocal failures
            due = start + index / rate
            await asyncio.sleep(due - perf_counter())
            try:
                async with client.get(f"{url}/status") as answer:
                    body = await answer.read()
                    failures += answer.status != 200 or not body
            except aiohttp.ClientError:
                failures += 1
            took[index] = perf_counter() - due

        await asyncio.gather(*map(one, range(number)))
    return took, failures


async def run(*, short: bool) -> measure.Result:
    figures: dict[str, float | None] = {}
    errors, samples = 0, 0
    async with measure.simulated(2000) as told, served(told) as (url, of_child):
        for name, (headers, rate, seconds) in (SHORT if short else LOAD).items():
            await asked(url, headers, 2, 1)  # the first one loads the templates
            took, failures = await asked(url, headers, rate, seconds)
            errors, samples = errors + failures, samples + len(took)
            figures |= {
                f"{name}_per_second": rate,
                f"{name}_p50_ms": measure.percentile(took, 50) * 1e3,
                f"{name}_p99_ms": measure.percentile(took, 99) * 1e3,
                f"{name}_most_ms": max(took) * 1e3,
            }
    if of_child["failed"]:
        raise RuntimeError("a run failed while requests were answered")
    blocks = of_child["blocks"]
    figures |= {
        "errors": errors,
        "runs_meanwhile": of_child["runs"],
        "loop_blocked_p99_ms": measure.percentile(blocks, 99) * 1e3,
        "loop_blocked_most_ms": max(blocks) * 1e3,
    }
    return measure.Result(
        samples,
        figures,
        [
            measure.at_most("errors", errors, 0, "errors"),
            measure.at_most("status, 99 of 100", figures["status_p99_ms"], 100, "ms"),
            measure.at_most("page, 99 of 100", figures["page_p99_ms"], 500, "ms"),
            measure.at_most("event loop blocked", figures["loop_blocked_most_ms"], 250, "ms"),
        ],
    )
