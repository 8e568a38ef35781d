"""The platform's identity endpoint, which hands out the tokens, with every fault of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from aiohttp import web

import monitor
from faults.graph import Reference, reference
from faults.history import Stored, different, inconsistent, put, read, said, same
from faults.scene import Scene
from faults.storage import impatient
from faults.trial import Outcome, Trial
from faults.world import NOW, STEP, World, anybody
from shared.graph import client, credentials
from shared.graph.client import REQUEST_TIMEOUT
from shared.model import Reason, Run
from simulator import HTML

PART = "sign-in"

# The real seconds that stand for the patience with the identity endpoint.
_PATIENCE = 0.5
_IN_EARNEST = timedelta(seconds=credentials.SIGN_IN_SECONDS)
_GOOD = {"access_token": "", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}

FAULTS: Mapping[str, Any] = {
    "400": 400,
    "403": 403,
    "404": 404,
    "429": 429,
    "500": 500,
    "503": 503,
    "dropped": "dropped",
    "hangs": "hangs",
    "html": HTML,
    "empty": b"",
    "cut": b'{"access_',
    "list": [],
    "number": 7,
    "null": {**_GOOD, "access_token": None},
    "object": {**_GOOD, "access_token": {}},
    "blank": _GOOD,
    "umlaut": {**_GOOD, "access_token": "tökén"},
    "foreign": {**_GOOD, "access_token": "of somebody else"},
    "no end": {"access_token": "t", "resource": "r"},
    "odd end": {**_GOOD, "access_token": "t", "expires_on": "never"},
    "no resource": {"access_token": "t", "expires_on": "4102444800"},
}
"""What it says instead: a status, a way to fare ill, or a body."""


class Identity:
    """The identity endpoint of App Service, for as long as the context lasts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._over = asyncio.Event()
        self.asked = 0
        self.fault: Any = None
        self.times: int | None = None

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked += 1
        faulty = self.fault is not None and (self.times is None or self.asked <= self.times)
        if not faulty:
            token = self._world.environment["SSPR_GRAPH_TOKEN"]
            return web.json_response({**_GOOD, "access_token": token})
        if self.fault == "hangs":
            self._world.clock.at += _IN_EARNEST
            await self._over.wait()
        if isinstance(self.fault, str):
            assert request.transport  # noqa: S101 - it has not been closed yet
            request.transport.abort()
            return web.Response()
        if isinstance(self.fault, int) and self.fault >= 400:
            return web.json_response({"error": "x"}, status=self.fault)
        if isinstance(self.fault, bytes):
            return web.Response(body=self.fault, content_type="application/json")
        return web.json_response(self.fault)

    def heal(self) -> None:
        self.fault = None
        self._over.set()

    async def __aenter__(self) -> Identity:
        app = web.Application()
        app.router.add_get("/token", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/token"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.heal()
        await self._runner.cleanup()


async def trials(scene: Scene, *, short: bool) -> list[Trial]:
    world = scene.world
    known = await reference(world, "healthy", anew=False)
    names = ("403", "hangs", "null") if short else tuple(FAULTS)
    return [
        Trial(PART, PART, row, name, partial(_attempt, world, known, FAULTS[name], times))
        for row, times in (("always", None), ("once", 1))
        for name in names
        if not (short and times)
    ]


async def _attempt(world: World, known: Reference, fault: Any, times: int | None) -> Outcome:
    world.show("healthy")
    tenant = anybody()
    await put(world.store(tenant), known.past)
    async with _signing_in(world) as identity:
        identity.fault, identity.times = fault, times
        seen = await _run(world, tenant, 0)
        asked = identity.asked
        spent = (world.clock.at - NOW).total_seconds()
        identity.heal()
        later = await _run(world, tenant, 1)
    stored = await read(world.store(tenant), NOW)
    found = [] if asked else ["unmet: nobody asked for a token"]
    found += _wrong(known, seen, later, stored, times)
    found += inconsistent(stored, world.settings(tenant))
    found += different(stored, known.stored)
    if spent > monitor.RUN_SECONDS + REQUEST_TIMEOUT:
        found.append(f"budget: {spent:.0f} s")
    return Outcome("sign-in" if _failed(seen) else "=", tuple(found))


async def _run(world: World, tenant: str, step: int) -> Run:
    at = world.clock.at = NOW + step * STEP
    return await monitor.run(world.settings(tenant), world.store(tenant), at, connect=world.connect)


def _failed(run: Run) -> bool:
    return any(verdict.code == Reason.SIGN_IN_FAILED for verdict in run.verdicts)


@asynccontextmanager
async def _signing_in(world: World) -> AsyncIterator[Identity]:
    """The app signs in as it does in Azure, with no patience worth waiting for."""
    async with Identity(world) as identity:
        platform = {"IDENTITY_ENDPOINT": identity.url, "IDENTITY_HEADER": "secret"}
        with (
            patch.dict(os.environ, platform),
            patch.object(client, "SimulatorToken", lambda token: credentials.azure_credential()),
            patch.object(credentials, "SIGN_IN_SECONDS", _PATIENCE),
            impatient(),
        ):
            yield identity


def _wrong(
    known: Reference, seen: Run, later: Run, stored: Stored, times: int | None
) -> Iterator[str]:
    for before, verdict in zip(known.now.verdicts, seen.verdicts, strict=True):
        code = f"{verdict.check} {verdict.state} {verdict.code}"
        if verdict.check == "endpoints":
            expected = same(before, verdict)
        elif times is None:
            expected = verdict.code == Reason.SIGN_IN_FAILED
        else:
            expected = verdict.code == Reason.SIGN_IN_FAILED or same(before, verdict)
        if not expected and not _stands_in(verdict.check, verdict.code):
            yield f"reason: {code}"
    for before, verdict in zip(known.later.verdicts, later.verdicts, strict=True):
        if said(before) != said(verdict):
            yield f"next: {said(verdict)} instead of {said(before)}"


def _stands_in(check: str, code: str) -> bool:
    return (check, code) == ("sspr_enabled", "enabled_by_score")
