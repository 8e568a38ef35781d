"""The app beside a real storage emulator and a strict Graph simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

import checks
from local.azurite import ROOT, Azurite, find_installation
from shared.graph.client import Graph, open_graph
from shared.settings import Settings, load
from shared.store import Store, close_stores, store_for
from simulator import Simulator, Tenant, scenario

NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string to an emulator that lives as long as the tests."""
    location: Path = tmp_path_factory.mktemp("tables")
    with Azurite(location, *find_installation()) as azurite:
        yield azurite.connection_string


@pytest.fixture(scope="module")
def api(storage: str) -> Iterator[str]:
    """The address of the app, served in a process of its own, with some history behind it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SSPR_", "Azure"))}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.served"],
        cwd=ROOT,
        env=environment | {"AzureWebJobsStorage": storage},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


class World:
    """One tenant: a simulator with its clock at NOW, an app of its own, and no history."""

    def __init__(self, graph: Simulator, environment: dict[str, str]) -> None:
        self.graph = graph
        self.environment = environment
        self.waits: list[float] = []

    def settings(self, **environment: str) -> Settings:
        return load(self.environment | environment, checks.THRESHOLDS)

    def store(self) -> Store:
        return store_for(self.settings())

    async def sleep(self, seconds: float) -> None:
        """Waiting costs nothing but moves the simulator's clock."""
        self.waits.append(seconds)
        self.graph.advance(timedelta(seconds=seconds))

    def clock(self) -> float:
        return self.graph.now().timestamp()

    @property
    def connect(self) -> Callable[..., AbstractAsyncContextManager[Graph]]:
        """Graph in the simulator's time."""
        return partial(open_graph, sleep=self.sleep, clock=self.clock)


@pytest.fixture
async def world(storage: str) -> AsyncIterator[World]:
    """The tenant `contoso`; assign `world.graph.tenant` for another."""
    tenant: Tenant = scenario("contoso")
    async with Simulator(tenant, clock=lambda: NOW) as graph:
        yield World(
            graph,
            {
                "AzureWebJobsStorage": storage,
                "SSPR_TENANT_ID": str(uuid4()),
                "SSPR_GRAPH_ENDPOINT": graph.endpoint,
                "SSPR_GRAPH_TOKEN": graph.token(),
            },
        )
    await close_stores()
