"""The HTTP server: from bytes to a question, from an answer to bytes, and everything in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from types import TracebackType
from typing import Self, Unpack
from uuid import uuid4

import msgspec
from aiohttp import web
from yarl import URL

from . import batch, hostile, throttle
from .applications import MONITOR, names_of_roles, principal_id
from .auth import ADMINISTRATOR, ALL_ROLES, Grant, Issuer
from .endpoints import Workload, find
from .faults import Fault, Faults, Switched
from .http import Ask, Asked, ConnectionDropped, GraphError, Reply, wrong_method
from .sending import send
from .tenant import Pages, Tenant

_VERSIONS = ("v1.0", "beta")
# No part of Graph: stands in for the pages that users see.
_PUBLIC = "_public"
_PUBLIC_PAGES = ("/passwordreset", "/login")
_YEAR = timedelta(days=365)
_REMEMBERED = 2000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """Microsoft Graph for one tenant, on 127.0.0.1, for as long as the context lasts.

    `clock` gives the real time, `advance` moves the simulator's own ahead of it; `sleep` is what
    a delay waits on. `requests` are the last 2,000 it was asked, oldest first.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        port: int = 0,
        clock: Callable[[], datetime] | None = None,
        throttling: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.requests: list[Asked] = []
        self._batches = count()
        self._clock = clock or _utc_now
        self._ahead = timedelta()
        self._port = port
        self._throttling = throttling
        self._sleep = sleep
        self._issuer = Issuer()
        self._faults = Faults()
        self._reports = throttle.Reports()
        self._directory = throttle.Directory()
        self._runner: web.AppRunner | None = None
        self.tenant = tenant

    @property
    def tenant(self) -> Tenant:
        """The tenant shown; whoever is assigned starts to be shown now, past and all."""
        return self._tenant

    @tenant.setter
    def tenant(self, tenant: Tenant) -> None:
        self._granted: dict[str, Mapping[str, object]] = {}
        self.show(tenant, self.now())

    def show(self, tenant: Tenant, started: datetime) -> None:
        """Show the tenant like this, as if that began at a time, which may be yet to come."""
        self._tenant = tenant
        self._started = started

    @property
    def connections(self) -> int:
        """How many connections callers hold."""
        server = self._runner and self._runner.server
        return len(server.connections) if server else 0

    @property
    def endpoint(self) -> str:
        """Where to ask, without version and trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    def now(self) -> datetime:
        return self._clock() + self._ahead

    def advance(self, by: timedelta) -> None:
        self._ahead += by

    def token(self, roles: Iterable[str] = ALL_ROLES, *, lifetime: timedelta = _YEAR) -> str:
        """A bearer token with these app roles. It lasts long: the clock may be moved by weeks."""
        return self._issuer.issue(roles, self.endpoint, self.now(), lifetime)

    def sign_in(self, scopes: Iterable[str] = ADMINISTRATOR) -> str:
        """A person's token: the only kind that can grant app roles, given the scope for it."""
        return self._issuer.issue(scopes, self.endpoint, self.now(), _YEAR, person=True)

    @property
    def identity(self) -> str:
        """The object id of the monitor's own managed identity."""
        return principal_id(self._tenant, MONITOR)

    @property
    def granted(self) -> list[str]:
        """The app roles of Graph that the monitor's identity was granted."""
        held = (row for row in self._granted.values() if row["principalId"] == self.identity)
        return sorted(names_of_roles(held))

    def fail(self, path: str, **what: Unpack[Switched]) -> Fault:
        """Switch a fault on for paths that match the glob; `when` limits it to one version."""
        return self._faults.add(Fault(path=path, **what))

    def heal(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # Who has gone away is not answered any more, however long that would have taken.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._started = self.now()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        sent = await request.read()
        try:
            reply = await self.answer(request.method, request.rel_url, request.headers, sent)
        except ConnectionDropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if reply.fault is not None:
            return await send(request, reply, reply.fault, self._sleep)
        return web.Response(status=reply.status, body=reply.encoded, headers=reply.headers)

    async def answer(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Reply:
        """What is sent back for a request; raises ConnectionDropped where nothing is."""
        lower = {name.lower(): value for name, value in headers.items()}
        ids = _Ids(lower.get("client-request-id"))
        reply = await self._outermost(method, url, lower, body, ids)
        reply.headers = {
            "Cache-Control": "no-cache",
            "OData-Version": "4.0",
            "request-id": ids.request,
            "client-request-id": ids.client,
            "Date": format_datetime(self.now(), usegmt=True),
            "Content-Type": reply.content_type,
        } | reply.headers
        return reply

    async def _outermost(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes, ids: "_Ids"
    ) -> Reply:
        """A plain question or a whole batch."""
        version, _, rest = url.path.lstrip("/").partition("/")
        query = dict(url.query)
        record = Asked(method=method, path=url.path, query=query, at=self.now())
        self.requests.append(record)
        del self.requests[:-_REMEMBERED]
        path = f"/{rest}"
        ask = Ask(
            method=method,
            version=version,
            path=path,
            query=query,
            headers=headers,
            root=self.endpoint,
            tenant=self._tenant,
            started=self._started,
            now=self.now(),
            granted=self._granted,
        )

        async def respond() -> Reply:
            if version == _PUBLIC:
                return _public(self._tenant, path)
            if not self._tenant.available:
                raise GraphError(503, "serviceNotAvailable", "The service is unavailable.")
            grant = self._issuer.grant(headers.get("authorization", ""), ask.now)
            if version not in _VERSIONS:
                raise GraphError(400, "BadRequest", f"Invalid version: {version}.")
            _refuse_repetition(url)
            if path.lower() != "/$batch":
                return self._respond(replace(ask, body=_read_json(body)) if body else ask, grant)
            if method != "POST":
                raise wrong_method()
            return await self._batch(ask, body, grant, record, ids)

        reply = await self._guarded(ask, respond, ids)
        record.status = reply.status
        return reply

    async def _batch(
        self, outer: Ask, body: bytes, grant: Grant, record: Asked, ids: "_Ids"
    ) -> Reply:
        sends: Fault | None = None

        async def one(item: batch.Item) -> Reply:
            nonlocal sends
            url = URL(item.url)
            query = dict(url.query)
            path = "/" + url.path.lstrip("/")
            entry = Asked(method=item.method, path=path, query=query, at=self.now())
            record.items.append(entry)
            ask = replace(
                outer,
                method=item.method.upper(),
                path=path,
                query=query,
                headers={name.lower(): value for name, value in item.headers.items()},
                now=self.now(),
                body=item.body,
            )

            async def respond() -> Reply:
                _refuse_repetition(url)
                return self._respond(ask, grant)

            reply = await self._guarded(ask, respond, _Ids(ids.client))
            reply.headers = {"Cache-Control": "no-cache", "OData-Version": "4.0"} | reply.headers
            entry.status = reply.status
            sends = sends or reply.fault
            return reply

        answered = await batch.answer(batch.read(body), one, next(self._batches))
        answered.fault = sends
        return answered

    async def _guarded(
        self, ask: Ask, respond: Callable[[], Awaitable[Reply]], ids: "_Ids"
    ) -> Reply:
        """The answer, or the fault that comes in its place; refusals become error bodies."""
        fault = self._faults.meet(ask.method, ask.version, ask.path, ask.query)
        if fault is not None and fault.delay:
            await self._sleep(fault.delay)
        if fault is not None and fault.drop:
            raise ConnectionDropped
        try:
            reply = _faulty(fault) if fault and fault.replaces else await respond()
            if fault is not None and fault.edit is not None:
                reply.body = fault.edit(msgspec.json.decode(reply.encoded))
        except GraphError as error:
            reply = _refusal(error, ids, self.now())
            if self._tenant.hostile:
                reply.body = hostile.answer(reply.body)
        if fault is not None:
            reply.headers = {**reply.headers, **fault.headers}
            reply.fault = fault if fault.sends else None
        return reply

    def _respond(self, ask: Ask, grant: Grant) -> Reply:
        """The answer to one question; raises GraphError."""
        endpoint = find(ask.method, ask.version, ask.path)
        reports = endpoint.workload is Workload.REPORTS
        if reports and self._throttling:
            self._reports.spend(ask.now)
        endpoint.refuse_caller(self._tenant, grant)
        endpoint.refuse_options(ask)
        reply = endpoint.answer(ask)
        if self._tenant.hostile:
            reply.body = hostile.answer(reply.body)
        if not reports:
            # Refusals cost nothing here, so the bill comes last.
            units, users = endpoint.cost(ask), self._tenant.users
            reply.headers |= (
                self._directory.spend(units, users, ask.now)
                if self._throttling
                else {"x-ms-resource-unit": str(units)}
            )
        return reply


def _public(tenant: Tenant, path: str) -> Reply:
    """A page for everybody, without a token; raises ConnectionDropped."""
    if tenant.pages is Pages.DROP:
        raise ConnectionDropped
    status = 503 if tenant.pages is Pages.FAIL else 200 if path in _PUBLIC_PAGES else 404
    text = f"<!DOCTYPE html><html><head><title>{status}</title></head><body></body></html>"
    return Reply(status=status, body=text.encode(), content_type="text/html")


class _Ids:
    """The ids of one question; a caller's own one is handed back."""

    def __init__(self, client: str | None) -> None:
        self.request = str(uuid4())
        self.client = client or self.request


def _refuse_repetition(url: URL) -> None:
    if len(url.query) != len(set(url.query)):
        raise GraphError(400, "BadRequest", "A query option was specified more than once.")


def _read_json(sent: bytes) -> object:
    """What came with a request; raises 400."""
    try:
        return msgspec.json.decode(sent)
    except msgspec.DecodeError:
        raise GraphError(
            400,
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format.",
        ) from None


def _refusal(error: GraphError, ids: _Ids, now: datetime) -> Reply:
    inner = {
        "date": f"{now:%Y-%m-%dT%H:%M:%S}",
        "request-id": ids.request,
        "client-request-id": ids.client,
    }
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Reply(
        status=error.status,
        body=body,
        headers=dict(error.headers),
        content_type="application/json",
    )


def _faulty(fault: Fault) -> Reply:
    """What a fault sends; raises GraphError where Graph's own error body is wanted."""
    if fault.body is None:
        raise GraphError(fault.status or 500, fault.error_code, "This fault was switched on.")
    html = isinstance(fault.body, bytes) and fault.body.lstrip().startswith(b"<")
    return Reply(
        status=fault.status or 200,
        body=fault.body.encode() if isinstance(fault.body, str) else fault.body,
        content_type="text/html" if html else "application/json",
    )
