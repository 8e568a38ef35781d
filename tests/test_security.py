"""What docs/threat-model.md promises: who may do what, and what is told to nobody."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import hpack
import pytest

import checks
import monitor
from checks.facts import permissions
from shared.graph.credentials import azure_credential
from shared.store import close_stores
from shared.web.formats import Format
from simulator import SCENARIOS, Simulator, hostile, scenario
from tests.conftest import NOW, World
from tests.hosted import KEYS, Answered, Elements, Hosted, hosted, logged
from tests.telemetry.ingestion import Ingestion

FACTS = checks.needed(checks.CATALOGUE)
LISTED = permissions(FACTS)
OPTIONAL = {fact.permission for fact in FACTS if fact.optional}
REFUSED = "permission_missing"


async def run(world: World) -> dict[str, str]:
    """The codes of a run that has the next slot to itself."""
    world.graph.advance(timedelta(minutes=15))
    done = await monitor.run(
        world.settings(), world.store(), world.graph.now(), connect=world.connect
    )
    return {verdict.check: verdict.code for verdict in done.verdicts}


# Least privilege.


@pytest.mark.parametrize("name", SCENARIOS)
async def test_exactly_the_listed_permissions_are_enough_and_nothing_is_written(
    world: World, name: str
) -> None:
    world.graph.tenant = scenario(name)
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(LISTED)
    await monitor.run_sweep(
        world.settings(), world.store(), world.graph.now(), connect=world.connect
    )
    assert REFUSED not in (await run(world)).values()
    asked = world.graph.requests
    assert asked
    batches = [request for request in asked if request.path.endswith("/$batch")]
    assert {request.method for request in batches} == {"POST"}
    items = [item for batch in batches for item in batch.items]
    alone = [request for request in asked if request not in batches]
    assert {request.method for request in (*items, *alone)} == {"GET"}


@pytest.mark.parametrize("missing", LISTED)
async def test_no_listed_permission_can_be_spared(world: World, missing: str) -> None:
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token({*LISTED} - {missing})
    found = set()
    for name in ("healthy", "cloud-sync"):
        world.environment["SSPR_TENANT_ID"] = str(uuid4())
        world.graph.tenant = scenario(name)
        found |= {*(await run(world)).values()}
    assert REFUSED in found


def test_no_permission_allows_to_write() -> None:
    named = {fact.permission for fact in FACTS} | {
        p for f in FACTS for p in (*f.also_by, *f.besides)
    }
    assert {*LISTED} | OPTIONAL <= named
    for permission in named - {""}:
        assert re.search(r"\.Read\.(All|Directory|AuthenticationMethod)$", permission)


# What answers say, and to whom.


@pytest.fixture(scope="module")
async def world_of_all(storage: str) -> AsyncIterator[World]:
    """One tenant with a run, for all that only reads."""
    async with Simulator(scenario("contoso"), clock=lambda: NOW) as graph:
        environment = {
            "AzureWebJobsStorage": storage,
            "SSPR_TENANT_ID": str(uuid4()),
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.token(),
        }
        world = World(graph, environment)
        await run(world)
        yield world
    await close_stores()


@pytest.fixture(scope="module")
async def app(world_of_all: World) -> AsyncIterator[Hosted]:
    async with hosted(world_of_all.environment, world_of_all.graph.now()) as app:
        yield app


def asked(app: Hosted, name: str = "writeback") -> list[tuple[str, str]]:
    """Method and path of every route, its parts filled in with a name."""
    return [(method, re.sub(r"\{\w+\}", name, path)) for method, path in app.routes()]


ACCEPTS = [{"Accept": one.media_type} for one in Format]


def is_protected(answer: Answered) -> bool:
    """Whether a browser is told to run nothing, load nothing and tell nobody of this address."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    return (
        headers.get("X-Content-Type-Options") == "nosniff"
        and headers.get("Referrer-Policy") == "no-referrer"
        and headers.get("Strict-Transport-Security") == "max-age=31536000"
        and headers.get("Cache-Control") in ("no-store", "private, no-cache")
        and "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and not re.search(r"script-src|unsafe|\*|https?:|'self'(?<!form-action 'self')", policy)
    )


async def test_every_answer_is_protected(app: Hosted) -> None:
    statuses = set()
    for method, path in asked(app):
        for headers in ACCEPTS:
            first = await app.ask(method, path, {}, headers)
            tag = {"If-None-Match": first.headers.get("ETag", "")}
            answers = (
                first,
                await app.ask(method, path, {}, headers | tag),
                await app.ask(method, path, {}, headers, key=None),
                await app.ask("DELETE", path, {}, headers),
                await app.ask(method, path, {"format": "x", "since": "x", "code": "x"}, headers),
                await app.ask(method, f"{path}/nowhere", {}, headers),
            )
            statuses |= {answer.status for answer in answers}
            assert [answer.asked for answer in answers if not is_protected(answer)] == []
    assert statuses == {200, 304, 400, 401, 404, 406, 503}


