from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from uuid import uuid4

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

import checks
import function_app
from shared.text import Lang, words

ROOT = Path(__file__).parent.parent
TIMER = TimerRequest()
GET = func.HttpRequest(method="GET", url="http://localhost/api/status", body=b"")
POST = func.HttpRequest(method="POST", url="http://localhost/api/run", body=b"")


@pytest.fixture
def app_of(world, monkeypatch):
    """The app as the platform runs it: everything from the environment."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


def test_each_function_is_bound_as_documented():
    bindings = {
        function.get_function_name(): [json.loads(b) for b in function.get_raw_bindings()]
        for function in function_app.app.get_functions()
    }
    triggers = {name: found[0] for name, found in bindings.items()}
    timers = {name for name, found in triggers.items() if found["type"] == "timerTrigger"}
    assert timers == {"run", "sweep", "purge"}
    assert triggers["run"]["schedule"] == "0 */15 * * * *"
    assert triggers["sweep"]["schedule"] == "0 7 */6 * * *"
    assert not triggers["run"]["runOnStartup"]
    assert triggers["run"]["useMonitor"]
    assert (triggers["status"]["route"], triggers["status"]["authLevel"]) == ("status", "FUNCTION")
    assert triggers["healthz"]["authLevel"] == "ANONYMOUS"
    for name, route in (
        ("list_checks", "checks"),
        ("explain", "explain"),
        ("trend", "trend"),
        ("changes", "changes"),
        ("metrics", "metrics"),
        ("run_now", "run"),
    ):
        assert (triggers[name]["route"], triggers[name]["authLevel"]) == (route, "FUNCTION")
    assert triggers["run_now"]["methods"] == ["POST"]


async def test_the_status_of_a_run_is_served(app_of):
    await function_app.run(TIMER)
    answer = await function_app.status(GET)
    document = json.loads(answer.get_body())
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert document["schema"] == "sspr-status/1"
    assert document["tenant"] == app_of.environment["SSPR_TENANT_ID"]
    assert {check["id"] for check in document["checks"]} == checks.BY_ID.keys()
    assert (await function_app.healthz(GET)).status_code == 200


async def test_a_slot_is_run_once_however_often_it_is_asked_for(app_of, monkeypatch):
    # One slot a year, so that the next one does not begin meanwhile.
    monkeypatch.setenv("SSPR_SCHEDULE", "0 0 0 1 1 *")
    first, second = [await function_app.run_now(POST) for _ in range(2)]
    document = json.loads(first.get_body())
    assert (first.status_code, document["schema"]) == (200, "sspr-run/1")
    assert {check["id"] for check in document["checks"]} == checks.BY_ID.keys()
    assert second.get_body() == first.get_body()
    assert (
        document["recorded_at"]
        == json.loads((await function_app.status(GET)).get_body())["recorded_at"]
    )
    asked = len(app_of.graph.requests)
    await function_app.run_now(POST)
    assert len(app_of.graph.requests) == asked
    assert first.headers["Cache-Control"] == "no-store"


async def test_all_that_a_run_leaves_is_served(app_of):
    await function_app.run(TIMER)
    for function, media_type in (
        (function_app.trend, "application/json"),
        (function_app.changes, "application/json"),
        (function_app.metrics, "text/plain; version=0.0.4"),
    ):
        answer = await function(GET)
        assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert b"sspr_sweep_age_seconds" in answer.get_body()
    trend = json.loads((await function_app.trend(GET)).get_body())
    assert {check["id"] for check in trend["checks"]} == {*checks.BY_ID, "overall"}


@pytest.mark.parametrize(
    ("params", "headers", "setting", "lang"),
    [
        ({}, {}, "", Lang.EN),
        ({}, {}, "nb", Lang.NB),
        ({}, {"Accept-Language": "fr, de;q=0.5"}, "nb", Lang.DE),
        ({"lang": "id"}, {"Accept-Language": "de"}, "nb", Lang.ID),
        ({"lang": "xx"}, {}, "", Lang.EN),
    ],
    ids=["default", "setting", "browser", "parameter", "unknown"],
)
async def test_the_reader_is_answered_in_their_language(
    app_of, monkeypatch, params, headers, setting, lang
):
    monkeypatch.setenv("SSPR_LANG", setting)
    request = func.HttpRequest("GET", "/api/checks", params=params, headers=headers, body=b"")
    document = json.loads((await function_app.list_checks(request)).get_body())
    titles = {check["id"]: check["title"] for check in document["checks"]}
    assert titles == {check: words(lang).title(check) for check in checks.BY_ID}


async def test_an_answer_that_the_reader_has_is_not_sent_again(app_of):
    await function_app.run(TIMER)
    tag = (await function_app.status(GET)).headers["ETag"]
    request = func.HttpRequest("GET", "/api/status", headers={"If-None-Match": tag}, body=b"")
    answer = await function_app.status(request)
    assert (answer.status_code, answer.get_body(), answer.headers["ETag"]) == (304, b"", tag)


async def test_the_catalogue_is_served_with_the_thresholds_in_force(app_of, monkeypatch):
    monkeypatch.setenv("SSPR_DIRECTORY_SYNC_WARNING_HOURS", "3")
    monkeypatch.setenv("SSPR_CHECKS_DISABLED", "endpoints")
    document = json.loads((await function_app.list_checks(GET)).get_body())
    listed = {check["id"]: check for check in document["checks"]}
    assert listed.keys() == checks.BY_ID.keys()
    assert listed["directory_sync"]["thresholds"][0]["value"] == 3
    assert listed["cloud_sync_jobs"]["permissions"] == [
        "Application.Read.All",
        "Organization.Read.All",
        "Synchronization.Read.All",
    ]
    assert not listed["endpoints"]["enabled"]


async def test_the_catalogue_tells_of_bad_settings(app_of, monkeypatch):
    monkeypatch.setenv("SSPR_CLOUD", "mars")
    assert (await function_app.list_checks(GET)).status_code == 503


@pytest.mark.parametrize(
    ("code", "status"), [("SSPR_0029", 200), ("sspr 30", 200), ("SSPR_0099", 404), (None, 200)]
)
async def test_codes_are_explained(code, status):
    url = "http://localhost/api/explain"
    request = func.HttpRequest("GET", url, params={"code": code} if code else {}, body=b"")
    answer = await function_app.explain(request)
    assert answer.status_code == status
    assert answer.mimetype == ("application/problem+json" if status == 404 else "application/json")


async def test_before_the_first_run_both_say_so(app_of):
    assert (await function_app.status(GET)).status_code == 503
    assert (await function_app.healthz(GET)).status_code == 503


async def test_bad_settings_are_told_and_stop_the_run(app_of, monkeypatch, caplog):
    monkeypatch.setenv("SSPR_CLOUD", "mars")
    await function_app.run(TIMER)
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert line.startswith("Nothing was run. SSPR_CLOUD is 'mars': use one of global")
    assert app_of.graph.requests == []
    for answer in (await function_app.status(GET), await function_app.healthz(GET)):
        assert answer.status_code == 503
        assert b"SSPR_CLOUD is 'mars': use one of global" in answer.get_body()


@pytest.mark.parametrize("connection", ["garbage", "AccountName=x;AccountKey=c2VjcmV0;Endpoint"])
async def test_a_bad_connection_string_is_told_without_repeating_it(
    app_of, monkeypatch, connection
):
    monkeypatch.setenv("AzureWebJobsStorage", connection)
    answer = await function_app.status(GET)
    assert answer.status_code == 503
    assert b"AzureWebJobsStorage is no connection string" in answer.get_body()
    assert b"c2VjcmV0" not in answer.get_body()


async def test_unreachable_storage_is_a_503_that_says_what_to_look_at(app_of, monkeypatch):
    broken = app_of.environment["AzureWebJobsStorage"].split("TableEndpoint=")[0]
    monkeypatch.setenv("AzureWebJobsStorage", f"{broken}TableEndpoint=http://127.0.0.1:9/x;")
    monkeypatch.setenv("SSPR_TENANT_ID", str(uuid4()))
    answer = await function_app.status(GET)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert b"AzureWebJobsStorage" in answer.get_body()


def test_importing_the_app_needs_neither_azure_nor_settings():
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SSPR_", "Azure"))}
    code = "import sys, function_app; print([m for m in ('msgraph', 'httpx', 'aiohttp', 'azure.identity') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def browsing(path: str, **headers: str) -> func.HttpRequest:
    return func.HttpRequest(
        method="GET",
        url=f"http://localhost/api/{path}",
        headers=BROWSER | headers,
        params={},
        route_params={"id": path.removeprefix("checks/")},
        body=b"",
    )


PAGES = [
    pytest.param("status", function_app.status, id="status"),
    pytest.param("checks/directory_sync", function_app.check, id="check"),
    pytest.param("explain?q=SSPR_0029", function_app.explain, id="explain"),
]


@pytest.mark.parametrize(("path", "function"), PAGES)
async def test_a_browser_is_shown_a_page(app_of, path, function):
    await function_app.run(TIMER)
    answer = await function(browsing(path, **{"accept-language": "de"}))
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert b'<html lang="de">' in answer.get_body()
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]


async def test_programs_are_not_shown_a_page(app_of):
    await function_app.run(TIMER)
    for accept in ("*/*", "application/json", "application/json, text/html"):
        answer = await function_app.status(browsing("status", accept=accept))
        assert answer.mimetype == "application/json"


@pytest.mark.parametrize(("path", "function"), PAGES[:2])
async def test_before_the_first_run_a_browser_is_told(app_of, path, function):
    answer = await function(browsing(path))
    waiting = path == "status"
    assert (answer.status_code, answer.mimetype) == (503 if waiting else 200, "text/html")
    told = "The first run has not finished" if waiting else "No run has judged this check yet."
    assert told in answer.get_body().decode()


@pytest.mark.parametrize("accept", ["application/json", BROWSER["accept"]])
async def test_a_check_that_is_none_is_not_found(app_of, accept):
    answer = await function_app.check(browsing("checks/%3Cscript%3E", accept=accept))
    assert answer.status_code == 404
    assert b"Unknown check" in answer.get_body()
    assert b"script" not in answer.get_body()


async def test_wrong_settings_and_lost_storage_are_pages_too(app_of, monkeypatch):
    broken = app_of.environment["AzureWebJobsStorage"].split("TableEndpoint=")[0]
    monkeypatch.setenv("AzureWebJobsStorage", f"{broken}TableEndpoint=http://127.0.0.1:9/x;")
    answer = await function_app.status(browsing("status"))
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Storage cannot be reached" in answer.get_body().decode()
    monkeypatch.setenv("SSPR_CLOUD", "mars")
    answer = await function_app.status(browsing("status"))
    assert "Settings need attention" in answer.get_body().decode()
    answer = await function_app.explain(browsing("explain?q=SSPR_0029"))
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


async def test_a_window_that_is_none_is_refused_on_a_page(app_of):
    request = func.HttpRequest(
        "GET",
        "http://localhost/api/status?window=2d",
        headers=BROWSER,
        params={"window": "2d"},
        body=b"",
    )
    answer = await function_app.status(request)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "24h, 7d, 30d, 90d, 365d" in answer.get_body().decode()


READERS = ("status", "trend", "changes", "list_checks", "check", "explain")


@pytest.fixture
def signing_in(app_of, monkeypatch):
    """The app as it starts where App Service signs people in."""
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    spec = spec_from_file_location("app_with_sign_in", ROOT / "function_app.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "app_with_sign_in", module)
    spec.loader.exec_module(module)
    return module


def test_where_people_sign_in_only_readers_need_no_key(signing_in):
    triggers = {
        function.get_function_name(): json.loads(function.get_raw_bindings()[0])
        for function in signing_in.app.get_functions()
    }
    keyless = {name for name, of in triggers.items() if of.get("authLevel") == "ANONYMOUS"}
    assert keyless == {*READERS, "healthz"}


@pytest.mark.parametrize("name", READERS)
async def test_who_did_not_sign_in_reads_nothing(signing_in, monkeypatch, name):
    monkeypatch.setenv("SSPR_CLOUD", "mars")  # which is not told either
    for accept in ("application/json", BROWSER["accept"]):
        answer = await getattr(signing_in, name)(browsing("status", accept=accept))
        assert answer.status_code == 401
        assert b"SSPR_CLOUD" not in answer.get_body()


async def test_who_signed_in_is_shown_the_page(signing_in):
    await signing_in.run(TIMER)
    answer = await signing_in.status(browsing("status", **{"x-ms-client-principal-id": "someone"}))
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_without_sign_in_readers_need_a_key():
    assert function_app.READERS is func.AuthLevel.FUNCTION
