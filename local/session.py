"""One run of the app against a simulated (or real) tenant, then serving it until a signal."""

import argparse
import asyncio
import contextlib
import hashlib
import importlib
import io
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from azure.functions.timer import TimerRequest
from rich.console import Console

from local import arguments, table
from local.azurite import ROOT, Azurite, AzuriteError, find_installation
from local.host import Host, LoadError
from simulator import SCENARIOS, TENANT_ID, Simulator, scenario

RUN = "run"
GRAPH = ("SSPR_GRAPH_ENDPOINT", "SSPR_GRAPH_TOKEN")
_CLOSE_SECONDS = 1.0
_HOUR = timedelta(hours=1)

log = logging.getLogger("local")


class RunError(Exception):
    """No run, or no answer about it; the text is for the developer."""


def apply_settings(path: Path, environ: MutableMapping[str, str]) -> None:
    """Takes over the `Values` of local.settings.json; what is set already stays as it is."""
    if not path.exists():
        return
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["Values"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path.name} is not JSON with an object Values: {error!r}") from None
    for name, value in values.items():
        environ.setdefault(name, str(value))


def listen(port: int | None) -> socket.socket:
    """A bound socket: on the port asked for, else on the usual one or any free one."""
    bound = socket.socket()
    if os.name == "posix":  # elsewhere the option would let two programs share the port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port or arguments.DEFAULT_PORT))
        bound.listen()  # two sockets may be bound to one port, but only one can listen
    except OSError as error:
        if port:
            bound.close()
            raise RunError(f"port {port} cannot be used: {error.strerror}") from None
        bound.bind(("127.0.0.1", 0))
        log.warning(
            "port %d is busy, using %d instead", arguments.DEFAULT_PORT, bound.getsockname()[1]
        )
    return bound


