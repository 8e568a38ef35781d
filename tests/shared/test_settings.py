from __future__ import annotations

from datetime import date

import pytest

import checks
from shared.graph.clouds import Cloud
from shared.settings import (
    CHECKS_DISABLED,
    CLOUD,
    DECLARED_WRITEBACK,
    GRAPH_ENDPOINT,
    SCHEDULE,
    TENANT_ID,
    Declared,
    SettingsError,
    Storage,
    load,
    schedule_or_default,
)

GOOD = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "SSPR_TENANT_ID": "0E3A7C1D-0000-4000-8000-00000000ABCD",
}


def read(**environment):
    return load(GOOD | environment, checks.THRESHOLDS)


def problems(**environment):
    with pytest.raises(SettingsError) as raised:
        read(**environment)
    return [problem.message for problem in raised.value.problems]


def test_two_settings_are_enough():
    settings = read()
    assert settings[TENANT_ID] == "0e3a7c1d-0000-4000-8000-00000000abcd"
    assert settings[CLOUD] is Cloud.GLOBAL
    assert settings[SCHEDULE] == "0 */15 * * * *"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SSPR_CLOUD", "mars", "use one of global, usgov, usgovdod, china."),
        ("SSPR_TENANT_ID", "contoso.example", "use a tenant id (GUID)."),
        ("SSPR_SCHEDULE", "every 15 minutes", "use an NCRONTAB expression"),
        ("SSPR_SCHEDULE", "* */15 * * * *", "fires at most once a minute"),
        ("SSPR_SWEEP_SCHEDULE", "0 0 25 * * *", "use an NCRONTAB expression"),
        ("SSPR_CONFIRM_AFTER", "0", "use a whole number from 1 to 100."),
        ("SSPR_RECOVER_AFTER", "2.5", "use a whole number from 1 to 100."),
        ("SSPR_DECLARED_WRITEBACK", "on", "use on@YYYY-MM-DD or off@YYYY-MM-DD"),
        ("SSPR_DECLARED_ADMIN_SSPR", "maybe@2026-11-01", "use on@YYYY-MM-DD"),
        ("SSPR_DECLARED_ADMIN_SSPR", "on@2026-11-31", "use on@YYYY-MM-DD"),
        ("SSPR_DIRECTORY_SYNC_WARNING_HOURS", "soon", "use a number from 0 to 720 (hours)."),
        ("SSPR_DIRECTORY_SYNC_WARNING_HOURS", "nan", "use a number from 0 to 720 (hours)."),
        ("SSPR_REGISTRATION_WARNING_PERCENT", "101", "use a number from 0 to 100 (percent)."),
        ("SSPR_GRAPH_ENDPOINT", "127.0.0.1:8090", "use the root URL of a simulator"),
        ("SSPR_GRAPH_ENDPOINT", "http://127.0.0.1:8090/v1.0", "use the root URL of a simulator"),
    ],
)
def test_a_bad_value_is_one_clear_message(name, value, allowed):
    more = {"SSPR_GRAPH_TOKEN": "t"} if name == "SSPR_GRAPH_ENDPOINT" else {}
    (message,) = problems(**{name: value}, **more)
    assert message.startswith(f"{name} is {value!r}: ")
    assert allowed in message


def test_every_problem_is_told_at_once():
    assert len(problems(SSPR_CLOUD="mars", SSPR_SCHEDULE="x", SSPR_TENANT_ID="")) == 3


@pytest.mark.parametrize("name", ["SSPR_TENANT_ID", "AzureWebJobsStorage"])
def test_what_is_required_is_asked_for(name):
    (message,) = problems(**{name: " "})
    assert message.startswith(f"{name} is missing: use ")


