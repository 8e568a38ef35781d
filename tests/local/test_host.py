import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import azure.functions as func
import pytest
from aiohttp.test_utils import TestClient, TestServer
from azure.functions.timer import TimerRequest

from local.host import Host, Keys, LoadError

Client = TestClient[Any, Any]

HOST_JSON = {
    "extensions": {"http": {"routePrefix": "v1", "customHeaders": {"X-Frame-Options": "DENY"}}}
}
KEYS = Keys(function="function-key", master="master-key")


def sample() -> func.FunctionApp:
    app = func.FunctionApp()
    route = app.route

    @route("echo/{name}/{number:int?}", methods=["GET", "POST"], auth_level="ANONYMOUS")
    async def echo(req: func.HttpRequest) -> func.HttpResponse:
        parts = [req.method, dict(req.route_params), dict(req.params), req.get_body().decode()]
        return func.HttpResponse(json.dumps(parts), headers={"X-Frame-Options": "SAMEORIGIN"})

    @route("echo/fixed", methods=["GET", "HEAD"], auth_level="ANONYMOUS")
    def fixed(req: func.HttpRequest) -> str:
        return "fixed ✓"

    @route("headers", auth_level="ANONYMOUS")
    def headers(req: func.HttpRequest) -> str:
        return ",".join(name for name in req.headers if name.startswith("x-"))

    @route("status", methods=["GET"])
    async def status(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(b"{}", status_code=203, mimetype="application/json")

    @route("purge", methods=["POST"], auth_level="ADMIN")
    async def purge(req: func.HttpRequest) -> str:
        return "purged"

    @route("raises", auth_level="ANONYMOUS")
    async def raises(req: func.HttpRequest) -> str:
        raise RuntimeError("secret detail")

    @route("forgets", auth_level="ANONYMOUS")
    async def forgets(req: func.HttpRequest) -> None:
        return None

    @app.timer_trigger("timer", schedule="%TEST_SCHEDULE%")
    async def tick(timer: func.TimerRequest) -> None:
        if timer.past_due:
            raise RuntimeError("too late")

    return app


@asynccontextmanager
async def serving(keys: Keys | None = None) -> AsyncIterator[Client]:
    host = Host(sample(), HOST_JSON, {"TEST_SCHEDULE": "0 * * * * *"}, keys)
    async with TestClient(TestServer(host.application())) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/v1/echo/fixed", 200, id="declared"),
        pytest.param("GET", "/v1/ECHO/Fixed/", 200, id="any-case-and-a-closing-slash"),
        pytest.param("HEAD", "/v1/echo/fixed", 200, id="head-declared"),
        pytest.param("HEAD", "/v1/status", 404, id="head-does-not-come-with-get"),
        pytest.param("DELETE", "/v1/status", 404, id="wrong-method-is-not-405"),
        pytest.param("PATCH", "/v1/headers", 200, id="no-methods-means-all"),
        pytest.param("GET", "/echo/fixed", 404, id="without-the-prefix"),
        pytest.param("GET", "/v1/status/more", 404, id="longer-than-the-route"),
        pytest.param("GET", "/v1/echo/a/b", 404, id="parameter-of-another-kind"),
        pytest.param("GET", "/", 404, id="root"),
    ],
)
async def test_a_request_reaches_only_a_route_of_its_path_and_method(
    method: str, path: str, status: int
) -> None:
    async with serving() as client:
        answer = await client.request(method, path)
        assert answer.status == status


async def test_a_function_is_given_the_parts_of_the_request() -> None:
    async with serving() as client:
        answer = await client.post("/v1/echo/a%20b/7?x=1&x=2&empty=", data="body")
        parts = ["POST", {"name": "a b", "number": "7"}, {"x": "1,2"}, "body"]
        assert json.loads(await answer.text()) == parts


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        pytest.param("/v1/echo/fixed", "text/plain; charset=utf-8", id="str"),
        pytest.param("/v1/echo/x", "text/plain; charset=utf-8", id="default-mimetype"),
        pytest.param("/v1/status", "application/json", id="own-mimetype"),
    ],
)
async def test_the_content_type_is_the_one_azure_sends(path: str, content_type: str) -> None:
    async with serving() as client:
        answer = await client.get(path)
        assert answer.headers["Content-Type"] == content_type


