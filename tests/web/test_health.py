"""GET healthz: whether the monitor itself lives, from rows, clocks and failures that are made up."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
)

import monitor
from shared.confirm import stand
from shared.model import Run, State, Verdict
from shared.settings import Problem, SettingsError
from shared.web import health
from shared.web.health import Swept
from simulator import scenario
from tests.conftest import NOW
from tests.hosted import hosted

SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCHEDULE = "0 */15 * * * *"
SWEEPS = "0 7 */6 * * *"
BAD = Verdict("method_migration", State.CRITICAL, "migration_not_started", {"value": "x"})
RAN = Run("the-tenant", SLOT, SLOT + timedelta(seconds=3), 1.5, 4, (BAD,))
CURRENT = stand(None, RAN, confirm_after=2, recover_after=2)
BAD_SETTING = SettingsError([Problem("X", "X is 'private'", "X is not valid")])


def body(answer):
    return msgspec.json.decode(answer.body)


def refused(status, code="", date="Sat, 21 Nov 2026 12:00:00 GMT", kind=HttpResponseError):
    """As the SDK raises it: a message that quotes what was signed, and the answer itself."""
    response = SimpleNamespace(status_code=status, reason="No", headers={"Date": date})
    error = kind("the string to sign was GET s3cret", response=response)
    error.error_code = code
    return error


@pytest.mark.parametrize(
    ("minutes", "status", "said"),
    [
        (1, "pass", ""),
        (30, "pass", ""),
        (30.1, "fail", "The last run was 1803 seconds ago, and two have been missed since."),
    ],
)
def test_a_run_that_is_late_by_two_fails(minutes, status, said):
    sign = health.last_run(CURRENT, SCHEDULE, SLOT + timedelta(minutes=minutes))
    assert sign.status == status
    assert sign.value == round(minutes * 60 - 3)
    assert sign.detail().get("output", "") == said


def test_before_the_first_run_there_is_nothing_to_rely_on():
    answer = health.alive([health.last_run(None, SCHEDULE, SLOT)])
    assert (answer.status, body(answer)["status"]) == (503, "fail")
    assert body(answer)["output"] == "No run has finished yet."


@pytest.mark.parametrize(
    ("swept", "now", "status"),
    [
        (Swept(), SLOT, "pass"),
        (Swept(datetime(2026, 11, 21, 0, 7, tzinfo=UTC)), SLOT + timedelta(minutes=7), "pass"),
        (Swept(datetime(2026, 11, 21, 0, 7, tzinfo=UTC)), SLOT + timedelta(minutes=8), "warn"),
        (Swept(datetime(2026, 11, 21, 0, 6, 59, tzinfo=UTC)), SLOT + timedelta(minutes=7), "pass"),
        (Swept(datetime(2026, 11, 21, 0, 7, tzinfo=UTC), {}), SLOT + timedelta(hours=1), "warn"),
        (
            Swept(datetime(2026, 11, 21, 0, 7, tzinfo=UTC), {"pages": 5}),
            SLOT + timedelta(hours=12, minutes=7),
            "pass",
        ),
        (
            Swept(datetime(2026, 11, 21, 0, 7, tzinfo=UTC), {"pages": 5}),
            SLOT + timedelta(hours=12, minutes=8),
            "warn",
        ),
    ],
    ids=[
        "none-yet",
        "one-missed",
        "two-missed",
        "early",
        "nothing-underway",
        "large",
        "never-ends",
    ],
)
def test_two_missed_sweeps_warn_and_never_fail(swept, now, status):
    sign = health.last_sweep(swept, SWEEPS, now)
    assert sign.status == status
    answer = health.alive([sign, health.Sign("run", "pass", "It ran.")])
    assert (answer.status, body(answer)["status"]) == (200, status)


@pytest.mark.parametrize(
    ("ahead", "status", "said"),
    [
        (0, "pass", ""),
        (300, "pass", ""),
        (-300, "pass", ""),
        (301, "warn", "The app's clock is 301 seconds ahead of the storage account's."),
        (-301, "warn", "The app's clock is 301 seconds behind the storage account's."),
    ],
)
def test_a_clock_that_is_off_by_more_than_five_minutes_warns(ahead, status, said):
    (sign,) = health.clock(SLOT, SLOT + timedelta(seconds=ahead))
    assert (sign.status, sign.value) == (status, ahead)
    assert sign.detail().get("output", "") == said


def test_a_clock_that_nobody_compared_is_not_told():
    assert [*health.clock(None, SLOT)] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refused(403, "AuthorizationFailure"), r"\(403 \w+\): .* Storage Table Data Contributor"),
        (refused(401, kind=ClientAuthenticationError), r"refuses the app \(401\): .* right key"),
        (refused(503, "ServerBusy"), r"reached \(503 ServerBusy\): .* network rules"),
        (ServiceRequestError("s3cret"), r"\(ServiceRequestError\): see AzureWebJobsStorage"),
        (ClientAuthenticationError("s3cret"), "cannot sign in .* AZURE_CLIENT_ID"),
        (AzureError("s3cret"), r"cannot be reached \(AzureError\)"),
    ],
    ids=["403", "401", "503", "unreachable", "no-identity", "other"],
)
def test_storage_that_fails_says_what_to_fix_and_no_secret(error, said):
    answer = health.storage_failed(error, SLOT)
    found = body(answer)
    assert (answer.status, found["status"]) == (503, "fail")
    (storage,) = found["checks"]["storage"]
    assert storage["status"] == "fail"
    assert re.search(said, storage["output"])
    assert found["output"] == storage["output"]
    assert "s3cret" not in answer.body.decode()


def test_a_refusal_for_a_wrong_clock_tells_the_clock():
    answer = health.storage_failed(refused(403), SLOT + timedelta(minutes=16))
    (clock,) = body(answer)["checks"]["clock"]
    assert (clock["status"], clock["observedValue"]) == ("warn", 960)
    assert "960 seconds ahead" in body(answer)["output"]


def test_healthz_tells_nothing_about_the_tenant():
    for answer in (
        health.alive([health.last_run(CURRENT, SCHEDULE, SLOT)]),
        health.alive([health.last_run(None, SCHEDULE, SLOT)]),
        health.misconfigured(BAD_SETTING),
        health.storage_failed(refused(403), SLOT),
    ):
        text = answer.body.decode()
        assert not re.search("private|critical|the-tenant", text)
        assert body(answer).keys() == {"status", "output", "checks"}
        assert answer.headers == {"Cache-Control": "no-store"}


async def test_healthz_tells_settings_storage_clock_run_and_sweep(world):
    """The clock is read, not made up: that of the tests stands, and the emulator's does not."""
    world.graph.tenant = scenario("healthy")
    await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    async with hosted(world.environment, NOW) as app:
        answer = await app.ask("GET", "/healthz", key=None)
    document = json.loads(answer.text)
    assert (answer.status, answer.media_type) == (200, "application/health+json")
    found = {name: detail for name, (detail,) in document["checks"].items()}
    assert found.keys() == {"settings", "storage", "clock", "run", "sweep"}
    assert {found[name]["status"] for name in found.keys() - {"clock"}} == {"pass"}
    assert (found["run"]["observedValue"], found["sweep"]["observedValue"]) == (0, 0)
    off = (NOW - datetime.now(UTC)).total_seconds()
    assert abs(found["clock"]["observedValue"] - off) < 60
    assert document["status"] == found["clock"]["status"]
