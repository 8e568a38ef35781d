from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.directory_sync import CHECK
from checks.facts import ORGANIZATION, Asked, Organization
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "code", "state"),
    [
        (timedelta(0), "sync_fresh", State.HEALTHY),
        (timedelta(hours=2), "sync_fresh", State.HEALTHY),
        (timedelta(hours=2) + SECOND, "sync_late", State.WARNING),
        (timedelta(hours=24), "sync_late", State.WARNING),
        (timedelta(hours=24) + SECOND, "sync_stopped", State.CRITICAL),
        (timedelta(days=3), "sync_stopped", State.CRITICAL),
        (timedelta(days=3) + SECOND, "sync_stopped_days", State.CRITICAL),
        (timedelta(days=7), "sync_stopped_days", State.CRITICAL),
        (timedelta(days=7) + SECOND, "sync_stopped_week", State.CRITICAL),
        (timedelta(days=900), "sync_stopped_week", State.CRITICAL),
        (-timedelta(minutes=5), "sync_fresh", State.HEALTHY),
    ],
    ids=[
        "now", "at 2 h", "past 2 h", "at 24 h", "past 24 h", "at 3 d", "past 3 d", "at 7 d",
        "past 7 d", "years", "clock ahead",
    ],
)  # fmt: skip
def test_the_age_of_the_last_sync_decides(judge, age, code, state):
    verdict = judge(CHECK, {ORGANIZATION: Organization(True, NOW - age)})
    assert (verdict.code, verdict.state) == (code, state)


def test_missed_cycles_and_age_are_told(judge):
    verdict = judge(CHECK, {ORGANIZATION: Organization(True, NOW - timedelta(hours=3, minutes=10))})
    assert verdict.params["cycles"] == 6
    assert verdict.metrics["sync_age"].value == 11_400


def test_thresholds_come_from_settings(judge):
    facts = {ORGANIZATION: Organization(True, NOW - timedelta(hours=4))}
    assert judge(CHECK, facts, SSPR_DIRECTORY_SYNC_WARNING_HOURS="6").code == "sync_fresh"
    assert judge(CHECK, facts, SSPR_DIRECTORY_SYNC_CRITICAL_HOURS="3").code == "sync_stopped"


@pytest.mark.parametrize(
    ("organization", "code", "state"),
    [
        (Organization(None), "cloud_only", State.NOT_APPLICABLE),
        (Organization(None, NOW - timedelta(days=9)), "cloud_only", State.NOT_APPLICABLE),
        (Organization(False, NOW - timedelta(days=9)), "sync_turned_off", State.NOT_APPLICABLE),
        (Organization(True, None), "sync_time_missing", State.UNKNOWN),
    ],
    ids=["never synced", "never synced but dated", "turned off", "on but undated"],
)
def test_a_tenant_that_is_not_synced_is_never_judged(judge, organization, code, state):
    verdict = judge(CHECK, {ORGANIZATION: organization})
    assert (verdict.code, verdict.state) == (code, state)


def test_a_cloud_sync_tenant_is_judged_by_the_same_time(judge):
    """Cloud Sync tells no password sync time; that must not silence the check."""
    assert isinstance(ORGANIZATION, Asked)
    body = b"""{"value": [{"onPremisesSyncEnabled": true, "onPremisesLastPasswordSyncDateTime": null,
        "onPremisesLastSyncDateTime": "2026-11-20T11:00:00.1234567Z"}]}"""
    assert judge(CHECK, {ORGANIZATION: ORGANIZATION.decode(body)}).code == "sync_stopped"


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    verdict = judge(CHECK, {ORGANIZATION: Unavailable(reason, ORGANIZATION.permission)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "Organization.Read.All"