@pytest.mark.parametrize(
    "setting", [{"SSPR_CLOUD": "mars"}, {"AzureWebJobsStorage": "nonsense"}], ids="".join
)
async def test_an_answer_that_tells_of_a_bad_setting_is_protected(
    app: Hosted, monkeypatch: pytest.MonkeyPatch, setting: Mapping[str, str]
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    for method, path in asked(app):
        for headers in ACCEPTS:
            assert is_protected(await app.ask(method, path, {}, headers))


async def test_an_answer_to_a_failure_is_protected_and_empty(
    app: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("of the inside")

    monkeypatch.setattr(monitor, "settings_of_app", broken)
    for method, path in asked(app):
        answer = await app.ask(method, path)
        assert (answer.status, answer.text) == (500, "")
        assert is_protected(answer)


FORGED = {
    "X-MS-CLIENT-PRINCIPAL": "e30=",
    "X-MS-CLIENT-PRINCIPAL-ID": "somebody",
    "X-MS-CLIENT-PRINCIPAL-NAME": "somebody",
}


async def test_a_header_that_somebody_makes_up_is_no_sign_in(app: Hosted) -> None:
    for method, path in asked(app):
        for accept in ACCEPTS:
            answer = await app.ask(method, path, {}, FORGED | accept, key=None)
            assert answer.status == (200 if path == "/healthz" else 401), answer.asked


async def test_where_people_sign_in_nobody_else_reads(world_of_all: World) -> None:
    environment = world_of_all.environment | {"WEBSITE_AUTH_ENABLED": "True"}
    async with hosted(environment, world_of_all.graph.now()) as app:
        for method, path in asked(app):
            for accept in ACCEPTS:
                # The host removes these headers, as App Service does for whoever did not sign in.
                answer = await app.ask(method, path, {}, FORGED | accept, key=None)
                assert answer.status == (200 if path == "/healthz" else 401), answer.asked
                assert is_protected(answer)
                assert world_of_all.environment["SSPR_TENANT_ID"] not in answer.text


SAID = hostile.text("")
ATTACKS = (SAID, SAID.ljust(6000, "A"), "%00", "..%2f..%2f", "' or 1 eq 1 or '")
PARAMETERS = ("code", "q", "format", "lang", "window", "check", "since", "after", "nobody-knows")
PAGE = {"Accept": Format.HTML.media_type}


@pytest.mark.parametrize("name", PARAMETERS)
async def test_what_was_asked_is_never_written_into_an_answer(app: Hosted, name: str) -> None:
    for method, path in asked(app):
        for accept in ({}, PAGE) if method == "GET" else ():
            usual = [
                await app.ask(method, path, {name: value}, accept)
                for value in ("harm less", "SSPR_00", "SSPR_0029 16")
            ]
            for attack in ATTACKS:
                answer = await app.ask(method, path, {name: attack}, accept)
                assert answer.status == usual[0].status
                assert is_protected(answer)
                if answer.media_type != "text/html":
                    assert "attacker" not in answer.text
                    continue
                known = {of for one in usual for of in Elements(one.text).found}
                elements = Elements(answer.text)
                assert {*elements.found} <= known
                assert not [lead for lead in elements.leads if lead.startswith("javascript")]


async def test_a_path_that_is_an_attack_leads_nowhere(app: Hosted) -> None:
    for method, path in app.routes():
        for attack in ATTACKS if "{" in path else ():
            attacked = re.sub(r"\{\w+\}", quote(attack[:500], safe=""), path)
            for accept in ({}, PAGE):
                answer = await app.ask(method, attacked, {}, accept)
                assert answer.status == 404
                assert "<script" not in answer.text
                assert accept or "attacker" not in answer.text


# Secrets.


def secrets(environment: Mapping[str, str]) -> set[str]:
    """What nobody may read: the token, the account's key, keys of functions."""
    key = re.search(r"AccountKey=([^;]+)", environment["AzureWebJobsStorage"])
    assert key
    return {environment["SSPR_GRAPH_TOKEN"], key[1], KEYS.function, KEYS.master}


def told(texts: list[str], words: Iterable[str]) -> list[str]:
    return [text[:300] for text in texts if any(word in text for word in words)]


def shown(answer: Answered) -> str:
    """An answer without the links of a page, which keep the key that its reader brought."""
    if answer.media_type != "text/html":
        return answer.text
    kept = r'href="[^"]*"|<input type="hidden" name="code" value="[^"]*">'
    return re.sub(kept, "", answer.text)


async def test_no_run_logs_a_secret_however_it_fails(world: World) -> None:
    known = secrets(world.environment)
    with logged() as lines:
        await run(world)
        world.graph.fail("*", status=503, times=None)
        await run(world)
        world.graph.heal()
        world.environment["SSPR_GRAPH_TOKEN"] = "of-another-simulator"
        await run(world)
    assert lines
    assert told(lines, {*known, "of-another-simulator"}) == []


async def test_signing_in_logs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with Ingestion() as platform, logged() as lines:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{platform.origin}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", "s3cret-of-the-platform")
        async with azure_credential() as credential:
            token = await credential.get_token("https://graph.microsoft.com/.default")
        logging.getLogger("test").debug("signed in")
    assert token.token == "of-the-identity"
    assert lines == ["DEBUG test signed in"]


def test_what_packs_headers_logs_none() -> None:
    """HTTP/2, which Graph is asked with; the simulator speaks HTTP/1.1 only."""
    with logged() as lines:
        hpack.Encoder().encode([("authorization", "Bearer t0ken"), ("path", "/users?n=n0b0dy")])
    assert lines == []


def test_settings_that_are_written_down_tell_no_secret(world_of_all: World) -> None:
    assert told([repr(world_of_all.settings())], secrets(world_of_all.environment)) == []
