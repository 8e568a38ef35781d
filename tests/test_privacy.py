"""A tenant whose every name and text attacks whoever shows it: nobody is named, nothing is run.

Everything is searched that a run, a sweep and every route leave behind: rows as they are stored, log
lines, what is sent to Application Insights, and answers in all formats and languages.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from azure.data.tables.aio import TableServiceClient
from prometheus_client.parser import text_string_to_metric_families

import checks
import monitor
from shared import telemetry
from shared.store import TABLES, close_stores
from shared.text import Lang
from shared.web.formats import Format
from simulator import Simulator, Tenant, hostile, scenario
from simulator.people import id_of
from simulator.tenant import DOMAIN, Happening, Incident
from tests.conftest import NOW, World
from tests.hosted import Answered, Elements, Hosted, hosted, logged
from tests.telemetry.ingestion import Ingestion

SLOT = timedelta(minutes=15)
ATTACKER = "attacker.example"
# What says who somebody is, besides ids: names, addresses, telephones, addresses of machines.
NAMING = re.compile(
    rf"{hostile.PERSON}|\w@\w[\w-]*\.\w|{DOMAIN}|425-555|192\.0\.2\.", re.IGNORECASE
)
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Left:
    """What is left behind, and the ids of all people that there are in the tenant."""

    rows: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    people: frozenset[str] = frozenset()

    def everywhere(self) -> Iterator[tuple[str, str]]:
        for answer in self.answers:
            yield answer.asked, f"{answer.headers}\n{answer.text}"
        for name in ("rows", "lines", "sent"):
            yield from ((name, text) for text in getattr(self, name))

    def of_type(self, *media_types: str) -> list[Answered]:
        return [answer for answer in self.answers if answer.media_type in media_types]


def with_everything(tenant: Tenant) -> Tenant:
    """The tenant with one of each that may happen in it, and enough people for several pages."""
    happened = tuple(
        Incident(what, timedelta(hours=2, minutes=7 * number))
        for number, what in enumerate(Happening)
    )
    assert tenant.traffic
    traffic = replace(tenant.traffic, incidents=(*tenant.traffic.incidents, *happened))
    return replace(tenant.scaled(2500), traffic=traffic)


async def stored(connection: str, tenant: str) -> AsyncIterator[str]:
    """Every row of the tenant, as it is in the tables."""
    async with TableServiceClient.from_connection_string(connection) as service:
        for table in TABLES:
            rows = service.get_table_client(table).query_entities(
                "PartitionKey eq @tenant", parameters={"tenant": tenant}
            )
            async for row in rows:
                yield f"{table} {dict(row)}"


async def watch(world: World, left: Left) -> None:
    """A sweep in two parts, and runs: the usual ones, and some in which Graph refuses and fails."""

    async def keep_rows() -> None:
        environment = world.environment
        async for row in stored(environment["AzureWebJobsStorage"], environment["SSPR_TENANT_ID"]):
            left.rows.append(row)

    async def run() -> None:
        world.graph.advance(SLOT)
        await monitor.run(world.settings(), world.store(), world.graph.now(), connect=world.connect)

    settings, store, graph = world.settings(), world.store(), world.graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitor, "SWEEP_SECONDS", 0)
        await monitor.run_sweep(settings, store, graph.now(), connect=world.connect)
    await keep_rows()
    await monitor.run_sweep(settings, store, graph.now(), connect=world.connect)
    for _ in range(3):
        await run()
    said = hostile.text("", hostile.PERSON)
    for failing in (
        {"status": 403, "code": said},
        {"status": 403, "body": {"error": {"code": said, "message": said}}},
        {"body": {"value": [{said: said, "onPremisesSyncEnabled": said, "count": said}]}},
        {"status": 400, "body": said.encode()},
        {"status": 503, "headers": {"Retry-After": hostile.PERSON}},
    ):
        graph.fail("/[!$]*", times=None, **failing)
        await run()
        graph.heal()
    await monitor.run_sweep(settings, store, graph.now() + timedelta(days=1), connect=world.connect)
    await run()
    await run()
    await monitor.purge(settings, store, graph.now())
    await keep_rows()


def filled(path: str, values: Iterable[str]) -> list[str]:
    return [re.sub(r"\{\w+\}", quote(value, safe=""), path) for value in values]


async def ask_everything(app: Hosted) -> AsyncIterator[Answered]:
    """Every route in every format, by name and by header, and in every language."""
    page, document = Format.HTML.media_type, Format.JSON.media_type
    for method, path in app.routes():
        if method != "GET":
            yield await app.ask(method, path)
            continue
        (usual,) = filled(path, ["premium_licence"])
        for one in Format:
            yield await app.ask(method, usual, {"format": one})
            yield await app.ask(method, usual, {}, {"Accept": one.media_type})
        for lang in Lang:
            for accept in (page, document):
                yield await app.ask(method, usual, {"lang": lang}, {"Accept": accept})
        for window in ("24h", "365d"):
            yield await app.ask(method, usual, {"window": window}, {"Accept": page})
        for other in {*filled(path, checks.BY_ID)} - {usual}:
            yield await app.ask(method, other, {}, {"Accept": page})


async def played(storage: str, tenant: Tenant) -> Left:
    """All that is left when this tenant has been watched for hours and everything was asked."""
    left = Left()
    people = range(sum(cohort.size for cohort in tenant.cohorts))
    left.people = frozenset(id_of(tenant.seed, "user", number) for number in people)
    async with Simulator(tenant, clock=lambda: NOW) as graph:
        environment = {
            "AzureWebJobsStorage": storage,
            "SSPR_TENANT_ID": str(uuid4()),
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.token(),
        }
        with logged() as left.lines:
            await watch(World(graph, environment), left)
            async with hosted(environment, graph.now()) as app:
                left.answers += [answer async for answer in ask_everything(app)]
    await close_stores()
    return left


@pytest.fixture(scope="module")
def ingestion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingestion]:
    """Where Application Insights would be, for the whole module."""
    with pytest.MonkeyPatch.context() as patch, Ingestion() as server:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("telemetry")))
        patch.setenv(telemetry.CONNECTION_STRING, server.connection_string)
        telemetry._pipeline.cache_clear()
        yield server
        telemetry._pipeline()._logs.shutdown()
        telemetry._pipeline()._metrics.shutdown()
        telemetry._pipeline.cache_clear()


TENANTS = {
    "contoso": with_everything(scenario("contoso")),
    # Whose jobs fail for a reason, and whose products are all shown.
    "cloud-sync-quarantine": with_everything(scenario("cloud-sync-quarantine")),
    "cloud-only": with_everything(scenario("cloud-only")),
}


@pytest.fixture(scope="module", params=TENANTS)
async def left(request: pytest.FixtureRequest, storage: str, ingestion: Ingestion) -> Left:
    """What this tenant leaves when all its names and texts are hostile."""
    ingestion.requests.clear()
    found = await played(storage, replace(TENANTS[request.param], hostile=True))
    found.sent = [sent.body.decode() for sent in ingestion.requests]
    return found


async def test_graph_tells_who_people_are_and_what_things_are_called(world: World) -> None:
    """Or nothing here could fail."""
    world.graph.tenant = scenario("hostile")
    people = {id_of(1, "user", number) for number in range(2000)}
    told = {"Authorization": f"Bearer {world.graph.token()}"}
    async with httpx.AsyncClient(base_url=f"{world.graph.endpoint}/v1.0", headers=told) as client:
        log = (await client.get("/auditLogs/directoryAudits?$top=50")).text
        products = (await client.get("/subscribedSkus")).text
        refused = (await client.get("/nowhere")).text
    assert hostile.PERSON in log
    assert people & set(GUID.findall(log))
    assert hostile.CHOSEN in products
    assert len(products) > 4 * hostile.LONGEST
    assert ATTACKER in refused


def test_nobody_is_named_anywhere(left: Left) -> None:
    for where, text in left.everywhere():
        without = text.replace(ATTACKER, "")
        assert not NAMING.findall(without), where
        assert not left.people.intersection(map(str.lower, GUID.findall(text))), where


def test_rows_hold_what_things_are_called_and_log_lines_and_telemetry_do_not(left: Left) -> None:
    assert any(ATTACKER in row for row in left.rows)
    assert left.lines
    assert left.sent
    for text in (*left.lines, *left.sent):
        assert ATTACKER not in text


def test_a_log_line_is_one_line_unless_something_failed(left: Left) -> None:
    for line in left.lines:
        assert line.isprintable() or "Traceback" in line


def texts(value: Any) -> Iterator[str]:
    """Every text of a JSON document, names of members too."""
    if isinstance(value, Mapping):
        yield from value
        value = [*value.values()]
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


JSON = ("application/json", "application/health+json", "application/problem+json")


def test_texts_of_answers_are_short_and_hold_nothing_unseen(left: Left) -> None:
    answers = left.of_type(*JSON)
    assert {answer.media_type for answer in answers} == {*JSON}
    shown = [text for answer in answers for text in texts(json.loads(answer.text))]
    chosen = [text for text in shown if ATTACKER in text]
    assert chosen
    assert all(len(text) < 2500 and text.isprintable() for text in chosen)


def test_no_header_is_made_of_a_text(left: Left) -> None:
    for answer in left.answers:
        assert ATTACKER not in str(answer.headers)
        assert "Set-Cookie" not in answer.headers


def test_spreadsheets_and_prometheus_get_numbers_and_names_of_ours(left: Left) -> None:
    answers = left.of_type("text/csv", "text/plain")
    assert {answer.media_type for answer in answers} == {"text/csv", "text/plain"}
    for answer in answers:
        assert ATTACKER not in answer.text
        if answer.text.startswith("# HELP"):
            assert [*text_string_to_metric_families(answer.text)]
        elif answer.media_type == "text/csv":
            cells = [cell for row in csv.reader(StringIO(answer.text)) for cell in row]
            assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!\d)", cell)]


def made_of(page: str) -> tuple[list[tuple[str, ...]], list[str]]:
    elements = Elements(page)
    return elements.found, elements.leads


@pytest.mark.parametrize("left", ["contoso"], indirect=True)
async def test_pages_have_the_same_elements_whatever_things_are_called(
    storage: str, left: Left
) -> None:
    usual = await played(storage, TENANTS["contoso"])
    attacked, peaceful = (
        {page.asked: made_of(page.text) for page in of.of_type("text/html")} for of in (left, usual)
    )
    assert len(attacked) > len(checks.CATALOGUE)
    assert attacked == peaceful
