"""Runs that are announced to an ingestion endpoint on this machine, and queries over what arrived."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import monitor
from shared import telemetry
from simulator import scenario
from tests.conftest import World
from tests.telemetry.ingestion import Ingestion
from tests.telemetry.kusto import Answer, Kusto, query

EVERY = timedelta(minutes=15)


@pytest.fixture
def exporting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has sent nothing yet, and keeps what it could not send to itself."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in telemetry._OF_THE_EXPORTER:
        monkeypatch.setenv(name, "true")
    telemetry._pipeline.cache_clear()
    yield
    if telemetry._pipeline.cache_info().currsize:
        pipeline = telemetry._pipeline()
        pipeline._measured = ()
        pipeline._logs.shutdown()
        pipeline._metrics.shutdown()
    telemetry._pipeline.cache_clear()


@pytest.fixture
def ingestion(exporting: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingestion]:
    with Ingestion() as server:
        monkeypatch.setenv(telemetry.CONNECTION_STRING, server.connection_string)
        yield server


class Watch:
    """One tenant that is watched every 15 minutes, and the tables that its runs have filled."""

    def __init__(self, world: World, ingestion: Ingestion) -> None:
        self.world, self.ingestion = world, ingestion

    async def runs(self, number: int, name: str | None = None) -> None:
        """Let the next runs happen, in this scenario from now on."""
        if name:
            self.world.graph.tenant = scenario(name)
        for _ in range(number):
            self.world.graph.advance(EVERY)
            await monitor.run(
                self.world.settings(),
                self.world.store(),
                self.world.graph.now(),
                connect=self.world.connect,
            )

    def ask(self, name: str, *, after: timedelta = timedelta(minutes=5), **put: str) -> Answer:
        """What a query answers some time after the last run; `put` replaces a `let`, as Bicep does."""
        with Kusto(self.ingestion.envelopes) as tables:
            return tables.ask(query(name, **put), self.world.graph.now() + after)

    def firing(self, name: str, *, after: timedelta = timedelta(minutes=5), **put: str) -> Answer:
        """The rows for which an alert fires."""
        return [row for row in self.ask(name, after=after, **put) if row["firing"] > 0]


@pytest.fixture
def watch(world: World, ingestion: Ingestion) -> Watch:
    return Watch(world, ingestion)
