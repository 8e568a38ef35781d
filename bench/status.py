"""GET status, as our handler serves it, against the bare read of the same row."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from time import perf_counter

import azure.functions as func
from azure.data.tables.aio import TableClient

import function_app
import monitor
from bench import measure
from shared.graph.client import open_graph
from shared.store import CURRENT, STATE, store_for

GET = func.HttpRequest(method="GET", url="http://localhost/api/status", body=b"")


def seconds_of(task: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[float]]:
    async def measured() -> float:
        started = perf_counter()
        await task()
        return perf_counter() - started

    return measured


async def run(*, short: bool) -> measure.Result:
    n = 5 if short else 300
    async with measure.simulated(2000) as told:
        os.environ.update(told)
        settings = monitor.settings_of_app()
        connect = partial(open_graph, sleep=measure.at_once)
        await monitor.run(settings, store_for(settings), measure.NOW, connect=connect)
    connection = settings.storage.connection_string or ""
    async with TableClient.from_connection_string(connection, STATE) as table:

        async def served() -> None:
            answer = await function_app.status(GET)
            if answer.status_code != 200:
                raise RuntimeError(answer.get_body().decode())

        async def read() -> None:
            await table.get_entity(told["SSPR_TENANT_ID"], CURRENT)

        samples = await measure.side_by_side(n, seconds_of(read), seconds_of(served))
    await function_app.close()
    bare, ours = map(median, samples)
    return measure.Result(
        n,
        {"read_ms": bare * 1e3, "status_ms": ours * 1e3},
        [measure.at_most("status, of the bare read", ours / bare, 1.5)],
    )
