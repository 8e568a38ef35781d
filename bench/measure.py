"""What the benchmarks share: targets, medians side by side, and processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import msgspec

from local.azurite import ROOT

T = TypeVar("T")

# The tenants' clock stands still, so that every measurement is asked for the same rows.
NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)


class Target(msgspec.Struct, frozen=True):
    """A figure that was promised; `met` is None where it cannot be measured."""

    name: str
    value: float | None
    wanted: str
    met: bool | None


class Result(msgspec.Struct, frozen=True):
    """`n` is how many samples a median is of; figures carry their unit in their name."""

    n: int
    figures: dict[str, float | None]
    targets: list[Target]


def at_most(name: str, value: float | None, limit: float, unit: str = "times") -> Target:
    return Target(name, value, f"<= {limit:g} {unit}", None if value is None else value <= limit)


def at_least(name: str, value: float, limit: float, unit: str = "times") -> Target:
    return Target(name, value, f">= {limit:g} {unit}", value >= limit)


async def side_by_side(n: int, *tasks: Callable[[], Awaitable[T]]) -> list[tuple[T, ...]]:
    """`n` samples of each task, taken in turns; a first round warms up and does not count."""
    rounds = [[await task() for task in tasks] for _ in range(n + 1)]
    return list(zip(*rounds[1:], strict=True))


async def at_once(seconds: float) -> None:
    """Pacing keeps a report's rate limit, not a cost of ours, so nothing here waits."""


def peak_memory_mb() -> float | None:
    """The most memory that this process ever had; None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its maximum outlives execve, so a child would begin with its
        # parent's. https://man7.org/linux/man-pages/man2/getrusage.2.html
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


async def fresh(*arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """What a new interpreter prints, as JSON; fails when it does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {process.returncode}")
    return msgspec.json.decode(out)


Advance = Callable[[timedelta], Awaitable[None]]


@contextlib.asynccontextmanager
async def tenant(users: int, now: datetime = NOW) -> AsyncIterator[tuple[dict[str, str], Advance]]:
    """A simulator in a process of its own: what tells the app of it, with no history, and what
    moves its clock."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.tenant",
        str(users),
        now.isoformat(),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    wanted, answers = process.stdin, process.stdout
    assert wanted  # noqa: S101 - both are pipes
    assert answers  # noqa: S101

    async def advance(by: timedelta) -> None:
        wanted.write(f"{by.total_seconds()}\n".encode())
        await answers.readline()

    try:
        told: dict[str, str] = msgspec.json.decode(await answers.readline())
        yield told | {"SSPR_TENANT_ID": str(uuid4())}, advance
    finally:
        wanted.close()
        await process.wait()


@contextlib.asynccontextmanager
async def simulated(users: int) -> AsyncIterator[dict[str, str]]:
    """The same, its clock standing still."""
    async with tenant(users) as (told, _):
        yield told


class Blocks:
    """How long the event loop kept others waiting: seconds, a sample every ten milliseconds."""

    EVERY = 0.01

    def __init__(self) -> None:
        self.samples = array("d")

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + self.EVERY
            await asyncio.sleep(self.EVERY)
            self.samples.append(max(0.0, time.perf_counter() - due))


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample that so many percent are not above."""
    ordered = sorted(samples)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
