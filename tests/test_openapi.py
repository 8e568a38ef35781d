"""The running app against its own description, and the description against what the app reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry, Resource
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

import checks
import function_app
from checks.metrics import METRICS
from shared.history import OVERALL
from shared.text import Lang
from shared.trend import Window
from shared.version import VERSION
from shared.web import status, trend
from tests.served import KEYS

ROOT = Path(__file__).parent.parent
DESCRIPTION = ROOT / "docs" / "openapi.json"
SCHEMAS = {path.name: json.loads(path.read_text("utf-8")) for path in ROOT.glob("docs/schema/*")}
KEY = {"x-functions-key": KEYS.function}

described = json.loads(DESCRIPTION.read_text("utf-8"))
schema = schemathesis.openapi.from_path(DESCRIPTION)


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_whatever_is_asked_is_answered_as_described(api: str, case: schemathesis.Case[Any]) -> None:
    """Status, media type, headers and body are among those described; a 500 is nowhere."""
    # Azure answers a method that a route has not with 404; parameters nobody knows are passed over;
    # a 503 is how probes are told that something is critical.
    left_out = [unsupported_method, negative_data_rejection, not_a_server_error]
    if "after" in (case.query or {}):
        left_out.append(positive_data_acceptance)  # only one that was given before is any good
    case.call_and_validate(base_url=api, headers=KEY, timeout=60, excluded_checks=left_out)


OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method.upper(), path, operation)
    for path, methods in described["paths"].items()
    for method, operation in methods.items()
]


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By name, with references followed."""
    known = described["components"]["parameters"]
    found = [
        known[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
        for parameter in operation.get("parameters", ())
    ]
    return {parameter["name"]: parameter for parameter in found}


def filled(path: str) -> str:
    return path.replace("{id}", "writeback")


CHOICES = [
    (path, name, parameter["schema"]["enum"])
    for _, path, operation in OPERATIONS
    for name, parameter in parameters(operation).items()
    if "enum" in parameter["schema"]
]


@pytest.mark.parametrize(("path", "name", "allowed"), CHOICES, ids=lambda value: str(value)[:20])
def test_a_choice_is_accepted_and_nothing_else(api: str, path: str, name: str, allowed: list[str]):
    for value in (allowed[0], allowed[-1]):
        answer = requests.get(api + path, {name: value}, headers=KEY, timeout=30)
        assert answer.status_code in (200, 503), value
    refused = requests.get(api + path, {name: "other"}, headers=KEY, timeout=30)
    assert refused.status_code == 400
    assert ", ".join(allowed[:2]) in refused.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=lambda value: value if "/" in value else ""
)
def test_a_key_is_asked_for_as_described(
    api: str, method: str, path: str, operation: dict[str, Any]
) -> None:
    answer = requests.request(method, api + filled(path), timeout=30)
    assert (answer.status_code == 401) is (operation.get("security") != [])


@pytest.mark.parametrize(
    "path", ["/status", "/trend", "/changes", "/checks", "/checks/writeback", "/explain"]
)
def test_what_a_reader_has_already_is_not_sent_again(api: str, path: str) -> None:
    first = requests.get(api + path, headers=KEY, timeout=30)
    again = requests.get(
        api + path, headers=KEY | {"If-None-Match": first.headers["ETag"]}, timeout=30
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", [path for _, path, _ in OPERATIONS] + ["/nowhere"])
def test_every_answer_has_the_headers_that_protect_it(api: str, path: str) -> None:
    for headers in (KEY, {}):
        found = requests.get(api + filled(path), headers=headers, timeout=30).headers
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["Referrer-Policy"] == "no-referrer"
        assert found["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert found["Cache-Control"] in ("no-store", "private, no-cache")


class Noted(dict[str, str]):
    """Parameters that tell which of them were looked at."""

    def __init__(self) -> None:
        super().__init__(nobody="asks for this")
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/status", function_app.status),
        ("/trend", function_app.trend),
        ("/changes", function_app.changes),
        ("/checks", function_app.list_checks),
        ("/checks/{id}", function_app.check),
        ("/explain", function_app.explain),
        ("/metrics", function_app.metrics),
        ("/healthz", function_app.healthz),
        ("/run", function_app.run_now),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_every_parameter_that_is_read_is_described(world, monkeypatch, path, function):
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    params = Noted()
    route = {"id": "writeback"}
    await function(func.HttpRequest("GET", path, params=params, route_params=route, body=b""))
    (operation,) = described["paths"][path].values()
    known = {name for name, of in parameters(operation).items() if of["in"] == "query"}
    # Every answer looks for the language, and where there is a page, for whether it is wanted.
    page = {"format"} if path in ("/status", "/checks/{id}", "/explain") else set()
    assert known | {"lang"} | page == params.names


def test_the_description_names_what_the_code_knows() -> None:
    choices = {(path, name): allowed for path, name, allowed in CHOICES}
    metrics = {metric for of in METRICS.values() for metric in of}
    assert choices == {
        ("/status", "format"): list(status.FORMATS),
        ("/trend", "window"): list(Window),
        ("/trend", "check"): [OVERALL, *checks.BY_ID],
        ("/trend", "metric"): sorted(metrics),
        ("/trend", "format"): list(trend.FORMATS),
    }
    assert described["info"]["version"] == VERSION
    told = described["components"]["parameters"]["lang"]["description"]
    assert all(lang in told for lang in Lang)


# Strictly, so that no field is answered that is not described; readers have to take new ones.
def closed(part: Any) -> Any:
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: closed(item) for name, item in part.items()}
    if "properties" in part and "additionalProperties" not in part:
        made["unevaluatedProperties"] = False
    return made


def validator(name: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        (key, Resource.from_contents(closed(contents))) for key, contents in SCHEMAS.items()
    )
    return Draft202012Validator(
        closed(SCHEMAS[name]), registry=registry, format_checker=FormatChecker()
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/status", "status.json"),
        ("/status?format=health", "health.json"),
        ("/trend", "trend.json"),
        ("/trend?window=90d", "trend.json"),
        ("/changes", "changes.json"),
        ("/changes?after=x", "problem.json"),
        ("/checks", "checks.json"),
        ("/checks/writeback", "check.json"),
        ("/checks/endpoints", "check.json"),
        ("/checks/other", "problem.json"),
        ("/explain", "explain.json"),
        ("/explain?code=SSPR_0029", "explain.json"),
        ("/explain?code=SSPR_0099", "problem.json"),
        ("/run", "run.json"),
    ],
)
def test_no_field_is_answered_that_no_schema_describes(api: str, path: str, name: str) -> None:
    method = "POST" if path == "/run" else "GET"
    answer = requests.request(method, api + path, headers=KEY, timeout=30)
    validator(name).validate(answer.json())


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
