"""`python -m faults`, which is what `dev.py faults` goes on as."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from faults import clocks, graph, killed, sign_in, storage
from faults.scene import set_up
from faults.show import show
from faults.trial import Cell, Trial, made

PARTS: dict[str, Callable[..., Awaitable[list[Trial]]]] = {
    graph.PART: graph.trials,
    sign_in.PART: sign_in.trials,
    clocks.PART: clocks.trials,
    killed.PART: killed.trials,
    storage.PART: storage.trials,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py faults", description="every fault at every place, as a matrix"
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--short", action="store_true", help="a few of each kind, for the tests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all cells there, too")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}")
    return options


async def tried(parts: Sequence[str], console: Console, *, short: bool) -> list[Cell]:
    """Every trial of these parts, with progress; each part with an emulator that is still small."""
    cells: list[Cell] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        for part in parts:
            bar = progress.add_task(part, total=None)
            async with set_up() as scene:
                trials = await PARTS[part](scene, short=short)
                progress.update(bar, total=len(trials))
                for trial in trials:
                    progress.update(bar, description=f"{part}: {trial.row}, {trial.column}")
                    cells.append(await made(trial, scene.world))
                    progress.advance(bar)
                progress.update(bar, description=part)
    return cells


def document(cells: Sequence[Cell], seconds: float, *, short: bool) -> dict[str, Any]:
    return {
        "schema": "sspr-faults/1",
        "at": datetime.now(UTC),
        "short": short,
        "seconds": round(seconds, 1),
        "cells": cells,
    }


def main() -> None:
    options, console = arguments(), Console(highlight=False)
    # Each fault is told in the log as well; here the matrix tells it.
    logging.disable(logging.CRITICAL)
    parts = [part for part in PARTS if part in (options.parts or PARTS)]
    started = time.monotonic()
    cells = asyncio.run(tried(parts, console, short=options.short))
    seconds = time.monotonic() - started
    show(console, cells)
    wrong = sum(bool(cell.wrong) for cell in cells)
    console.print(f"\n{len(cells):,} cells in {seconds:.0f} s, {wrong or 'none'} wrong")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        made = document(cells, seconds, short=options.short)
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