@pytest.mark.parametrize("path", ["/v1/raises", "/v1/forgets"])
async def test_a_failing_function_is_an_empty_500_and_the_host_goes_on(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as client:
        answer = await client.get(path)
        assert (answer.status, await answer.text()) == (500, "")
        assert "failed after" in caplog.text
        assert (await client.get("/v1/status")).status == 203


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/v1/echo/fixed", "DENY", id="added-when-absent"),
        pytest.param("/v1/echo/x", "SAMEORIGIN", id="the-functions-own-wins"),
        pytest.param("/v1/nowhere", "DENY", id="on-404"),
        pytest.param("/v1/raises", "DENY", id="on-500"),
    ],
)
async def test_custom_headers_of_host_json_are_on_every_answer(path: str, expected: str) -> None:
    async with serving() as client:
        answer = await client.get(path)
        assert answer.headers.getall("X-Frame-Options") == [expected]


@pytest.mark.parametrize(
    ("method", "path", "header", "status"),
    [
        pytest.param("GET", "/v1/echo/fixed", None, 200, id="anonymous"),
        pytest.param("GET", "/v1/status", None, 401, id="no-key"),
        pytest.param("GET", "/v1/status?code=wrong", None, 401, id="wrong-key"),
        pytest.param("GET", "/v1/status?code=function-key", None, 203, id="in-the-query"),
        pytest.param("GET", "/v1/status", "function-key", 203, id="in-the-header"),
        pytest.param("GET", "/v1/status?code=function-key", "wrong", 401, id="the-header-wins"),
        pytest.param("GET", "/v1/status", "master-key", 203, id="master"),
        pytest.param("POST", "/v1/purge", "function-key", 401, id="admin-needs-the-master-key"),
        pytest.param("POST", "/v1/purge", "master-key", 200, id="admin"),
    ],
)
async def test_a_key_is_asked_for_as_the_function_says(
    method: str, path: str, header: str | None, status: int
) -> None:
    async with serving(KEYS) as client:
        headers = {} if header is None else {"x-functions-key": header}
        answer = await client.request(method, path, headers=headers)
        assert answer.status == status
        if status == 401:
            assert await answer.text() == ""


async def test_without_keys_every_function_is_open() -> None:
    async with serving() as client:
        assert (await client.post("/v1/purge")).status == 200


async def test_a_forged_principal_does_not_reach_the_function() -> None:
    async with serving() as client:
        forged = {
            "X-MS-CLIENT-PRINCIPAL-ID": "admin",
            "x-ms-client-principal": "e30=",
            "X-Own": "1",
        }
        assert await (await client.get("/v1/headers", headers=forged)).text() == "x-own"


async def test_a_timer_function_that_fails_is_reported_and_nothing_else() -> None:
    host = Host(sample(), HOST_JSON, {"TEST_SCHEDULE": "0 * * * * *"})
    assert await host.fire("tick", TimerRequest())
    assert not await host.fire("tick", TimerRequest(past_due=True))


async def test_a_schedule_without_its_setting_stops_that_function_only() -> None:
    host = Host(sample(), HOST_JSON, {})
    with pytest.raises(LoadError, match="tick"):
        host.schedule("tick")
    async with TestClient[Any, Any](TestServer(host.application())) as client:
        assert (await client.get("/v1/status")).status == 203


def misnamed(app: func.FunctionApp) -> None:
    @app.route("x")
    def mistaken(request: func.HttpRequest) -> str:
        return ""


def queued(app: func.FunctionApp) -> None:
    @app.queue_trigger("message", queue_name="q", connection="AzureWebJobsStorage")
    def mistaken(message: func.QueueMessage) -> None: ...


def oddly_routed(app: func.FunctionApp) -> None:
    @app.route("x/{id:guid}")
    def mistaken(req: func.HttpRequest) -> str:
        return ""


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        pytest.param(misnamed, r"mistaken takes \['request'\].*give \['req'\]", id="parameter"),
        pytest.param(queued, "mistaken has a queueTrigger", id="trigger"),
        pytest.param(oddly_routed, "cannot match", id="route"),
    ],
)
def test_an_app_that_cannot_be_served_is_refused_by_name(
    mistake: Callable[[func.FunctionApp], None], told: str
) -> None:
    app = func.FunctionApp()
    mistake(app)
    with pytest.raises(LoadError, match=told):
        Host(app, {}, {})
