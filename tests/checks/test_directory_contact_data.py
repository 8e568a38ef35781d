from __future__ import annotations

from datetime import UTC, datetime

import pytest

from checks.directory_contact_data import CHECK
from checks.facts import REGISTRATION
from checks.registration_report import Coverage, Registration
from shared.model import State

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def report(found=0, checked=None, unregistered=100, enabled=1000, admins=(0, 0)):
    """Of those enabled, some have not registered; all of these were looked up unless told."""
    return {
        REGISTRATION: Registration(
            Coverage(2000, enabled, enabled, enabled - unregistered),
            Coverage(10, admins[0], admins[1], admins[1]),
            newest_at=NOW,
            contact_checked=unregistered if checked is None else checked,
            contact_found=found,
        )
    }


@pytest.mark.parametrize(
    ("facts", "code", "state"),
    [
        (report(), "none_found", State.HEALTHY),
        (report(unregistered=0), "none_found", State.HEALTHY),
        (report(found=1), "some_found", State.WARNING),
        (report(found=50), "some_found", State.WARNING),
        (report(found=51), "many_found", State.CRITICAL),
        (report(checked=0), "not_looked_up", State.UNKNOWN),
        (report(unregistered=0, admins=(1, 0), checked=0), "not_looked_up", State.UNKNOWN),
        (report(enabled=0, unregistered=0), "nobody_enabled", State.NOT_APPLICABLE),
    ],
    ids=[
        "none of them", "all registered", "one", "at 5%", "above 5%", "not looked up",
        "an administrator not looked up", "nobody enabled",
    ],
)  # fmt: skip
def test_what_was_found_decides(judge, facts, code, state):
    verdict = judge(CHECK, facts)
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("found", "code"),
    [(1500, "some_found"), (1501, "many_found")],
    ids=["5% by what was looked up", "more"],
)
def test_in_a_large_tenant_those_looked_up_stand_for_all(judge, found, code):
    """3,000 of 10,000 were looked up, and half of them had contact data: 5,000 of 100,000."""
    facts = report(found=found, checked=3000, unregistered=10_000, enabled=100_000)
    verdict = judge(CHECK, facts)
    assert verdict.code == code
    assert verdict.params["found"] == found


def test_more_looked_up_than_counted_does_not_shrink_the_share(judge):
    """Rows that lack a flag are looked up but belong to no count."""
    verdict = judge(CHECK, report(found=5, checked=20, unregistered=10, enabled=50))
    assert verdict.params["share_ratio"] == 0.1


def test_the_permission_that_lets_us_look_is_named(judge):
    assert judge(CHECK, report(checked=0)).permission == "User.Read.All"


def test_thresholds_come_from_settings(judge):
    facts = report(found=51)
    setting = "SSPR_DIRECTORY_CONTACT_DATA_CRITICAL_PERCENT"
    assert judge(CHECK, facts, **{setting: "5.1"}).code == "some_found"
    assert judge(CHECK, report(found=1), **{setting: "0"}).code == "many_found"
