"""What the benchmarks share: targets, medians side by side, and processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
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


@contextlib.asynccontextmanager
async def simulated(users: int) -> AsyncIterator[dict[str, str]]:
    """A simulator in a process of its own; gives what tells the app of it, with no history."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.tenant",
        str(users),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin  # noqa: S101 - both are pipes
    assert process.stdout  # noqa: S101
    try:
        told: dict[str, str] = msgspec.json.decode(await process.stdout.readline())
        yield told | {"SSPR_TENANT_ID": str(uuid4())}
    finally:
        process.stdin.close()
        await process.wait()
