"""A run that is killed is run again: nothing is lost, doubled or wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import pytest

import function_app
import monitor
from shared.store import CURRENT, RUNS, STATE, close_stores, store_for
from simulator import Simulator, scenario

ROOT = Path(__file__).parent.parent
RUN = "import asyncio, function_app; asyncio.run(function_app.run(None))"


class Killer:
    """Starts the run in a process of its own, and kills it when the simulator is asked to wait."""

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, cwd=ROOT, env=os.environ
        )

    async def kill(self, seconds: float) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


async def rows(store, table):
    client = store._service.get_table_client(table)
    query = client.query_entities("PartitionKey eq @t", parameters={"t": store._tenant})
    return [row["RowKey"] async for row in query]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize(
    "where",
    [
        "/$batch",
        "/organization",
        "/auditLogs/directoryAudits",
        "/reports/authenticationMethods/userRegistrationDetails",
    ],
)
async def test_a_run_killed_on_its_way_is_repeated_whole(storage, monkeypatch, where):
    killer = Killer()
    async with Simulator(scenario("sync-stale"), sleep=killer.kill, throttling=False) as graph:
        environment = {
            "AzureWebJobsStorage": storage,
            "SSPR_TENANT_ID": str(uuid4()),
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.token(),
            # One slot a day, so that both tries belong to one.
            "SSPR_SCHEDULE": "0 0 0 * * *",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        rule = graph.fail(where, delay=1)
        await killer.start()
        assert await asyncio.wait_for(killer.process.wait(), 60) == -signal.SIGKILL
        assert rule.hits == 1

        store = store_for(monitor.settings_of_app())
        await store.prepare()
        assert await rows(store, RUNS) == []
        await function_app.run(None)
        assert len(await rows(store, RUNS)) == 1
        assert sorted(await rows(store, STATE)) == ["audit", CURRENT, "gathered", "sweep"]
        current = (await store.current()).value
        assert current is not None
        codes = {v.check: v.code for v in current.run.verdicts}
        assert codes["directory_sync"] == "sync_stopped"
        assert codes["writeback"] == "capped_by_sync"
        assert codes["registration"] == "well_registered"
    await close_stores()
