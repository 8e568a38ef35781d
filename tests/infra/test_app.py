"""What is deployed is what the app reads: settings, tables, queues, routes, schedules."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest

import checks
import shared.store
from shared import telemetry
from shared.settings import GRAPH_ENDPOINT, GRAPH_TOKEN, SETTINGS, STORAGE_SETTINGS, load
from tests.infra.bicep import ROOT, Deployment, deploy
from tests.infra.conftest import LEAST, MAIN, settings_of

# Read by others than shared/settings.py; each for the reason beside it.
READ_ELSEWHERE = {
    # The host reaches its blobs with them:
    # https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__credential",
    # The host shows no page at the root of the app.
    "AzureWebJobsDisableHomepage",
    # shared/graph/credentials.py: which of the identities asks Graph.
    "AZURE_CLIENT_ID",
    # shared/telemetry.py and the host: where events and logs go, and who sends them.
    telemetry.CONNECTION_STRING,
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    # The Python worker, up to 3.12.
    "PYTHON_ISOLATE_WORKER_DEPENDENCIES",
    # App Service, when somebody signs in.
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
}
# Would send a token somewhere; refused unless that is this machine.
NEVER_DEPLOYED = {GRAPH_ENDPOINT.name, GRAPH_TOKEN.name}


def functions() -> dict[str, list[dict[str, Any]]]:
    """The bindings of each function, of an app of our own, as one tells them only once."""
    spec = spec_from_file_location("deployed_app", ROOT / "function_app.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        function.get_function_name(): [json.loads(raw) for raw in function.get_raw_bindings()]
        for function in module.app.get_functions()
    }


def of_type(kind: str) -> list[dict[str, Any]]:
    return [binding for all_ in functions().values() for binding in all_ if binding["type"] == kind]


def test_the_app_takes_the_settings_that_it_is_deployed_with(deployed: Deployment) -> None:
    settings = load(settings_of(deployed), checks.THRESHOLDS)
    assert settings.warnings == ()
    assert settings.storage.table_endpoint
    assert settings.storage.client_id == settings_of(deployed)["AZURE_CLIENT_ID"]
    assert settings.storage.connection_string is None


def test_every_setting_of_the_app_can_be_deployed(plain: Deployment) -> None:
    ours = {setting.name for setting in SETTINGS}
    assert ours - settings_of(plain).keys() == NEVER_DEPLOYED


def test_every_setting_that_is_deployed_is_read(signing_in: Deployment) -> None:
    ours = {setting.name for setting in SETTINGS} | set(STORAGE_SETTINGS)
    assert settings_of(signing_in).keys() - ours == READ_ELSEWHERE


def test_storage_is_reached_by_the_addresses_that_azure_tells(plain: Deployment) -> None:
    """Other clouds have other ones."""
    found = {name: value for name, value in settings_of(plain).items() if name.endswith("Uri")}
    account = plain.one("Microsoft.Storage/storageAccounts").name
    assert found == {
        f"AzureWebJobsStorage__{service}ServiceUri": f"<{account}.properties.primaryEndpoints.{service}>"
        for service in ("blob", "queue", "table")
    }
    assert "AzureWebJobsStorage" not in settings_of(plain)


def test_any_threshold_can_be_deployed_and_none_replaces_another_setting() -> None:
    thresholds = {threshold.name: f"{threshold.default:g}" for threshold in checks.THRESHOLDS}
    given = {**thresholds, "AZURE_CLIENT_ID": "somebody else"}
    settings = settings_of(deploy(MAIN, LEAST | {"thresholds": given}))
    assert settings.items() >= thresholds.items()
    assert settings["AZURE_CLIENT_ID"] != "somebody else"
    assert load(settings, checks.THRESHOLDS).warnings == ()


def test_every_table_is_made(plain: Deployment) -> None:
    tables = plain.of("Microsoft.Storage/storageAccounts/tableServices/tables")
    assert [table.name.rpartition("/")[2] for table in tables] == list(shared.store.TABLES)


def test_every_queue_is_made(plain: Deployment) -> None:
    queues = plain.of("Microsoft.Storage/storageAccounts/queueServices/queues")
    used = [binding["queueName"] for kind in ("queueTrigger", "queue") for binding in of_type(kind)]
    assert {queue.name.rpartition("/")[2] for queue in queues} == set(used)


def test_no_timer_runs_at_every_start() -> None:
    """It would at each new instance: https://github.com/Azure-Samples/azure-functions-flex-consumption-samples/issues/37"""
    timers = of_type("timerTrigger")
    assert timers
    assert not [timer for timer in timers if timer.get("runOnStartup")]


def test_what_is_asked_from_outside_needs_no_key(plain: Deployment) -> None:
    test = plain.one("Microsoft.Insights/webtests")
    open_to_all = [
        f"{plain.outputs['FUNCTION_APP_URL']}/api/{trigger['route']}"
        for trigger in of_type("httpTrigger")
        if trigger["authLevel"] == "ANONYMOUS"
    ]
    assert test["properties.Request.RequestUrl"] in open_to_all


def test_what_needs_no_sign_in_needs_a_key_or_tells_nothing(
    signing_in: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """App Service would send programs to a page to sign in at."""
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    (auth,) = [
        config
        for config in signing_in.of("Microsoft.Web/sites/config")
        if config.name.endswith("/authsettingsV2")
    ]
    levels = {f"/api/{one['route']}": one["authLevel"] for one in of_type("httpTrigger")}
    excluded = auth["properties.globalValidation.excludedPaths"]
    assert {path: levels[path] for path in excluded} == {
        "/api/healthz": "ANONYMOUS",
        "/api/metrics": "FUNCTION",
        "/api/run": "FUNCTION",
    }
