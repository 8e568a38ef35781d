"""A trial is one cell of the matrix: what is tried, and what was wrong with what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from azure.core.exceptions import AzureError

from faults.world import World

# Real seconds, of which a trial takes one or two; on a busy machine, ten times as many.
_HUNG = 60.0
_LEFT = 20.0


class Cell(msgspec.Struct, frozen=True):
    """A trial that was made. `word` is what came of it; it is right if nothing is `wrong`."""

    part: str
    group: str
    row: str
    column: str
    word: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of it in one word, and everything that should not have."""

    word: str
    wrong: tuple[str, ...] = ()


_NO_STORAGE = Outcome("crashed", ("crashed: storage did not answer",))


@dataclass(frozen=True)
class Trial:
    part: str
    group: str
    row: str
    column: str
    attempt: Callable[[], Awaitable[Outcome]]


async def made(trial: Trial, world: World) -> Cell:
    """Make a trial; nothing that it starts may outlive it."""
    before = asyncio.all_tasks()
    # The emulator may be too slow for this machine, once; where that is the fault, it is not seen
    # here.
    outcome = await _tried(trial) or await _tried(trial) or _NO_STORAGE
    left = await _left(before, world)
    return Cell(
        trial.part, trial.group, trial.row, trial.column, outcome.word, (*outcome.wrong, *left)
    )


async def _tried(trial: Trial) -> Outcome | None:
    """What came of it; None when storage did not answer."""
    try:
        async with asyncio.timeout(_HUNG):
            return await trial.attempt()
    except TimeoutError:
        return Outcome("hung", ("hung",))
    except AzureError:
        return None
    except Exception as error:
        return Outcome("crashed", (f"crashed: {type(error).__name__}: {error}",))


async def _left(before: set[asyncio.Task[object]], world: World) -> tuple[str, ...]:
    """Tasks and connections that are still there when their ends had time to be noticed."""
    until = asyncio.get_running_loop().time() + _LEFT
    while True:
        tasks = [task for task in asyncio.all_tasks() - before if not task.done()]
        if not tasks and not world.graph.connections:
            return ()
        if asyncio.get_running_loop().time() > until:
            named = [task.get_coro() for task in tasks]
            return (f"left: {named}, {world.graph.connections} connections",)
        await asyncio.sleep(0.01)
