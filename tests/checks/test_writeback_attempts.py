from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.attempts import Attempt, Attempts, Kind, Outcome
from checks.audit_trail import AuditTrail
from checks.facts import AUDIT_TRAIL, ORGANIZATION, Organization
from checks.writeback_attempts import CHECK
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LETTERS = {
    "s": Outcome.SUCCEEDED,
    "u": Outcome.UNREACHABLE,
    "p": Outcome.ON_PREMISES,
    "c": Outcome.CLOUD_FAILED,
    "x": Outcome.USER,
    "a": Outcome.ABANDONED,
    "w": Outcome.WRITEBACK_OFF,
    "n": Outcome.NOT_REGISTERED,
}


def facts(word, *, minutes=100, organization=None, complete=True, oldest=None):
    """A day's attempts, oldest first, so many minutes apart; the newest 90 minutes ago."""
    recent = {
        str(index): Attempt(
            int((NOW - timedelta(minutes=90 + index * minutes)).timestamp()),
            Kind.RESET,
            LETTERS[letter],
        )
        for index, letter in enumerate(reversed(word))
    }
    trail = AuditTrail(NOW, NOW, complete=complete, behind=False, attempts=Attempts(recent))
    return {ORGANIZATION: organization or Organization(True), AUDIT_TRAIL: trail}


@pytest.mark.parametrize(
    ("word", "code", "state"),
    [
        ("s", "attempts_succeed", State.HEALTHY),
        ("sssxxxaaa", "attempts_succeed", State.HEALTHY),
        ("xaxn", "no_traffic", State.UNKNOWN),
        ("", "no_traffic", State.UNKNOWN),
        ("us", "some_attempts_fail", State.WARNING),
        ("uss", "some_attempts_fail", State.WARNING),
        ("usss", "some_attempts_fail", State.WARNING),
        ("ussss", "attempts_fail", State.CRITICAL),
        ("usssss", "some_attempts_fail", State.WARNING),
        ("suu", "some_attempts_fail", State.WARNING),
        ("uuu", "attempts_fail", State.CRITICAL),
        ("uuus", "some_attempts_fail", State.WARNING),
        ("ssssssssssupc", "attempts_fail", State.CRITICAL),
        ("sssssssssssc", "some_attempts_fail", State.WARNING),
    ],
    ids=[
        "success", "users' own failures", "only those", "nothing", "1 of 2", "1 of 3", "1 of 4",
        "20% of 5", "below 20%", "last 2", "last 3", "3 of 4, then success", "last 3 of many",
        "cloud behind",
    ],
)  # fmt: skip
def test_only_what_the_service_caused_is_graded(judge, word, code, state):
    verdict = judge(CHECK, facts(word))
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(("minutes", "code"), [(30, "attempts_fail"), (31, "some_attempts_fail")])
def test_three_failures_within_an_hour_are_critical(judge, minutes, code):
    verdict = judge(CHECK, facts("s" * 13 + "uuus", minutes=minutes))
    assert verdict.code == code


def test_attempts_older_than_the_window_do_not_count(judge):
    assert judge(CHECK, facts("uuu", minutes=24 * 60)).params["failures"] == 1


@pytest.mark.parametrize("enabled", [None, False], ids=["cloud only", "turned off"])
def test_a_tenant_that_is_not_synced_writes_nothing_back(judge, enabled):
    verdict = judge(CHECK, facts("uuu", organization=Organization(enabled)))
    assert verdict.state is State.NOT_APPLICABLE


def test_nothing_is_concluded_before_the_first_look_back_is_through(judge):
    assert judge(CHECK, facts("uuu", complete=False)).code == "still_reading"


@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING])
def test_a_log_that_cannot_be_read_is_unknown(judge, reason):
    verdict = judge(CHECK, facts("s") | {AUDIT_TRAIL: Unavailable(reason, AUDIT_TRAIL.permission)})
    assert (verdict.state, verdict.permission) == (State.UNKNOWN, "AuditLog.Read.All")


def test_thresholds_come_from_settings(judge):
    word = facts("ussss")
    assert judge(CHECK, word, SSPR_WRITEBACK_ATTEMPTS_CRITICAL_PERCENT="21").state == "warning"
    assert judge(CHECK, word, SSPR_WRITEBACK_ATTEMPTS_LEAST_ATTEMPTS="6").state == "warning"
    assert judge(CHECK, word, SSPR_WRITEBACK_ATTEMPTS_HOURS="3").params["attempts"] == 1
