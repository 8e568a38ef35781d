"""What docs/threat-model.md promises: who may do what, and what is told to nobody."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import azure.functions as func
import hpack
import pytest
from aiohttp import web
from azure.data.tables.aio import TableClient
from azure.functions.timer import TimerRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import checks
import monitor
from checks.facts import permissions
from shared.graph.credentials import azure_credential
from shared.settings import SETTINGS, TENANT_ID, SettingsError, load
from shared.store import close_stores, store_for
from shared.web.formats import Format
from simulator import SCENARIOS, Simulator, hostile, scenario
from tests.conftest import NOW, World
from tests.hosted import KEYS, ROOT, Answered, Elements, Hosted, hosted, logged
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


FLEETING = ("/healthz", "/metrics", "/run")


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
            for answer in answers:  # as docs/http.md has it
                lasting = answer.status in (200, 304) and path not in FLEETING
                lasting &= answer.media_type != "text/html"
                kept = "private, no-cache" if lasting else "no-store"
                assert answer.headers["Cache-Control"] == kept, answer.asked
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


INJECTED = "x\r\nX-Injected: yes\r\nSet-Cookie: a=b\r\n\r\n<script>"
HEADERS = ("accept", "accept-language", "if-none-match", "host", "x-functions-key")


@pytest.mark.parametrize("name", PARAMETERS)
async def test_no_header_is_made_of_a_parameter(app: Hosted, name: str) -> None:
    for method, path in asked(app):
        for accept in ACCEPTS:
            answer = await app.ask(method, path, {name: INJECTED}, accept)
            assert is_protected(answer)
            assert not {"X-Injected", "Set-Cookie"} & {*answer.headers}
            assert "X-Injected" not in str(answer.headers)


async def sent(
    app: Hosted, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str]
) -> func.HttpResponse:
    """What the function answers to what no server would let through to it."""
    template, function = next(
        (route.template, route.function)
        for route in app.host._routes
        if route.pattern.fullmatch(f"/{app.host.prefix}{path}") and method in route.methods
    )
    request = func.HttpRequest(
        method,
        f"{app.url}{path}",
        params=params,
        headers=headers,
        route_params={"id": path.rpartition("/")[2]} if "{" in template else {},
        body=b"",
    )
    answer = await function.call(request)
    assert isinstance(answer, func.HttpResponse)
    return answer


@pytest.mark.parametrize("header", HEADERS)
async def test_no_header_is_made_of_a_header(app: Hosted, header: str) -> None:
    for method, path in asked(app):
        for accept in ({}, PAGE):
            answer = await sent(app, method, path, {}, accept | {header: INJECTED})
            assert answer.status_code in (200, 406)
            told = [*answer.headers.items(), ("", answer.mimetype or "")]
            assert not [one for pair in told for one in pair if re.search(r"[\r\n]|njected", one)]


@given(accept=st.text(), language=st.text(), tag=st.text())
@settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
async def test_any_header_is_answered(app: Hosted, accept: str, language: str, tag: str) -> None:
    headers = {"accept": accept, "accept-language": language, "if-none-match": tag}
    for method, path in asked(app):
        answer = await sent(app, method, path, {}, headers)
        assert answer.status_code in (200, 304, 406)
        assert all("".join(pair).isprintable() for pair in answer.headers.items())


# Work is bounded, whatever is asked.

ENDLESS = (
    "a-" * 50_000,
    'W/"' * 33_000,
    "a/b;q=0," * 12_000,
    " " * 100_000,
    "SSPR_00" * 14_000,
    "\u0661" * 50_000,
)
SECONDS = 1.0  # of the processor, of which an answer that is right takes some hundredths


@pytest.mark.parametrize("name", [*PARAMETERS, "limit", "metric", *HEADERS[:3]])
async def test_a_hundred_kilobytes_are_answered_as_fast_as_anything(app: Hosted, name: str) -> None:
    for method, path in asked(app):
        for text in ENDLESS:
            given = {name: text}
            params, headers = ({}, given) if name in HEADERS else (given, {})
            began = time.process_time()
            answer = await sent(app, method, path, params, headers)
            assert time.process_time() - began < SECONDS, (path, text[:10])
            assert answer.status_code in (200, 400, 404, 406)


ATTACKS_ON_TABLES = ("' or PartitionKey ne '", "x' or true or '", "%27 or 1 eq 1", "\x00", "~")


@pytest.fixture
def asked_of_tables(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, str]]]:
    """Filter and parameters of each query; a row that is read by its key is a query as well."""
    seen: list[tuple[str, Mapping[str, str]]] = []
    query, get = TableClient.query_entities, TableClient.get_entity

    def queried(self: TableClient, query_filter: str, **options: Any) -> Any:
        seen.append((query_filter, options["parameters"]))
        return query(self, query_filter, **options)

    def got(self: TableClient, partition_key: str, row_key: str, **options: Any) -> Any:
        seen.append(("", {"tenant": partition_key, "row": row_key}))
        return get(self, partition_key, row_key, **options)

    monkeypatch.setattr(TableClient, "query_entities", queried)
    monkeypatch.setattr(TableClient, "get_entity", got)
    return seen


WINDOW = "PartitionKey eq @tenant and RowKey ge @first and RowKey le @last"


async def test_tables_are_asked_few_questions_of_ours_whatever_is_asked(
    app: Hosted, world_of_all: World, asked_of_tables: list[tuple[str, Mapping[str, str]]]
) -> None:
    tenant = world_of_all.environment["SSPR_TENANT_ID"]
    for method, path in asked(app):
        for name in ("check", "code", "since", "after", "window", "limit"):
            for value in (*ATTACKS_ON_TABLES, "365d", "1000", "0001-01-01"):
                asked_of_tables.clear()
                await app.ask(method, path, {name: value}, PAGE if name == "window" else {})
                assert len(asked_of_tables) <= 16, path
                for query, values in asked_of_tables:
                    assert query in (WINDOW, "")
                    assert values["tenant"] == tenant
                    assert all(re.fullmatch(r"[\w~-]*", key) for key in values.values())


async def test_a_name_with_a_quote_in_it_is_a_name(world_of_all: World) -> None:
    """Should one ever get as far: the tenant's id is a GUID, or there is no run at all."""
    settings = world_of_all.settings()
    now = world_of_all.graph.now()
    assert await world_of_all.store().runs(now - timedelta(days=1), now)
    for attack in ATTACKS_ON_TABLES[:3]:
        with pytest.raises(SettingsError):
            world_of_all.settings(SSPR_TENANT_ID=attack)
        values = {**settings.values, TENANT_ID.name: attack}
        store = store_for(replace(settings, values=values))
        assert await store.runs(now - timedelta(days=1), now) == []
        assert (await store.current()).value is None