@asynccontextmanager
async def serving(host: Host, bound: socket.socket) -> AsyncIterator[str]:
    """Serves the app's HTTP functions; gives their address, route prefix included."""
    runner = web.AppRunner(host.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/{host.prefix}".rstrip("/")
    finally:
        await runner.cleanup()


async def get_status(url: str) -> table.Document:
    """RunError with the app's own words when it has no status to give."""
    accept = {"Accept": "application/json"}
    async with aiohttp.ClientSession() as client, client.get(url, headers=accept) as answer:
        text = await answer.text()
    document = json.loads(text) if "json" in answer.content_type else None
    if not isinstance(document, dict):
        raise RunError(f"{url} answered {answer.status} {answer.reason}, and no JSON")
    if not answer.ok:
        raise RunError(f"{document.get('title', answer.status)}: {document.get('detail', text)}")
    return document


async def run_now(host: Host, status_url: str) -> table.Document:
    """One run outside the schedule, and the status after it; RunError when either is missing."""
    if not await host.fire(RUN, TimerRequest()):
        raise RunError("the run failed, the log above says how")
    document = await get_status(status_url)
    if document["stale"]:
        raise RunError(f"the run was not stored, the latest one is of {document['recorded_at']}")
    return document


async def close(app: Any) -> None:
    """Lets the module function_app close what it keeps open, if it says how."""
    if hasattr(app, "close"):
        await asyncio.wait_for(app.close(), _CLOSE_SECONDS)


@dataclass(frozen=True)
class Watched:
    """A tenant: a name for its folder, and what the app is told about it."""

    name: str
    told: dict[str, str]
    simulator: Simulator | None = None


def span_name(span: timedelta) -> str:
    return f"{span.days}d" if span % timedelta(days=1) == timedelta() else f"{span // _HOUR}h"


@asynccontextmanager
async def watched(options: argparse.Namespace) -> AsyncIterator[Watched]:
    """The tenant that is watched; RunError for what it cannot be."""
    users, history = getattr(options, "users", None), getattr(options, "history", None)
    foreign = options.scenario is None and bool(os.environ.get(GRAPH[0]))
    if history and (options.tenant or foreign):
        whose = "--tenant" if options.tenant else GRAPH[0]
        raise RunError(f"--history is the past of a simulated tenant; it does not go with {whose}")
    if options.tenant:
        for name in GRAPH:
            os.environ.pop(name, None)
        yield Watched(options.tenant, {"SSPR_TENANT_ID": options.tenant})
    elif foreign:
        # Another server that speaks Graph. The app itself sees to it that it is on this machine.
        # Another server or token is another history: a stored slot would not be run again.
        told = "\n".join(os.environ.get(name, "") for name in (*GRAPH, "SSPR_TENANT_ID"))
        yield Watched(f"graph-{hashlib.sha256(told.encode()).hexdigest()[:12]}", {})
    else:
        name = options.scenario or arguments.DEFAULT_SCENARIO
        if name not in SCENARIOS:
            known = ", ".join(sorted(SCENARIOS))
            raise RunError(f"there is no scenario {name!r}; there are: {known}")
        async with Simulator(scenario(name, users=users)) as graph:
            addressed = dict(zip(GRAPH, (graph.endpoint, graph.token()), strict=True))
            # Each length of history is one of its own: nothing can be put before what is stored.
            of_its_own = users or (history and span_name(history))
            folder = f"{name}-{of_its_own}" if of_its_own else name
            yield Watched(folder, {"SSPR_TENANT_ID": TENANT_ID} | addressed, graph)


@asynccontextmanager
async def environment(
    options: argparse.Namespace,
) -> AsyncIterator[tuple[Path, Simulator | None]]:
    """A tenant and a storage emulator in the process's environment; gives the tenant's folder, and
    its simulator if it has one."""
    apply_settings(ROOT / "local.settings.json", os.environ)
    async with watched(options) as tenant:
        location = ROOT / ".local" / "data" / tenant.name
        async with Azurite(location, *find_installation()) as storage:
            os.environ.update(tenant.told | {"AzureWebJobsStorage": storage.connection_string})
            yield location, tenant.simulator


async def session(options: argparse.Namespace) -> None:
    """Everything from the start of the emulator to its end; cancelled to stop serving."""
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(listen(options.port))
        location, simulator = await stack.enter_async_context(environment(options))
        app = importlib.import_module("function_app")  # it may read its settings when imported
        stack.push_async_callback(close, app)
        host = Host(app.app, json.loads((ROOT / "host.json").read_text()), os.environ)
        schedule = host.schedule(RUN)
        if simulator and options.history:
            from local.past import catch_up

            await catch_up(Console(highlight=False), simulator, options.history)
        url = await stack.enter_async_context(serving(host, bound)) + "/status"
        log.info("running the checks ...")
        try:
            document = await run_now(host, url)
        except RunError as error:
            if options.once:
                raise
            log.error("%s (serving on; Ctrl-C to stop)", error)
        else:
            next_run = None if options.once else schedule.after(datetime.now(UTC))
            table.show(Console(highlight=False), document, url, next_run)
        if options.once:
            return
        # What was missed of the main timer has just been made up for.
        (location / "timers" / f"{RUN}.json").unlink(missing_ok=True)
        await host.keep_timers(location / "timers")


async def until_stopped(options: argparse.Namespace) -> int:
    """The exit code: 0, or 130 when a signal came before `--once` had what it wanted."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends us at once
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    work, stopped = asyncio.create_task(session(options)), asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if work.done():
        await work
        return 0
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return 130 if options.once else 0


def main() -> int:
    options = arguments.add_to(argparse.ArgumentParser(prog="dev.py run")).parse_args()
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%SZ",
        level=logging.INFO if options.verbose else logging.WARNING,
    )
    log.setLevel(logging.INFO)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a Windows pipe knows few characters
        sys.stdout.reconfigure(errors="replace")
    try:
        return asyncio.run(until_stopped(options))
    except (AzuriteError, LoadError, RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
