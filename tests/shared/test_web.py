from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import checks
from shared.confirm import stand
from shared.model import Run, State, Verdict
from shared.settings import Problem, SettingsError
from shared.web import health
from shared.web.status import status

SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCHEDULE = "0 */15 * * * *"


def current(*verdicts):
    run = Run("t", SLOT, SLOT + timedelta(seconds=3), 1.5, 4, verdicts)
    return stand(None, run, confirm_after=2, recover_after=2)


BAD = Verdict("method_migration", State.CRITICAL, "migration_not_started", {"value": "x"})
GOOD = Verdict("directory_sync", State.HEALTHY, "sync_fresh", {"age_seconds": 720.0})
ODD = Verdict("writeback", State.UNKNOWN, "permission_missing", {"permission": "P"}, permission="P")


def body(answer):
    return msgspec.json.decode(answer.body)


def test_the_worst_check_comes_first_in_words_and_codes():
    answer = status(current(GOOD, ODD, BAD), checks.BY_ID, SCHEDULE, SLOT + timedelta(minutes=1))
    document = body(answer)
    assert answer.status == 200
    assert [check["state"] for check in document["checks"]] == ["critical", "unknown", "healthy"]
    assert document["checks"][2]["sentence"] == "The last synchronization was 12 minutes ago."
    assert document["checks"][1]["permission"] == "P"
    assert document["checks"][0]["link"].startswith("https://learn.microsoft.com/entra/")
    assert (document["state"], document["age_seconds"]) == ("critical", 57.0)


@pytest.mark.parametrize(("minutes", "stale"), [(1, False), (30, False), (30.1, True), (600, True)])
def test_a_status_is_stale_once_two_runs_were_missed(minutes, stale):
    now = SLOT + timedelta(minutes=minutes)
    assert body(status(current(GOOD), checks.BY_ID, SCHEDULE, now))["stale"] is stale
    assert health.alive(current(GOOD), SCHEDULE, now).status == (503 if stale else 200)


def test_before_the_first_run_there_is_a_problem_document():
    answer = status(None, checks.BY_ID, SCHEDULE, SLOT)
    assert (answer.status, answer.media_type) == (503, "application/problem+json")
    assert SCHEDULE in body(answer)["detail"]


def test_health_tells_nothing_about_the_tenant():
    for answer in (
        health.alive(current(BAD), SCHEDULE, SLOT),
        health.alive(None, SCHEDULE, SLOT),
        health.misconfigured(SettingsError([Problem("X", "X is 'private'", "X is not valid")])),
        health.storage_unreachable(),
    ):
        text = answer.body.decode()
        assert "private" not in text
        assert "critical" not in text
        assert '"t"' not in text
        assert body(answer).keys() == {"status", "output"}