@given(
    st.dictionaries(
        st.sampled_from([setting.name for setting in (*SETTINGS, *checks.THRESHOLDS)]),
        st.text() | st.sampled_from([*ATTACKS_ON_TABLES, "nan", "inf", "-1", "1e999", "9" * 5000]),
        min_size=1,
        max_size=4,
    )
)
def test_any_setting_is_right_or_refused_with_what_is_allowed(values: dict[str, str]) -> None:
    environment = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "SSPR_TENANT_ID": "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5",
    }
    try:
        checks.enabled(load(environment | values, checks.THRESHOLDS))
    except SettingsError as error:
        for problem in error.problems:
            assert problem.setting in values or problem.setting in environment
            assert problem.setting in problem.public


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


READERS_OWN: Mapping[str, str] = {
    "Authorization": "Bearer t0ken-of-the-reader",
    "Cookie": "AppServiceAuthSession=s3ssion-of-the-reader",
    "X-MS-CLIENT-PRINCIPAL": "cHJpbmNpcGFsLW9mLXRoZS1yZWFkZXI",
    "X-MS-TOKEN-AAD-ACCESS-TOKEN": "acc3ss-of-the-reader",
    "x-functions-key": KEYS.function,
}


@pytest.fixture
async def indiscreet() -> AsyncIterator[Callable[[int], str]]:
    """Makes the address of a storage that refuses with this status and repeats what it was sent."""

    async def repeat(request: web.Request) -> web.Response:
        said = f"The string to sign was {request.method} {request.url} {dict(request.headers)}"
        status = int(request.match_info["status"])
        code = "ServerBusy" if status == 503 else "AuthenticationFailed"
        error = {"odata.error": {"code": code, "message": {"value": said}}}
        return web.json_response(error, status=status)

    server = web.Application()
    server.router.add_route("*", "/{status}/{rest:.*}", repeat)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield lambda status: f"http://127.0.0.1:{port}/{status}/devstoreaccount1"
    await runner.cleanup()


Trouble = Callable[[World, Callable[[int], str]], Mapping[str, str]]


def nothing(world: World, indiscreet: Callable[[int], str]) -> Mapping[str, str]:
    return {}


def of_graph(status: int) -> Trouble:
    def trouble(world: World, indiscreet: Callable[[int], str]) -> Mapping[str, str]:
        said = str(world.environment["SSPR_GRAPH_TOKEN"])
        world.graph.fail("*", status=status, body={"error": {"code": said, "message": said}})
        return {}

    return trouble


def of_storage(status: int) -> Trouble:
    def trouble(world: World, indiscreet: Callable[[int], str]) -> Mapping[str, str]:
        return {"AzureWebJobsStorage": elsewhere(world, indiscreet(status))}

    return trouble


