"""Every request to storage, of whatever the app does, with every fault that it can meet."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import azure.functions as func
import msgspec
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import AioHttpTransport

import function_app
import shared.store
from faults.history import Stored, read
from faults.operations import ACTS, Operation, wrong
from faults.proxy import Ill, Plan, Proxy
from faults.scene import Scene
from faults.trial import Outcome, Trial
from faults.world import NOW, World
from shared.model import Run
from shared.store import Store

PART = "storage"

COLUMNS: dict[str, Callable[[int], Plan]] = {
    "hangs": lambda number: Plan(number, Ill.HANGS, times=None),
    "hang once": lambda number: Plan(number, Ill.HANGS),
    "409": lambda number: Plan(number, Ill.REFUSED, status=409),
    "412": lambda number: Plan(number, Ill.REFUSED, status=412),
    "503": lambda number: Plan(number, Ill.REFUSED, times=None),
    "503 once": lambda number: Plan(number, Ill.REFUSED),
    "dropped": lambda number: Plan(number, Ill.DROPPED, times=None),
    "drop once": lambda number: Plan(number, Ill.DROPPED),
    "reply lost": lambda number: Plan(number, Ill.REPLY_LOST),
    "restart": lambda number: Plan(number, Ill.RESTARTED),
}
ANSWERS = ("status", "trend", "changes", "metrics", "healthz")

# Seconds for which a request to storage waits here, and how often it is tried again: ten, and
# three times, in earnest.
_IMPATIENT = {"read_timeout": 1.0, "retry_total": 1}


@dataclass(frozen=True)
class Reference:
    """How an operation goes when nothing is wrong: its requests, and what is stored after all."""

    operation: Operation
    calls: tuple[str, ...]
    stored: Stored


@contextmanager
def impatient() -> Iterator[None]:
    """The tables' client gives up soon, and does not wait before it tries again."""

    async def at_once(transport: object, duration: float) -> None:
        return

    with (
        patch.object(shared.store, "_PATIENCE", {**shared.store._PATIENCE, **_IMPATIENT}),
        patch.object(AioHttpTransport, "sleep", at_once),
    ):
        yield


async def trials(scene: Scene, *, short: bool) -> list[Trial]:
    behind, proxy = scene.behind, scene.proxy
    known = await scene.operations()
    references = [
        await _reference(behind, proxy, operation)
        for name, operation in known.items()
        if not short or name == "run"
    ]
    found = [
        _trial(
            reference.operation.name,
            number,
            call,
            column,
            partial(_attempt, behind, proxy, reference, plan(number)),
        )
        for reference in references
        for number, call in enumerate(reference.calls)
        for column, plan in COLUMNS.items()
    ]
    return _thinned(found) if short else found + await _answers(behind, proxy, known["sweep"])


def _trial(group: str, number: int, call: str, column: str, attempt: Any) -> Trial:
    return Trial(PART, group, f"{number + 1:02d} {call}", column, attempt)


def _thinned(found: list[Trial]) -> list[Trial]:
    """Each column once, at requests that are spread over the operation."""
    rows = list(dict.fromkeys(trial.row for trial in found))
    columns = list(COLUMNS)
    chosen = {(rows[-1 - i * len(rows) // len(columns)], c) for i, c in enumerate(columns)}
    return [trial for trial in found if (trial.row, trial.column) in chosen]


async def _reference(world: World, proxy: Proxy, operation: Operation) -> Reference:
    tenant = await operation.begin(world)
    async with _instance(world, tenant) as store:
        proxy.begin()
        await ACTS[operation.name](world.settings(tenant), store, world.connect)
        calls = tuple(map(str, proxy.calls))
    return Reference(operation, calls, await operation.go_on(world, tenant))


@asynccontextmanager
async def _instance(world: World, tenant: str) -> AsyncIterator[Store]:
    """An instance of the app with connections of its own, which has just been started."""
    with impatient():
        store = shared.store._connect(world.settings(tenant))
        try:
            yield store
        finally:
            await store.close()


async def _attempt(world: World, proxy: Proxy, known: Reference, plan: Plan) -> Outcome:
    operation = known.operation
    tenant = await operation.begin(world)
    settings = world.settings(tenant)
    before = await read(world.store(tenant), NOW)
    proxy.begin(plan)
    done: object = None
    async with _instance(world, tenant) as store:
        try:
            done = await ACTS[operation.name](settings, store, world.connect)
            word = "held"
        except AzureError:
            word = "failed"
    met = len(proxy.calls) > plan.number
    await proxy.heal()
    stored = await operation.go_on(world, tenant)
    found = list(wrong(stored, before, known.stored, settings))
    if not met:
        found.append("unmet: there was no such request")
    if isinstance(done, Run) and stored.run(done.slot) != done:
        found.append("lost: the run that was told of")
    return Outcome(word, tuple(found))


# What is answered over HTTP: what was asked for, or that storage cannot be reached.


async def _answers(world: World, proxy: Proxy, operation: Operation) -> list[Trial]:
    tenant = await operation.begin(world)
    trials = []
    for name in ANSWERS:
        proxy.begin()
        if await _answered(world, tenant, name) != 200:
            raise AssertionError(f"without any fault, {name} has no answer")
        trials += [
            _trial(
                "answers",
                number,
                f"{call} ({name})",
                column,
                partial(_ask, world, proxy, tenant, name, plan(number)),
            )
            for number, call in enumerate(map(str, list(proxy.calls)))
            for column, plan in COLUMNS.items()
        ]
    return trials


async def _ask(world: World, proxy: Proxy, tenant: str, name: str, plan: Plan) -> Outcome:
    proxy.begin(plan)
    status = await _answered(world, tenant, name)
    met = len(proxy.calls) > plan.number
    await proxy.heal()
    found = [] if met else ["unmet: there was no such request"]
    if status not in (200, 503):
        found.append(f"status: {status}")
    if await _answered(world, tenant, name) != 200:
        found.append("next: still no answer")
    return Outcome("held" if status == 200 else "told", tuple(found))


async def _answered(world: World, tenant: str, name: str) -> int:
    """The status of an answer; what the newest run is old by is no matter here."""
    handler: Any = getattr(function_app, name)
    request = func.HttpRequest("GET", f"/api/{name}", params={}, headers={}, body=b"")
    environment = {**world.environment, "SSPR_TENANT_ID": tenant}
    async with _instance(world, tenant) as store:
        with (
            patch.dict(os.environ, environment),
            patch.object(function_app, "store_for", lambda settings: store),
        ):
            answer = await handler(request)
    if name == "healthz":
        signs = msgspec.json.decode(answer.get_body())["checks"]
        return 200 if signs["storage"][0]["status"] == "pass" else 503
    return int(answer.status_code)
