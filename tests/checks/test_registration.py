from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.facts import REGISTRATION
from checks.registration import CHECK
from checks.registration_report import (
    Coverage,
    Registration,
    RegistrationRow,
    fold_rows,
    read_registration_page,
)
from shared.model import State

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FRESH = NOW - timedelta(hours=30)


def report(enabled=1000, capable=1000, admins=(10, 10), newest_at=FRESH):
    return Registration(
        Coverage(2000, enabled, 1500, capable),
        Coverage(12, admins[0], 12, admins[1]),
        newest_at=newest_at,
    )


@pytest.mark.parametrize(
    ("counts", "code", "state"),
    [
        (report(), "well_registered", State.HEALTHY),
        (report(capable=950), "well_registered", State.HEALTHY),
        (report(capable=949), "some_not_registered", State.WARNING),
        (report(capable=800), "some_not_registered", State.WARNING),
        (report(capable=799), "many_not_registered", State.CRITICAL),
        (report(capable=0), "many_not_registered", State.CRITICAL),
        (report(admins=(20, 19)), "well_registered", State.HEALTHY),
        (report(admins=(20, 18)), "administrators_not_registered", State.WARNING),
        (report(admins=(2, 0)), "administrators_not_registered", State.WARNING),
        (report(admins=(0, 0)), "well_registered", State.HEALTHY),
        (report(enabled=0, capable=0), "well_registered", State.HEALTHY),
        (report(enabled=0, capable=0, admins=(0, 0)), "nobody_enabled", State.NOT_APPLICABLE),
    ],
    ids=[
        "all", "at 95%", "below 95%", "at 80%", "below 80%", "nobody", "admins at 95%",
        "admins below", "no admin capable", "no admin enabled", "pilot of admins", "nobody enabled",
    ],
)  # fmt: skip
def test_capable_of_enabled_decides(judge, counts, code, state):
    verdict = judge(CHECK, {REGISTRATION: counts})
    assert (verdict.code, verdict.state) == (code, state)


def test_registered_users_who_are_not_enabled_never_raise_coverage(judge):
    counts = Registration(Coverage(100, 50, 100, 25), newest_at=FRESH)
    verdict = judge(CHECK, {REGISTRATION: counts})
    assert verdict.metrics["users_coverage"].value == 0.5


def test_thresholds_come_from_settings(judge):
    counts = {REGISTRATION: report(capable=900)}
    assert judge(CHECK, counts, SSPR_REGISTRATION_WARNING_PERCENT="90").state == "healthy"
    assert judge(CHECK, counts, SSPR_REGISTRATION_CRITICAL_PERCENT="91").state == "critical"


def row(enabled=True, registered=True, capable=True, **more):
    return RegistrationRow(capable, enabled, registered, **more)


def test_rows_are_counted_as_users_administrators_and_guests():
    counts = fold_rows(
        Registration(),
        [
            row(user_type="member"),
            row(user_type="member", registered=False, capable=False),
            row(user_type="member", enabled=False, capable=False),
            row(user_type="member", is_admin=True),
            row(user_type="guest", is_admin=True),
            row(user_type="guest"),
            row(user_type="unknownFutureValue"),
            row(user_type=None, is_admin=None),
        ],
    )
    assert counts.users == Coverage(members=5, enabled=4, registered=4, capable=3)
    assert counts.administrators == Coverage(1, 1, 1, 1)
    assert counts.guests == 2


@pytest.mark.parametrize("flag", ["enabled", "registered", "capable"])
def test_a_row_without_a_value_is_counted_apart(flag):
    counts = fold_rows(Registration(), [row(**{flag: None})])
    assert (counts.unclear, counts.users) == (1, Coverage())


def test_folding_pages_one_by_one_equals_folding_all_at_once():
    stamps = [NOW - timedelta(hours=hours) for hours in (30, 12, 20)]
    rows = [row(last_updated_date_time=stamp) for stamp in stamps]
    whole = fold_rows(Registration(), rows)
    assert fold_rows(fold_rows(Registration(), rows[:1]), rows[1:]) == whole
    assert whole.newest_at == stamps[1]


def test_a_page_as_live_tenants_answer_it_is_read():
    page = read_registration_page(
        b"""{"value": [{"id": "a1", "isAdmin": true, "isSsprCapable": true, "isSsprEnabled": true,
        "isSsprRegistered": true, "lastUpdatedDateTime": "2026-07-16T03:16:01.7570479Z",
        "methodsRegistered": ["microsoftAuthenticatorPush"], "userType": "guest"}]}"""
    )
    assert page.next_link is None
    assert fold_rows(Registration(), page.value).guests == 1
