"""What a run asks, learned from the facts themselves: each is collected alone and listened to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from yarl import URL

import checks
from checks.facts import Asked, Fact
from collect import collect
from faults.world import NOW, World, anybody
from shared.graph.client import Graph

# The first one asks for nearly everything; the others for the jobs of Cloud Sync, and more pages.
SCENARIOS = ("healthy", "cloud-sync", "contoso")


class Way(StrEnum):
    """How a question travels."""

    BATCH = "batch"
    """The request that holds other questions."""
    ITEM = "item"
    ALONE = "alone"
    PUBLIC = "public"
    """To a page that everybody may open."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fault can be: a question or a whole batch, with the facts that are known by it.

    `query` is a glob. A `paged` question is read page by page. No check needs an `optional` one.
    """

    name: str
    way: Way
    scenario: str
    version: str
    path: str
    query: str | None = None
    permission: str = ""
    paged: bool = False
    facts: frozenset[str] = frozenset()
    optional: bool = False


async def places(world: World, scenarios: Sequence[str] = SCENARIOS) -> list[Place]:
    """Everything that a run may ask, each once, in the first scenario that asks it."""
    found: dict[str, Place] = {}
    for scenario in scenarios:
        asked: dict[str, list[tuple[Fact[Any], Place]]] = defaultdict(list)
        for fact in checks.needed(checks.CATALOGUE):
            # A batch of every run is the same in every scenario.
            if not (found and isinstance(fact, Asked)):
                for place in await _asked_for(world, scenario, fact):
                    asked[place.name].append((fact, place))
        for name, by in asked.items():
            found.setdefault(name, _joined(by))
    return sorted(found.values(), key=lambda place: list(Way).index(place.way))


def _joined(by: list[tuple[Fact[Any], Place]]) -> Place:
    return replace(
        by[0][1],
        facts=frozenset(fact.name for fact, _ in by),
        optional=all(fact.optional for fact, _ in by),
    )


async def _asked_for(world: World, scenario: str, fact: Fact[Any]) -> list[Place]:
    world.show(scenario)
    tenant = anybody()
    store = world.store(tenant)
    await store.prepare()
    async with world.connect(world.settings(tenant), seconds=1000) as graph:
        listener = _Listener(graph, scenario)
        await collect(graph, store, [fact], NOW)
    return listener.places


class _Listener:
    """Writes down each question as it is built, and how it is sent."""

    def __init__(self, graph: Graph, scenario: str) -> None:
        self._scenario = scenario
        self._found: dict[str, Place] = {}
        self._paged: set[str] = set()
        self._way = Way.ALONE
        self._build, self._batch = graph._build, graph._batch
        self._reach, self._pages = graph.reach, graph.pages
        listened: Any = graph
        listened._build, listened._batch = self.build, self.batch
        listened.reach, listened.pages = self.reach, self.pages

    @property
    def places(self) -> list[Place]:
        return [
            replace(place, paged=place.name in self._paged, name=name)
            for name, place in self._found.items()
        ]

    def build(self, question: Any) -> Any:
        request = self._build(question)
        self._add(_plain(question.name), self._way, request.url, question.permission)
        return request

    async def batch(self, questions: Any) -> Any:
        version = questions[0].version
        self._add(f"{version} $batch", Way.BATCH, f"http://graph/{version}/$batch")
        self._way = Way.ITEM  # of all that is built until the batch is answered
        try:
            return await self._batch(questions)
        finally:
            self._way = Way.ALONE

    async def reach(self, url: str) -> Any:
        self._add(url.rpartition("/")[2], Way.PUBLIC, url)
        return await self._reach(url)

    async def pages(self, question: Any, **options: Any) -> AsyncIterator[Any]:
        self._paged.add(_plain(question.name))
        async for page in self._pages(question, **options):
            yield page

    def _add(self, name: str, way: Way, address: str, permission: str = "") -> None:
        url = URL(address)
        _, version, path = url.path.split("/", 2)
        place = Place(
            name=name,
            way=way,
            scenario=self._scenario,
            version=version,
            path=f"/{path}",
            query=_glob("&".join(f"{key}={value}" for key, value in url.query.items())),
            permission=permission,
        )
        # One name for all pages but the first, and for each of two questions to one log.
        if "$skiptoken" in url.query:
            name = f"{name}, next"
        service = re.search(r"loggedByService eq '(\w+)", url.query.get("$filter", ""))
        self._found.setdefault(f"{name} ({service[1]})" if service else name, place)


def _plain(name: str) -> str:
    """Questions that differ only in whom they are about are one."""
    return re.sub(r"_\d+$", "", name)


def _glob(query: str) -> str:
    """The query as a pattern, in which times, lists of ids and places in a list do not matter."""
    literal = re.sub(r"([\[*?])", r"[\1]", query)
    varying = r"\d{4}-\d\d-\d\dT[\d:.]+Z|(?<=in \()[^)]*|(?<=\$skiptoken=)[^&]*|(?<=\$top=)\d+"
    return re.sub(varying, "*", literal)
