"""What holds for every check that judges the registration report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks import directory_contact_data, method_retirement, registration, sspr_enabled
from checks.facts import REGISTRATION
from checks.registration_report import Coverage, Registration
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CHECKS = [directory_contact_data, method_retirement, registration, sspr_enabled]
LIMIT = timedelta(hours=48)

every_check = pytest.mark.parametrize(
    "check", [module.CHECK for module in CHECKS], ids=lambda check: check.id
)


def report(newest_at):
    return {REGISTRATION: Registration(Coverage(10, 10, 10, 10), newest_at=newest_at)}


@every_check
@pytest.mark.parametrize(
    "newest_at", [NOW - LIMIT - timedelta(seconds=1), None], ids=["past 48 h", "undated"]
)
def test_nothing_is_concluded_from_an_old_report(judge, check, newest_at):
    verdict = judge(check, report(newest_at))
    assert (verdict.state, verdict.code) == (State.UNKNOWN, "report_stale")


@every_check
@pytest.mark.parametrize("newest_at", [NOW - LIMIT, NOW + timedelta(minutes=5)])
def test_a_report_within_its_limit_is_judged(judge, check, newest_at):
    assert judge(check, report(newest_at)).state is State.HEALTHY


@every_check
def test_the_limit_comes_from_one_setting_for_all(judge, check):
    facts = report(NOW - timedelta(hours=30))
    assert judge(check, facts, SSPR_REGISTRATION_REPORT_HOURS="29").code == "report_stale"


@every_check
def test_a_report_without_members_is_unknown(judge, check):
    verdict = judge(check, {REGISTRATION: Registration(guests=4, newest_at=NOW)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, "report_empty")


@every_check
@pytest.mark.parametrize(
    "reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING, Reason.NOT_COLLECTED]
)
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, check, reason):
    verdict = judge(check, {REGISTRATION: Unavailable(reason, "AuditLog.Read.All")})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "AuditLog.Read.All"
