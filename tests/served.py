"""Serves the app with a simulated tenant and some history; prints where, and ends with its input.

In a process of its own, as the app reads its settings from the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec

import function_app
import monitor
from local.host import Host, Keys
from local.session import serving
from shared.graph.client import open_graph
from shared.model import Change, State
from shared.store import store_for
from simulator import Simulator, scenario

HOST_JSON = json.loads((Path(__file__).parent.parent / "host.json").read_text("utf-8"))
KEYS = Keys(function="function-key", master="master-key")


async def at_once(seconds: float) -> None:
    """Nothing here waits."""


async def fill(now: datetime) -> None:
    """A run, what it brought, and what had been before."""
    settings = monitor.settings_of_app()
    store = store_for(settings)
    run = await monitor.run(settings, store, now, connect=partial(open_graph, sleep=at_once))
    for hours in range(1, 60, 7):
        slot = now.replace(microsecond=0) - timedelta(hours=hours)
        await store.add_run(msgspec.structs.replace(run, slot=slot, interval=6 * 3600.0))
        await monitor.roll_up(store, slot.date())
        await store.add_changes(
            Change(check, slot, slot, State.HEALTHY, State.WARNING, "code", 60.0)
            for check in ("writeback", "directory_sync")
        )


async def main() -> None:
    async with Simulator(scenario("contoso")) as graph:
        os.environ.update(
            {
                "SSPR_TENANT_ID": str(uuid4()),
                "SSPR_GRAPH_ENDPOINT": graph.endpoint,
                "SSPR_GRAPH_TOKEN": graph.token(),
                # So that no test falls on the time of the next run.
                "SSPR_SCHEDULE": "0 0 0 1 1 *",
            }
        )
        await fill(datetime.now(UTC))
        host = Host(function_app.app, HOST_JSON, os.environ, KEYS)
        async with serving(host, socket.create_server(("127.0.0.1", 0))) as url:
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
        await function_app.close()


if __name__ == "__main__":
    asyncio.run(main())
