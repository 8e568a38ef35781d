from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import checks
from shared.confirm import stand
from shared.model import Metric, Run, State, Verdict
from shared.text import Lang
from shared.version import VERSION
from shared.web.status import run, status

SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCHEDULE = "0 */15 * * * *"
SOON = SLOT + timedelta(minutes=1)
LATE = SLOT + timedelta(minutes=31)

BAD = Verdict("method_migration", State.CRITICAL, "migration_not_started", {"value": "x"})
GOOD = Verdict("directory_sync", State.HEALTHY, "sync_fresh", {"age_seconds": 720.0})
ODD = Verdict("writeback", State.UNKNOWN, "permission_missing", {"permission": "P"}, permission="P")
OFF = Verdict("sync_conflicts", State.NOT_APPLICABLE, "not_synced")


def ran(*verdicts):
    return Run("t", SLOT, SLOT + timedelta(seconds=3), 1.5, 4, verdicts)


def current(*verdicts):
    return stand(None, ran(*verdicts), confirm_after=2, recover_after=2)


def body(answer):
    return msgspec.json.decode(answer.body)


def test_the_worst_check_comes_first_in_words_and_codes(ask):
    answer = status(current(GOOD, ODD, BAD), checks.BY_ID, ask(SOON))
    document = body(answer)
    assert answer.status == 200
    assert [check["state"] for check in document["checks"]] == ["critical", "unknown", "healthy"]
    assert document["checks"][2]["sentence"] == "The last synchronization was 12 minutes ago."
    assert document["checks"][1]["permission"] == "P"
    assert document["checks"][0]["link"].startswith("https://learn.microsoft.com/entra/")
    assert (document["state"], document["age_seconds"]) == ("critical", 57.0)


def test_the_status_is_in_the_words_and_links_of_the_reader(ask):
    asked = ask(SOON, lang=Lang.DE)
    document = body(status(current(BAD), checks.BY_ID, asked))
    (check,) = document["checks"]
    assert check["title"] == asked.words.title("method_migration")
    assert "/de-de/" in check["link"]
    assert check["link_language"] == "de"


@pytest.mark.parametrize(("minutes", "stale"), [(1, False), (30, False), (30.1, True), (600, True)])
def test_a_status_is_stale_once_two_runs_were_missed_in_every_format(ask, minutes, stale):
    now = SLOT + timedelta(minutes=minutes)

    def answered(form):
        return status(current(GOOD), checks.BY_ID, ask(now, format=form))

    assert body(answered("json"))["stale"] is stale
    assert body(answered("health"))["status"] == ("fail" if stale else "pass")
    assert answered("text").body == (b"stale\n" if stale else b"healthy\n")
    assert answered("health").status == answered("text").status == (503 if stale else 200)


@pytest.mark.parametrize("form", ["json", "health", "text"])
def test_before_the_first_run_there_is_a_problem_document(ask, form):
    answer = status(None, checks.BY_ID, ask(SLOT, format=form))
    assert (answer.status, answer.media_type) == (503, "application/problem+json")
    assert SCHEDULE in body(answer)["detail"]


@pytest.mark.parametrize(
    ("verdicts", "word", "http"),
    [
        ((GOOD, OFF), "pass", 200),
        ((GOOD, ODD), "warn", 200),
        ((msgspec.structs.replace(GOOD, state=State.WARNING),), "warn", 200),
        ((GOOD, ODD, BAD), "fail", 503),
    ],
    ids=["healthy", "unknown", "warning", "critical"],
)
def test_health_is_in_the_words_of_the_draft_with_our_state_beside_them(ask, verdicts, word, http):
    answer = status(current(*verdicts), checks.BY_ID, ask(SOON, format="health"))
    document = body(answer)
    assert (answer.status, answer.media_type) == (http, "application/health+json")
    assert (document["status"], document["serviceId"]) == (word, "t")
    assert document["state"] == current(*verdicts).state
    assert document["releaseId"] == VERSION
    # https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06#section-3.5
    assert ("output" in document) is (word != "pass")


def test_each_metric_of_a_check_is_a_measurement_of_its_own(ask):
    measured = msgspec.structs.replace(GOOD, metrics={"sync_age": Metric(720.0, "seconds")})
    found = body(status(current(measured, ODD), checks.BY_ID, ask(SOON, format="health")))["checks"]
    assert found.keys() == {"directory_sync:sync_age", "writeback"}
    ((age,), (odd,)) = found.values()
    assert (age["observedValue"], age["observedUnit"], age["status"]) == (720.0, "seconds", "pass")
    assert "output" not in age
    assert (odd["status"], odd["state"], odd["code"]) == ("warn", "unknown", "permission_missing")
    assert odd["output"].endswith("the application permission P is missing.")
    assert odd["time"] == "2026-11-21T12:00:03Z"


def test_one_odd_run_turns_neither_health_nor_the_word(ask):
    worse = msgspec.structs.replace(GOOD, state=State.CRITICAL, code="sync_stopped")
    odd = stand(current(GOOD), ran(worse), confirm_after=2, recover_after=2)
    answer = status(odd, checks.BY_ID, ask(SOON, format="health"))
    assert answer.status == 200
    assert body(answer)["checks"]["directory_sync"][0]["latest_state"] == "critical"
    assert status(odd, checks.BY_ID, ask(SOON, format="text")).body == b"healthy\n"
    assert body(status(odd, checks.BY_ID, ask(SOON)))["state"] == "critical"


def test_a_run_is_told_like_a_status_without_what_was_confirmed(ask):
    document = body(run(ran(GOOD, BAD), checks.BY_ID, ask().words))
    assert [check["id"] for check in document["checks"]] == ["method_migration", "directory_sync"]
    assert document["state"] == "critical"
    whole = body(status(current(GOOD, BAD), checks.BY_ID, ask(SOON)))
    assert whole["checks"][0].keys() - document["checks"][0].keys() == {"confirmed"}
