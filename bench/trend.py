"""GET trend of a year of one check, as our handler serves it, against the bare query of days."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

import azure.functions as func
import msgspec
from azure.data.tables.aio import TableClient

import function_app
import monitor
from bench import measure
from bench.status import seconds_of
from shared.graph.client import open_graph
from shared.store import DAYS, store_for
from shared.store.rows import columns, day_key

CHECK = "directory_sync"
GET = func.HttpRequest(
    "GET", "http://localhost/api/trend", params={"window": "365d", "check": CHECK}, body=b""
)
DAYS_STORED = 400


async def run(*, short: bool) -> measure.Result:
    n = 5 if short else 100
    now = datetime.now(UTC)
    async with measure.simulated(2000) as told:
        os.environ.update(told)
        settings = monitor.settings_of_app()
        store = store_for(settings)
        await monitor.run(settings, store, now, connect=partial(open_graph, sleep=measure.at_once))
    (today,) = await store.days(now.date(), now.date())
    for number in range(1, DAYS_STORED):
        day = now.date() - timedelta(days=number)
        await store.set_day(msgspec.structs.replace(today, day=day), None)
    connection = settings.storage.connection_string or ""
    async with TableClient.from_connection_string(connection, DAYS) as table:

        async def served() -> None:
            answer = await function_app.trend(GET)
            if answer.status_code != 200:
                raise RuntimeError(answer.get_body().decode())

        async def queried() -> None:
            rows = table.query_entities(
                "PartitionKey eq @tenant and RowKey ge @last and RowKey le @first",
                parameters={
                    "tenant": told["SSPR_TENANT_ID"],
                    "last": day_key(now.date()),
                    "first": day_key(now.date() - timedelta(days=364)),
                },
                select=["RowKey", *columns([CHECK])],
            )
            assert len([row async for row in rows]) == 365  # noqa: S101 - what is compared

        samples = await measure.side_by_side(n, seconds_of(queried), seconds_of(served))
    await function_app.close()
    bare, ours = map(median, samples)
    return measure.Result(
        n,
        {"query_ms": bare * 1e3, "trend_ms": ours * 1e3},
        [measure.at_most("a year of one check, of the bare query", ours / bare, 2)],
    )
