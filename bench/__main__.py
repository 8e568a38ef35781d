"""`python -m bench`, which is what `dev.py bench` goes on as."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench import cold_start, decode, load, measure, run, soak, status, sweep, trend
from local.azurite import ROOT, Azurite, find_installation

BENCHMARKS = {
    "decode": decode.run,
    "sweep": sweep.run,
    "run": run.run,
    "cold_start": cold_start.run,
    "status": status.run,
    "trend": trend.run,
    "load": load.run,
    "soak": soak.run,
}
MET = {True: "[green]✓ met[/]", False: "[red]✗ missed[/]", None: ""}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench", description="ratios, side by side")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="tiny sizes: only that they run")
    parser.add_argument("--json", type=Path, default=ROOT / ".local" / "bench.json", metavar="FILE")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    return options


def rows(results: dict[str, measure.Result]) -> Iterator[tuple[str, str, str, str]]:
    for name, result in results.items():
        yield f"[bold]{name}[/] (n = {result.n})", "", "", ""
        for figure, value in result.figures.items():
            yield f"  {figure}", number(value), "", ""
        for target in result.targets:
            yield f"  {target.name}", number(target.value), target.wanted, MET[target.met]


def number(value: float | None) -> str:
    return "not available" if value is None else f"{value:,.2f}"


def show(console: Console, results: dict[str, measure.Result]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Measured")
    table.add_column("Value", justify="right")
    table.add_column("Target")
    table.add_column("")
    for row in rows(results):
        table.add_row(*row)
    console.print(table)


def document(results: dict[str, measure.Result], *, short: bool) -> dict[str, Any]:
    return {
        "schema": "sspr-bench/1",
        "at": datetime.now(UTC),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "short": short,
        "benchmarks": results,
    }


async def measured(names: list[str], console: Console, *, short: bool) -> dict[str, measure.Result]:
    results = {}
    for name in names:
        console.print(f"{name} ...")
        results[name] = await BENCHMARKS[name](short=short)
    return results


def main() -> None:
    options, console = arguments(), Console(highlight=False)
    names = [name for name in BENCHMARKS if name in (options.names or BENCHMARKS)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder), *find_installation()) as storage,
    ):
        os.environ.update({"AzureWebJobsStorage": storage.connection_string})
        results = asyncio.run(measured(names, console, short=options.short))
    show(console, results)
    made = document(results, short=options.short)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    console.print(f"\nwritten to {options.json}")


if __name__ == "__main__":
    main()
