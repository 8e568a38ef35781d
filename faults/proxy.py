"""Stands between the app and the storage emulator, and lets one request go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from yarl import URL

from local.azurite import Azurite

# Hop by hop, or made anew by whoever sends the body on.
_NOT_PASSED = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length"})


class Ill(StrEnum):
    """What happens to a request."""

    HANGS = "hangs"
    DROPPED = "dropped"
    """The connection is cut before the request has arrived."""
    REPLY_LOST = "reply lost"
    """What was asked for is done, and the connection is cut before anybody is told."""
    REFUSED = "refused"
    """Answered with a status; what somebody else would have written first is written."""
    RESTARTED = "restarted"
    """The emulator stops with all that it has written on disk, and is started again."""


@dataclass(frozen=True)
class Plan:
    """From the request `number` on, `times` requests fare ill, None: all that follow."""

    number: int
    ill: Ill
    times: int | None = 1
    status: int = 503


@dataclass(frozen=True)
class Call:
    """A request as it can be told to people."""

    method: str
    what: str

    def __str__(self) -> str:
        return f"{self.method} {self.what}"


class Proxy:
    """Table Storage at an address that stays, whatever happens to the emulator behind it.

    `calls` are those since `begin`. `arrived` is called with each of them.
    """

    def __init__(self, emulator: Azurite) -> None:
        self.emulator = emulator
        self.calls: list[Call] = []
        self.arrived: Callable[[], object] = lambda: None
        self._busy = 0
        self._idle = asyncio.Event()
        self._plan: Plan | None = None
        self._over = asyncio.Event()
        self._restarting: asyncio.Task[None] | None = None

    def begin(self, plan: Plan | None = None) -> None:
        """Count anew, and let this go wrong."""
        self.calls.clear()
        self._plan = plan
        self._over.clear()

    async def heal(self) -> None:
        """From now on nothing goes wrong; whoever hangs is let go."""
        self._plan = None
        self._over.set()
        if self._restarting is not None:
            await self._restarting
            self._restarting = None

    @property
    def connection_string(self) -> str:
        return re.sub(
            r"http://[\d.:]+", f"http://127.0.0.1:{self._port}", self.emulator.connection_string
        )

    async def __aenter__(self) -> Proxy:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), auto_decompress=False
        )
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.heal()
        await self._runner.cleanup()
        await self._session.close()

    async def quiet(self) -> None:
        """Until nothing is under way that somebody asked for who may be gone."""
        if self._busy:
            self._idle.clear()
            await self._idle.wait()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._busy += 1
        try:
            return await self._served(request)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _served(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        ill = self._ill(len(self.calls))
        self.calls.append(_told(request))
        self.arrived()
        if ill is Ill.HANGS:
            await self._over.wait()
        if ill is Ill.RESTARTED and self._restarting is None:
            self._restarting = asyncio.create_task(self._restart())
        if ill in (Ill.HANGS, Ill.DROPPED, Ill.RESTARTED):
            return _cut(request)
        if ill is Ill.REFUSED and (request.method == "GET" or self._status >= 500):
            return self._refusal()
        try:
            answer = await self._passed_on(request, body)
        except aiohttp.ClientError:
            return _cut(request)  # nobody is there
        if ill is Ill.REPLY_LOST:
            return _cut(request)
        return self._refusal() if ill is Ill.REFUSED else answer

    def _ill(self, number: int) -> Ill | None:
        plan = self._plan
        if plan is None or number < plan.number:
            return None
        if plan.times is not None and number >= plan.number + plan.times:
            return None
        return plan.ill

    @property
    def _status(self) -> int:
        return self._plan.status if self._plan else 503

    async def _passed_on(self, request: web.Request, body: bytes) -> web.Response:
        (origin,) = re.findall(r"http://[\d.:]+", self.emulator.connection_string)
        headers = {n: v for n, v in request.headers.items() if n.lower() not in _NOT_PASSED}
        url = URL(origin + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, headers=headers, data=body or None
        ) as answer:
            passed = {n: v for n, v in answer.headers.items() if n.lower() not in _NOT_PASSED}
            return web.Response(status=answer.status, headers=passed, body=await answer.read())

    def _refusal(self) -> web.Response:
        code = {409: "EntityAlreadyExists", 412: "UpdateConditionNotSatisfied"}.get(
            self._status, "ServerBusy"
        )
        error = {"code": code, "message": {"lang": "en-US", "value": code}}
        return web.json_response(
            {"odata.error": error}, status=self._status, headers={"x-ms-error-code": code}
        )

    async def _restart(self) -> None:
        await asyncio.to_thread(self.emulator.stop)
        await asyncio.to_thread(self.emulator.start)


def _cut(request: web.Request) -> web.Response:
    with contextlib.suppress(AttributeError):  # it has cut the connection itself
        request.transport.abort()  # type: ignore[union-attr]
    return web.Response()


def _told(request: web.Request) -> Call:
    path = unquote(request.raw_path.partition("?")[0]).strip("/").partition("/")[2]
    found = re.fullmatch(r"(\w+|\$batch)(?:\((?:.*RowKey='(\w+)'.*)?\))?", path)
    name, key = (found[1], found[2]) if found else (path, None)
    row = key if key and not key.isdigit() else ""
    return Call(request.method, f"{name} {row}".strip())
