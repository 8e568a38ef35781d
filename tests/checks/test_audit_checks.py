"""Checks on blocked users, changed settings, resets elsewhere and the monitor's own data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks import monitor_data, settings_changed, throttled_users, unsupported_resets
from checks.attempts import Attempt, Attempts, Kind, Outcome
from checks.audit_trail import AuditTrail, ResetsElsewhere
from checks.facts import (
    AUDIT_TRAIL,
    METHODS_POLICY,
    ORGANIZATION,
    REGISTRATION,
    RESETS_ELSEWHERE,
    MethodsPolicy,
    Organization,
)
from checks.registration_report import Registration
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
BY_LOG = [throttled_users, settings_changed, monitor_data]
QUIET = MethodsPolicy("migrationComplete")


def trail(**more):
    return AuditTrail(NOW - 30 * DAY, NOW, **{"complete": True, "behind": False, **more})


@pytest.mark.parametrize("module", BY_LOG, ids=lambda module: module.CHECK.id)
@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING])
def test_a_log_that_cannot_be_read_is_unknown(judge, module, reason):
    verdict = judge(module.CHECK, {AUDIT_TRAIL: Unavailable(reason, AUDIT_TRAIL.permission)})
    assert (verdict.state, verdict.permission) == (State.UNKNOWN, "AuditLog.Read.All")


@pytest.mark.parametrize("module", BY_LOG, ids=lambda module: module.CHECK.id)
def test_nothing_is_concluded_before_the_first_look_back_is_through(judge, module):
    verdict = judge(module.CHECK, {AUDIT_TRAIL: trail(complete=False), METHODS_POLICY: QUIET})
    assert verdict.code == "still_reading"


def blocked(*hours):
    recent = {
        str(hour): Attempt(
            int((NOW - timedelta(hours=hour)).timestamp()), Kind.BLOCKED, Outcome.BLOCKED
        )
        for hour in hours
    }
    return {AUDIT_TRAIL: trail(attempts=Attempts(recent))}


@pytest.mark.parametrize(
    ("hours", "code", "state"),
    [
        ([], "nobody_blocked", State.HEALTHY),
        ([23.9], "some_blocked", State.WARNING),
        ([24.1], "nobody_blocked", State.HEALTHY),
        ([2, 6, 10, 14], "some_blocked", State.WARNING),
        ([2, 6, 10, 14, 18], "many_blocked", State.CRITICAL),
        ([2, 2.5, 3], "many_blocked", State.CRITICAL),
        ([2, 2.5, 3.01], "some_blocked", State.WARNING),
    ],
    ids=["none", "one", "yesterday's", "4", "5", "3 in an hour", "3 in longer"],
)
def test_blocked_users_of_a_day_decide(judge, hours, code, state):
    verdict = judge(throttled_users.CHECK, blocked(*hours))
    assert (verdict.code, verdict.state) == (code, state)


def test_the_number_of_blocked_users_comes_from_settings(judge):
    verdict = judge(throttled_users.CHECK, blocked(2, 9), SSPR_THROTTLED_USERS_CRITICAL_USERS="2")
    assert verdict.state is State.CRITICAL


@pytest.mark.parametrize(
    ("times", "modified", "code", "state"),
    [
        ({}, None, "nothing_changed", State.HEALTHY),
        ({"policy_changed_at": NOW - 7 * DAY}, None, "settings_changed", State.WARNING),
        ({"policy_changed_at": NOW - 7 * DAY - SECOND}, None, "nothing_changed", State.HEALTHY),
        ({"enabled_at": NOW - DAY}, None, "settings_changed", State.WARNING),
        ({"disabled_at": NOW - DAY}, None, "writeback_disabled", State.CRITICAL),
        ({"disabled_at": NOW - DAY, "enabled_at": NOW - 2 * DAY}, None, "writeback_disabled", State.CRITICAL),
        ({"disabled_at": NOW - 2 * DAY, "enabled_at": NOW - DAY}, None, "settings_changed", State.WARNING),
        ({"disabled_at": NOW - 8 * DAY}, None, "nothing_changed", State.HEALTHY),
        ({}, NOW - DAY, "settings_changed", State.WARNING),
        ({}, NOW - 8 * DAY, "nothing_changed", State.HEALTHY),
    ],
    ids=[
        "nothing", "policy at 7 d", "policy past 7 d", "enabled", "disabled", "enabled then disabled",
        "disabled then enabled", "disabled long ago", "methods", "methods long ago",
    ],
)  # fmt: skip
def test_changes_of_a_week_are_pointed_out(judge, times, modified, code, state):
    policy = MethodsPolicy("migrationComplete", modified)
    verdict = judge(settings_changed.CHECK, {AUDIT_TRAIL: trail(**times), METHODS_POLICY: policy})
    assert (verdict.code, verdict.state) == (code, state)


def test_a_methods_policy_that_cannot_be_read_does_not_hide_the_log(judge):
    facts = {
        AUDIT_TRAIL: trail(policy_changed_at=NOW - DAY),
        METHODS_POLICY: Unavailable(Reason.UNSUPPORTED),
    }
    assert judge(settings_changed.CHECK, facts).code == "settings_changed"
    assert (
        judge(settings_changed.CHECK, facts, SSPR_SETTINGS_CHANGED_DAYS="0.5").code
        == "nothing_changed"
    )


@pytest.mark.parametrize(
    ("resets", "code", "state"),
    [
        (ResetsElsewhere(NOW, {}), "none_elsewhere", State.HEALTHY),
        (ResetsElsewhere(NOW, {"2026-11-20": 3}), "some_elsewhere", State.HEALTHY),
        (ResetsElsewhere(NOW, {"2026-11-14": 3}), "none_elsewhere", State.HEALTHY),
        (ResetsElsewhere(), "not_judged_yet", State.UNKNOWN),
    ],
    ids=["none", "some", "a week ago", "not judged"],
)
def test_resets_elsewhere_are_told_and_not_graded(judge, resets, code, state):
    facts = {ORGANIZATION: Organization(True), RESETS_ELSEWHERE: resets}
    verdict = judge(unsupported_resets.CHECK, facts)
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("enabled", [None, False], ids=["cloud only", "turned off"])
def test_without_a_sync_no_reset_bypasses_anything(judge, enabled):
    facts = {ORGANIZATION: Organization(enabled), RESETS_ELSEWHERE: ResetsElsewhere(NOW, {})}
    assert judge(unsupported_resets.CHECK, facts).state is State.NOT_APPLICABLE


def test_resets_elsewhere_that_cannot_be_read_are_unknown(judge):
    forbidden = Unavailable(Reason.PERMISSION_MISSING, RESETS_ELSEWHERE.permission)
    facts = {ORGANIZATION: Organization(True), RESETS_ELSEWHERE: forbidden}
    assert judge(unsupported_resets.CHECK, facts).permission == "AuditLog.Read.All"


@pytest.mark.parametrize(
    ("event", "report", "code", "state"),
    [
        (NOW - DAY, NOW - 30 * HOUR, "data_fresh", State.HEALTHY),
        (NOW - 7 * DAY, NOW - 48 * HOUR, "data_fresh", State.HEALTHY),
        (NOW - 7 * DAY - SECOND, NOW - 30 * HOUR, "log_quiet", State.WARNING),
        (NOW - DAY, NOW - 48 * HOUR - SECOND, "report_late", State.WARNING),
        (None, NOW - 30 * HOUR, "log_empty", State.UNKNOWN),
        (None, NOW - 49 * HOUR, "report_late", State.WARNING),
        (NOW - DAY, None, "data_fresh", State.HEALTHY),
        (NOW - DAY, Unavailable(Reason.LICENCE_MISSING), "data_fresh", State.HEALTHY),
    ],
    ids=[
        "fresh", "at both limits", "quiet", "late", "empty", "late and empty", "undated",
        "no premium",
    ],
)  # fmt: skip
def test_the_age_of_log_and_report_decides(judge, event, report, code, state):
    found = report if isinstance(report, Unavailable) else Registration(newest_at=report)
    facts = {AUDIT_TRAIL: trail(newest_event_at=event), REGISTRATION: found}
    verdict = judge(monitor_data.CHECK, facts)
    assert (verdict.code, verdict.state) == (code, state)


def test_the_ages_come_from_settings(judge):
    facts = {
        AUDIT_TRAIL: trail(newest_event_at=NOW - 5 * HOUR),
        REGISTRATION: Registration(newest_at=NOW - 30 * HOUR),
    }
    assert judge(monitor_data.CHECK, facts, SSPR_MONITOR_DATA_QUIET_HOURS="4").code == "log_quiet"
    assert (
        judge(monitor_data.CHECK, facts, SSPR_MONITOR_DATA_REPORT_HOURS="29").code == "report_late"
    )
