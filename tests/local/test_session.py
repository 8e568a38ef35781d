import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from local import arguments
from local.azurite import ROOT, Azurite, find_installation
from local.session import RunError, apply_settings, listen

# An app of the real one's outline: it counts its runs in storage and shows the count as the tenant.
APP = """
import json, os
import azure.functions as func
from azure.data.tables.aio import TableServiceClient

app = func.FunctionApp()

def tables():
    return TableServiceClient.from_connection_string(os.environ["AzureWebJobsStorage"])

async def runs(client):
    table = await client.create_table_if_not_exists("Runs")
    return table, len([row async for row in table.list_entities()])

@app.timer_trigger("timer", schedule="%TEST_SCHEDULE%")
async def run(timer: func.TimerRequest) -> None:
    if os.environ.get("TEST_BREAK"):
        raise RuntimeError("broken on purpose")
    async with tables() as client:
        table, count = await runs(client)
        await table.create_entity({"PartitionKey": "p", "RowKey": str(count)})

@app.route("status")
async def status(req: func.HttpRequest) -> func.HttpResponse:
    if os.environ.get("TEST_PROBLEM"):
        problem = {"title": "Settings need attention", "detail": "SSPR_LANG is 'xx'."}
        return func.HttpResponse(
            json.dumps(problem), status_code=503, mimetype="application/problem+json"
        )
    async with tables() as client:
        _, count = await runs(client)
    document = {
        "tenant": f"runs: {count}", "state": "healthy", "sentence": "All is well.",
        "slot": "2026-11-21T09:45:00Z", "recorded_at": "2026-11-21T09:45:02Z",
        "stale": bool(os.environ.get("TEST_STALE")), "checks": [], "unreadable": [],
    }
    return func.HttpResponse(json.dumps(document), mimetype="application/json")

async def close() -> None:
    print("closed")
"""
SESSION = """
import sys
from pathlib import Path
from local import session

session.ROOT = Path.cwd()
sys.exit(session.main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "function_app.py").write_text(APP)
    shutil.copy(ROOT / "host.json", tmp_path)
    settings = {"IsEncrypted": False, "Values": {"TEST_SCHEDULE": "0 0 0 1 1 *"}}
    (tmp_path / "local.settings.json").write_text(json.dumps(settings))
    return tmp_path


def start(folder: Path, *options: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SESSION, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_single_run_is_shown_and_the_next_start_continues_its_history(folder: Path) -> None:
    for count in (1, 2):
        with start(folder, "--once") as session:
            output, errors = session.communicate()
        assert session.returncode == 0, errors
        assert f"Tenant runs: {count}, run of 2026-11-21 09:45 UTC" in output
        assert "/api/status" in output


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c_ends_serving_with_everything_closed(folder: Path) -> None:
    with start(folder) as session:
        assert session.stdout
        shown = iter(session.stdout.readline, "Ctrl-C to stop\n")
        assert any("/api/status" in line for line in shown)
        session.send_signal(signal.SIGINT)
        output, errors = session.communicate(timeout=5)
    assert (session.returncode, output.splitlines()[-1]) == (0, "closed")
    assert "Traceback" not in errors
    assert "Unclosed" not in errors
    with Azurite(folder / ".local/data/contoso", *find_installation()) as storage:
        assert storage.connection_string, "the data folder was left in use"


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        pytest.param([], {"TEST_BREAK": "1"}, "error: the run failed", id="run-raises"),
        pytest.param(
            [],
            {"TEST_PROBLEM": "1"},
            "error: Settings need attention: SSPR_LANG is 'xx'.",
            id="status-is-a-problem",
        ),
        pytest.param([], {"TEST_STALE": "1"}, "error: the run was not stored", id="not-stored"),
        pytest.param(
            ["--scenario", "nowhere"], {}, "error: there is no scenario 'nowhere'", id="scenario"
        ),
        pytest.param([], {"TEST_SCHEDULE": "daily"}, "error: the app has no timer", id="schedule"),
    ],
)
def test_a_single_run_that_does_not_succeed_is_one_clear_error(
    folder: Path, options: Sequence[str], environment: dict[str, str], told: str
) -> None:
    with start(folder, "--once", *options, **environment) as session:
        _, errors = session.communicate()
    assert session.returncode == 1
    assert errors.splitlines()[-1].startswith(told)


def test_local_settings_do_not_override_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    environment = {"SSPR_LANG": "de"}
    apply_settings(file, environment)
    file.write_text('{"Values": {"SSPR_LANG": "en", "SSPR_CONFIRM_AFTER": 3}}')
    apply_settings(file, environment)
    assert environment == {"SSPR_LANG": "de", "SSPR_CONFIRM_AFTER": "3"}


def test_local_settings_that_are_no_json_are_named(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text("{")
    with pytest.raises(RunError, match=r"local\.settings\.json"):
        apply_settings(file, {})


def test_a_busy_port_is_an_error_only_when_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with listen(None) as some, listen(None) as other:
        busy = some.getsockname()[1]
        assert other.getsockname()[1] != busy
        monkeypatch.setattr(arguments, "DEFAULT_PORT", busy)
        with listen(None) as free:
            assert free.getsockname()[1] != busy
            assert f"port {busy} is busy, using {free.getsockname()[1]}" in caplog.text
        with pytest.raises(RunError, match=f"port {busy} cannot be used"):
            listen(busy)
