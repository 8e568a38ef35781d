from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from simulator import ALL_ROLES, Simulator, scenario

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def error(self) -> str:
        return f"{self.status} {self.body['error']['code']}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.body["value"]
        return rows


@pytest.fixture
async def graph() -> AsyncIterator[Simulator]:
    """The healthy tenant, its clock stopped."""
    async with Simulator(scenario("healthy"), clock=lambda: START) as simulator:
        yield simulator


@pytest.fixture(scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
def call(graph: Simulator, session: aiohttp.ClientSession) -> Callable[..., Awaitable[Answer]]:
    """Ask the simulator; an absolute address is used as it is."""

    async def ask(
        path: str,
        *,
        method: str = "GET",
        roles: Iterable[str] = ALL_ROLES,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        eventual: bool = False,
        json: object = None,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {graph.token(roles) if token is None else token}"}
        if eventual:
            sent["ConsistencyLevel"] = "eventual"
        url = path if path.startswith("http") else f"{graph.endpoint}{path}"
        async with session.request(
            method, url, headers=sent | dict(headers or {}), json=json
        ) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    return ask