@pytest.mark.parametrize(
    "endpoint",
    ["https://graph.microsoft.com", "http://192.0.2.7:80", "http://127.0.0.1.attacker.example"],
)
@pytest.mark.parametrize("token", ["secret-token", ""])
def test_a_token_is_only_ever_for_this_machine(endpoint, token):
    (message,) = problems(SSPR_GRAPH_ENDPOINT=endpoint, SSPR_GRAPH_TOKEN=token)
    assert message.startswith(f"SSPR_GRAPH_ENDPOINT is {endpoint!r}, which is not on this machine")


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8090", "http://localhost:8090/", "http://[::1]:8090"]
)
def test_a_simulator_on_this_machine_is_accepted(endpoint):
    settings = read(SSPR_GRAPH_ENDPOINT=endpoint, SSPR_GRAPH_TOKEN="t")
    assert settings[GRAPH_ENDPOINT] == endpoint.rstrip("/")


def test_endpoint_and_token_belong_together():
    assert "SSPR_GRAPH_TOKEN is missing" in problems(SSPR_GRAPH_ENDPOINT="http://localhost:1")[0]
    assert "set without SSPR_GRAPH_ENDPOINT" in problems(SSPR_GRAPH_TOKEN="secret-token")[0]


def test_a_token_is_never_repeated():
    for endpoint in ("", "https://graph.microsoft.com", "nonsense"):
        text = str(problems(SSPR_GRAPH_ENDPOINT=endpoint, SSPR_GRAPH_TOKEN="secret-token"))
        assert "secret-token" not in text


def test_private_values_are_left_out_where_anybody_may_read():
    with pytest.raises(SettingsError) as raised:
        read(SSPR_TENANT_ID="contoso.example")
    (problem,) = raised.value.problems
    assert "contoso" in problem.message
    assert "contoso" not in problem.public


def test_a_warning_level_must_stay_below_its_critical_level():
    (message,) = problems(SSPR_DIRECTORY_SYNC_WARNING_HOURS="24")
    assert "below SSPR_DIRECTORY_SYNC_CRITICAL_HOURS (24)" in message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SSPR_SHEDULE", "Did you mean SSPR_SCHEDULE?"),
        ("SSPR_WRITEBACK_PROOF_DAY", "Did you mean SSPR_WRITEBACK_PROOF_DAYS?"),
    ],
)
def test_a_name_that_is_no_setting_is_pointed_out(name, hint):
    (warning,) = read(**{name: "1"}).warnings
    assert name in warning
    assert hint in warning


def test_a_check_that_does_not_exist_cannot_be_switched_off():
    settings = read(SSPR_CHECKS_DISABLED="writeback, nonsense")
    assert settings[CHECKS_DISABLED] == {"writeback", "nonsense"}
    with pytest.raises(SettingsError, match="'nonsense'"):
        checks.enabled(settings)


def test_a_check_can_be_switched_off():
    enabled = checks.enabled(read(SSPR_CHECKS_DISABLED="writeback"))
    assert "writeback" not in {check.id for check in enabled}
    assert len(enabled) == len(checks.CATALOGUE) - 1


def test_a_declaration_keeps_its_date():
    declared = read(SSPR_DECLARED_WRITEBACK="off@2026-11-01")[DECLARED_WRITEBACK]
    assert declared == Declared(on=False, at=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("environment", "storage"),
    [
        ({}, Storage(connection_string="UseDevelopmentStorage=true")),
        (
            {"AzureWebJobsStorage": "", "AzureWebJobsStorage__accountName": "contoso"},
            Storage(table_endpoint="https://contoso.table.core.windows.net"),
        ),
        (
            {
                "AzureWebJobsStorage": "",
                "AzureWebJobsStorage__tableServiceUri": "https://contoso.table.core.usgovcloudapi.net",
                "AzureWebJobsStorage__clientId": "1234",
            },
            Storage(
                table_endpoint="https://contoso.table.core.usgovcloudapi.net", client_id="1234"
            ),
        ),
    ],
    ids=["connection string", "account name", "table endpoint"],
)
def test_storage_is_reached_by_connection_string_or_identity(environment, storage):
    assert read(**environment).storage == storage


def test_a_timer_fires_even_with_a_bad_schedule():
    assert schedule_or_default(SCHEDULE, {"SSPR_SCHEDULE": "bad"}) == "0 */15 * * * *"
    assert schedule_or_default(SCHEDULE, {"SSPR_SCHEDULE": "0 5 * * * *"}) == "0 5 * * * *"
