"""Where the faults happen: the app beside a simulated tenant, in a time that only waiting moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import checks
from shared.graph import client
from shared.graph.client import Graph, open_graph
from shared.settings import Settings, load
from shared.store import Store, store_for
from simulator import Simulator, scenario

NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
STEP = timedelta(minutes=15)
# When the tenants began to be as they are shown, so that they have a past.
STARTED = NOW - timedelta(days=1)
# Two pages of the registration report.
USERS = 1100

# Tables are reached over one connection, whoever they belong to.
SHARED = "00000000-0000-4000-8000-000000000000"

# The real seconds that stand for the patience of a request, where one hangs.
PATIENCE = 0.8
_SHARE = PATIENCE / client.REQUEST_TIMEOUT


class Clock:
    """The time of the world, and for how long the app has waited, each time."""

    def __init__(self) -> None:
        self.at = NOW
        self.waits: list[float] = []

    async def wait(self, seconds: float) -> None:
        """What the app waits on: only the clock moves."""
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)

    async def linger(self, seconds: float) -> None:
        """What the simulator waits on: real time as well, so that its caller loses patience."""
        await asyncio.sleep(seconds * _SHARE)
        self.at += timedelta(seconds=seconds)


class Foreign:
    """A host that is not Graph. What it hears is kept; it says nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(2**16))
        writer.close()

    async def __aenter__(self) -> Foreign:
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        await self._server.wait_closed()


class World:
    """The app's surroundings: a simulator, tables, and a host that must never hear of us."""

    def __init__(self, storage: str, graph: Simulator, foreign: Foreign, clock: Clock) -> None:
        self.graph = graph
        self.foreign = foreign
        self.clock = clock
        self.environment = {
            "AzureWebJobsStorage": storage,
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.token(),
        }

    def show(self, name: str, at: datetime = NOW) -> None:
        """Show a scenario, healed, at a time."""
        self.graph.heal()
        self.graph.requests.clear()
        self.graph.show(scenario(name, users=USERS), STARTED)
        self.foreign.heard.clear()
        self.clock.waits.clear()
        self.clock.at = at

    def settings(self, tenant: str) -> Settings:
        return load(self.environment | {"SSPR_TENANT_ID": tenant}, checks.THRESHOLDS)

    def store(self, tenant: str) -> Store:
        """The tables of a tenant, as an instance sees them that has just been started."""
        return Store(store_for(self.settings(SHARED))._service, tenant)

    @property
    def connect(self) -> Callable[..., AbstractAsyncContextManager[Graph]]:
        """Graph in the world's time."""
        return partial(
            open_graph,
            sleep=self.clock.wait,
            clock=lambda: self.clock.at.timestamp(),
            now=lambda: self.clock.at,
        )


def anybody() -> str:
    """A tenant that nobody has stored anything of."""
    return str(uuid4())


@asynccontextmanager
async def opened(storage: str) -> AsyncIterator[World]:
    """A world with the tables of a connection string."""
    clock = Clock()
    async with (
        Foreign() as foreign,
        Simulator(
            scenario("healthy", users=USERS),
            clock=lambda: clock.at,
            throttling=False,
            sleep=clock.linger,
        ) as graph,
    ):
        yield World(storage, graph, foreign, clock)


@contextmanager
def impatient() -> Iterator[None]:
    """Requests lose patience as soon as the simulator's waiting stands for it."""
    whole, client.REQUEST_TIMEOUT = client.REQUEST_TIMEOUT, PATIENCE
    try:
        yield
    finally:
        client.REQUEST_TIMEOUT = whole
