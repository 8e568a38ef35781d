"""`dev.py sweep`: the registration sweep by hand, with its progress. Ctrl-C loses little."""

import argparse
import asyncio
import logging
import sys
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from local import arguments
from local.azurite import AzuriteError
from local.session import RunError, environment

DAY = 86_400.0


def shown(rows: int, pages: int, seconds: float) -> str:
    rate = pages / seconds if seconds else 0.0
    return f"{pages:,} pages, {rows:,} rows, {rate:.1f} pages/s, {seconds:.0f} s"


async def sweeping(console: Console) -> None:
    """One sweep to its end; what an earlier one began is gone on with."""
    from checks.registration_report import Coverage, Registration
    from collect import sweep
    from monitor import settings_of_app
    from shared.graph.client import open_graph
    from shared.settings import SettingsError
    from shared.store import close_stores, store_for

    def rows(counts: Registration) -> int:
        users, administrators = counts.users.members, counts.administrators.members
        return users + administrators + counts.guests + counts.unclear

    try:
        settings = settings_of_app()
    except SettingsError as error:
        raise RunError(f"Settings need attention: {error}") from None
    store, started, pages = store_for(settings), time.monotonic(), 0

    def progress(state: sweep.Sweep) -> None:
        nonlocal pages
        pages += state.failed_for is None
        counts = state.underway.counts if state.underway else state.finished or Registration()
        status.update(shown(rows(counts), pages, time.monotonic() - started))

    def line(who: str, found: Coverage) -> tuple[str, ...]:
        numbers = (found.members, found.enabled, found.registered, found.capable)
        ratio = "-" if found.ratio is None else f"{found.ratio:.1%}"
        return (who, *(f"{number:,}" for number in numbers), ratio)

    try:
        await store.prepare()
        with console.status("reading the registration report ...") as status:
            async with open_graph(settings, seconds=DAY) as graph:
                now = datetime.now(UTC)
                done = await sweep.advance(graph, store, now, seconds=DAY, progress=progress)
    finally:
        await close_stores()
    if done.failed_for:
        raise RunError(f"the report could not be read: {done.failed_for} ({done.failed_detail})")
    report = done.finished or Registration()
    table = Table("", "Members", "Enabled", "Registered", "Capable", "Capable / Enabled", box=None)
    table.add_row(*line("Users", report.users))
    table.add_row(*line("Administrators", report.administrators))
    console.print(table)
    console.print(shown(rows(report), pages, time.monotonic() - started))


async def main(options: argparse.Namespace) -> None:
    async with environment(options):
        await sweeping(Console(highlight=False))


if __name__ == "__main__":
    given = arguments.add_to_sweep(argparse.ArgumentParser(prog="dev.py sweep")).parse_args()
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(main(given))
    except (AzuriteError, RunError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the next start goes on where this one stopped")
