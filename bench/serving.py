"""The child of `load`: serves the app, lets runs happen meanwhile, and watches its event loop.

All in one process and on one event loop, as the Functions worker has them.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from functools import partial
from importlib import import_module

import function_app
import monitor
from bench import measure
from bench.run import SLOT
from local.azurite import ROOT
from local.host import Host
from local.session import serving
from shared.graph.client import open_graph
from shared.store import store_for


async def serve(pause: float) -> None:
    """Until standard input ends; one run after the other, with so many seconds in between."""
    # What the first page loads is cold start, once in the life of a process, and not counted here.
    import_module("shared.web.page")
    settings = monitor.settings_of_app()
    store, connect = store_for(settings), partial(open_graph, sleep=measure.at_once)
    now, runs = measure.NOW, 0

    async def run() -> None:
        nonlocal now, runs
        now, runs = now + SLOT, runs + 1
        await monitor.run(settings, store, now, connect=connect)

    async def go_on_running() -> None:
        while True:
            await asyncio.sleep(pause)
            await run()

    await run()
    host = Host(function_app.app, json.loads((ROOT / "host.json").read_text("utf-8")), os.environ)
    async with serving(host, socket.create_server(("127.0.0.1", 0))) as url:
        print(json.dumps(url), flush=True)
        runs = 0
        running = asyncio.create_task(go_on_running())
        async with measure.Blocks() as blocks:
            await asyncio.to_thread(sys.stdin.read)
        failed = running.done()
        running.cancel()
    await function_app.close()
    figures = {"runs": runs, "failed": failed, "blocks": list(blocks.samples)}
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
