from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.attempts import Attempt, Attempts, Kind, Outcome
from checks.audit_trail import AuditTrail
from checks.facts import AUDIT_TRAIL
from checks.reset_attempts import CHECK
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def facts(complete=True, **numbers):
    days = {"2026-11-20": {f"reset {outcome}": number for outcome, number in numbers.items()}}
    trail = AuditTrail(NOW, NOW, complete=complete, behind=False, attempts=Attempts(days=days))
    return {AUDIT_TRAIL: trail}


@pytest.mark.parametrize(
    ("numbers", "code", "state"),
    [
        ({"succeeded": 10}, "resets_succeed", State.HEALTHY),
        ({"succeeded": 90, "not_registered": 10}, "resets_succeed", State.HEALTHY),
        ({"succeeded": 899, "not_registered": 101}, "some_resets_fail", State.WARNING),
        ({"succeeded": 60, "writeback_off": 40}, "some_resets_fail", State.WARNING),
        ({"succeeded": 599, "unclassified": 401}, "resets_fail", State.CRITICAL),
        ({"on_premises": 10}, "resets_fail", State.CRITICAL),
        ({"succeeded": 5, "not_enabled": 4}, "few_attempts", State.HEALTHY),
        ({"succeeded": 5, "not_enabled": 5}, "resets_fail", State.CRITICAL),
        ({"abandoned": 500, "user": 500, "blocked": 9}, "few_attempts", State.HEALTHY),
        ({"succeeded": 10, "abandoned": 500, "user": 500}, "resets_succeed", State.HEALTHY),
        ({}, "no_traffic", State.UNKNOWN),
    ],
    ids=[
        "all", "at 90%", "below 90%", "at 60%", "below 60%", "none", "9 finished",
        "10 finished", "given up and mistyped only", "given up beside success", "nobody",
    ],
)  # fmt: skip
def test_the_share_of_finished_attempts_that_succeeded_decides(judge, numbers, code, state):
    verdict = judge(CHECK, facts(**numbers))
    assert (verdict.code, verdict.state) == (code, state)


def test_what_users_gave_up_is_counted_but_not_graded(judge):
    verdict = judge(CHECK, facts(succeeded=60, abandoned=30, open=10))
    assert verdict.metrics["given_up"].value == 0.4
    assert verdict.metrics["success"].value == 1.0


def test_unclassified_reasons_are_shown(judge):
    recent = {"a": Attempt(int(NOW.timestamp()) - 9000, Kind.RESET, Outcome.UNCLASSIFIED)}
    attempts = Attempts(recent, unclassified={"SomethingNew": 1})
    trail = AuditTrail(NOW, NOW, complete=True, behind=False, attempts=attempts)
    verdict = judge(CHECK, {AUDIT_TRAIL: trail})
    assert "directoryAudits: unclassified reason, SomethingNew" in {
        e.source for e in verdict.evidence
    }
    assert verdict.params["unclassified"] == 1


def test_only_the_days_of_the_window_count(judge):
    old = (NOW - timedelta(days=8)).date().isoformat()
    attempts = Attempts(days={old: {"reset on_premises": 50}})
    trail = AuditTrail(NOW, NOW, complete=True, behind=False, attempts=attempts)
    assert judge(CHECK, {AUDIT_TRAIL: trail}).code == "no_traffic"
    assert judge(CHECK, {AUDIT_TRAIL: trail}, SSPR_RESET_ATTEMPTS_DAYS="9").code == "resets_fail"


def test_other_operations_are_no_resets(judge):
    attempts = Attempts(days={"2026-11-20": {"by_admin succeeded": 50, "unlock succeeded": 5}})
    trail = AuditTrail(NOW, NOW, complete=True, behind=False, attempts=attempts)
    assert judge(CHECK, {AUDIT_TRAIL: trail}).code == "no_traffic"


def test_nothing_is_concluded_before_the_first_look_back_is_through(judge):
    assert judge(CHECK, facts(complete=False, on_premises=50)).code == "still_reading"


@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING])
def test_a_log_that_cannot_be_read_is_unknown(judge, reason):
    verdict = judge(CHECK, {AUDIT_TRAIL: Unavailable(reason, AUDIT_TRAIL.permission)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)


def test_thresholds_come_from_settings(judge):
    some = facts(succeeded=80, not_enabled=20)
    assert judge(CHECK, some, SSPR_RESET_ATTEMPTS_WARNING_PERCENT="80").state == "healthy"
    assert judge(CHECK, some, SSPR_RESET_ATTEMPTS_CRITICAL_PERCENT="81").state == "critical"
    assert judge(CHECK, some, SSPR_RESET_ATTEMPTS_LEAST_ATTEMPTS="101").code == "few_attempts"