def elsewhere(world: World, endpoint: str) -> str:
    connection = world.environment["AzureWebJobsStorage"]
    return re.sub("TableEndpoint=[^;]+", f"TableEndpoint={endpoint}", connection)


def setting(name: str, change: Callable[[str], str]) -> Trouble:
    def trouble(world: World, indiscreet: Callable[[int], str]) -> Mapping[str, str]:
        return {name: change(world.environment.get(name, ""))}

    return trouble


REFUSED_BY_STORAGE = r"refuses the app \((401|403)[^)]*\): .*Storage Table Data Contributor"
NOTHING_WAS_RUN = "Nothing was run. "


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param(nothing, "", id="none"),
        pytest.param(of_graph(401), "", id="graph-401"),
        pytest.param(of_graph(503), "", id="graph-503"),
        pytest.param(
            lambda world, _: {"AzureWebJobsStorage": elsewhere(world, "http://127.0.0.1:9/x")},
            "StorageError: Table Storage cannot be reached",
            id="storage-unreachable",
        ),
        pytest.param(
            setting("AzureWebJobsStorage", lambda was: re.sub("AccountKey=..", "AccountKey=", was)),
            REFUSED_BY_STORAGE,
            id="storage-wrong-key",
        ),
        pytest.param(of_storage(401), REFUSED_BY_STORAGE, id="storage-401"),
        pytest.param(of_storage(403), REFUSED_BY_STORAGE, id="storage-403"),
        pytest.param(of_storage(503), r"cannot be reached \(503", id="storage-503"),
        pytest.param(
            setting("AzureWebJobsStorage", lambda was: was.replace("AccountName", "Account")),
            NOTHING_WAS_RUN,
            id="no-connection-string",
        ),
        pytest.param(
            setting("SSPR_GRAPH_ENDPOINT", lambda _: "https://graph.attacker.example"),
            NOTHING_WAS_RUN,
            id="graph-elsewhere",
        ),
        pytest.param(
            setting("SSPR_GRAPH_ENDPOINT", lambda _: ""),
            NOTHING_WAS_RUN,
            id="token-without-endpoint",
        ),
        pytest.param(setting("SSPR_CLOUD", lambda _: "mars"), NOTHING_WAS_RUN, id="bad-setting"),
    ],
)
async def test_no_answer_and_no_line_tells_a_secret(
    app: Hosted,
    world_of_all: World,
    indiscreet: Callable[[int], str],
    monkeypatch: pytest.MonkeyPatch,
    trouble: Trouble,
    said: str,
) -> None:
    """Though the key is in the address, everything is logged, and something is wrong.

    A run that cannot be stored fails, so that the platform sees it, and says what to fix.
    """
    monkeypatch.setattr("shared.store._PATIENCE", {"retry_total": 0})
    run_in_their_time = partial(monitor.run, connect=world_of_all.connect)
    monkeypatch.setattr(monitor, "run", run_in_their_time)
    monkeypatch.setenv("SSPR_TENANT_ID", str(uuid4()))
    for name, value in trouble(world_of_all, indiscreet).items():
        monkeypatch.setenv(name, value)
    texts = []
    with logged() as lines:
        done = await app.host.fire("run", TimerRequest())
        for method, path in asked(app):
            for accept, key in zip(ACCEPTS, cycle([KEYS.function, KEYS.master]), strict=False):
                headers = {**READERS_OWN, **accept}
                answer = await app.ask(method, path, {"code": key}, headers)
                assert answer.status in (200, 404, 406, 503)
                # A page's own links pass on the key that its reader came with: docs/page.md.
                texts.append(f"{answer.headers} {shown(answer)}")
    world_of_all.graph.heal()
    assert done is (not said or said == NOTHING_WAS_RUN)
    assert [line for line in lines if re.search(said, line)]
    known = secrets(world_of_all.environment)
    (key,) = (secret for secret in known if secret.endswith("=="))
    of_the_reader = {value.rpartition(" ")[2].rpartition("=")[2] for value in READERS_OWN.values()}
    assert told([*lines, *texts], known | of_the_reader | {key[2:], "SharedKey"}) == []


# What is promised, and where.

PAGE_OF_THREATS = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
THREATS, PROOFS = (
    [line for line in part.splitlines() if "**" in line and line.startswith("|")]
    for part in PAGE_OF_THREATS.split("## Proven by tests")
)


def test_every_threat_has_its_proof_and_every_proof_is_a_test() -> None:
    subject = re.compile(r"\*\*(.+?)\*\*")
    assert [subject.findall(row)[0] for row in THREATS] == [subject.findall(r)[0] for r in PROOFS]
    files = (ROOT / "tests").rglob("test_*.py")
    known = {name for f in files for name in re.findall(r"def (test_\w+)", f.read_text("utf-8"))}
    for row in PROOFS:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert {*named} <= known
