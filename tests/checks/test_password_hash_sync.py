from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from checks import directory_sync
from checks.engine_facts import PASSWORD_SYNC, PasswordSync
from checks.facts import ORGANIZATION, Asked, Organization
from checks.password_hash_sync import CHECK
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def facts(last, organization=None):
    hybrid = Organization(True, NOW - timedelta(minutes=20))
    return {ORGANIZATION: organization or hybrid, PASSWORD_SYNC: PasswordSync(last)}


@pytest.mark.parametrize(
    ("age", "code", "state"),
    [
        (0 * HOUR, "hashes_fresh", State.HEALTHY),
        (3 * HOUR, "hashes_fresh", State.HEALTHY),
        (3 * HOUR + SECOND, "hashes_late", State.WARNING),
        (24 * HOUR, "hashes_late", State.WARNING),
        (24 * HOUR + SECOND, "hashes_stopped", State.CRITICAL),
        (-HOUR, "hashes_fresh", State.HEALTHY),
    ],
    ids=["now", "at 3 h", "past 3 h", "at 24 h", "past 24 h", "clock ahead"],
)
def test_the_age_of_the_last_hash_sync_decides(judge, age, code, state):
    verdict = judge(CHECK, facts(NOW - age))
    assert (verdict.code, verdict.state) == (code, state)
    assert verdict.metrics["password_sync_age"].value == max(0.0, age.total_seconds())


def test_thresholds_come_from_settings(judge):
    assert judge(CHECK, facts(NOW - 5 * HOUR), SSPR_PASSWORD_HASH_SYNC_WARNING_HOURS="6").state == (
        State.HEALTHY
    )
    assert judge(
        CHECK, facts(NOW - 5 * HOUR), SSPR_PASSWORD_HASH_SYNC_CRITICAL_HOURS="4"
    ).state == (State.CRITICAL)


def test_a_tenant_that_never_told_a_time_does_not_use_hash_sync(judge):
    verdict = judge(CHECK, facts(None))
    assert (verdict.code, verdict.state) == ("not_used", State.NOT_APPLICABLE)


@pytest.mark.parametrize("enabled", [None, False], ids=["never synced", "no longer"])
def test_a_tenant_that_is_not_synced_is_never_judged(judge, enabled):
    old = facts(NOW - 900 * HOUR, Organization(enabled))
    assert judge(CHECK, old).code == "not_synced"


@pytest.mark.parametrize(
    "password_sync",
    [PasswordSync(None), PasswordSync(NOW), Unavailable(Reason.UNSUPPORTED)],
    ids=["not used", "fresh", "unreadable"],
)
def test_the_directory_sync_is_judged_whatever_the_hash_sync_says(judge, password_sync):
    stopped = Organization(True, NOW - 30 * HOUR)
    verdict = judge(directory_sync.CHECK, {ORGANIZATION: stopped, PASSWORD_SYNC: password_sync})
    assert verdict.code == "sync_stopped"


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    unread = {**facts(None), PASSWORD_SYNC: Unavailable(reason, PASSWORD_SYNC.permission)}
    verdict = judge(CHECK, unread)
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "Organization.Read.All"


def test_an_organization_that_cannot_be_read_is_unknown(judge):
    unread = {**facts(NOW), ORGANIZATION: Unavailable(Reason.PERMISSION_MISSING, "A")}
    assert judge(CHECK, unread).code == Reason.PERMISSION_MISSING


@pytest.mark.parametrize(
    "body",
    [b'{"value": []}', b'{"value": [{"id": "1"}]}', b'{"value": [{"onPremisesLastPasswordSyncDateTime": ""}]}'],
    ids=["no organization", "no time", "no date"],
)  # fmt: skip
def test_a_body_without_the_time_is_not_taken_for_one_that_says_never(body):
    assert isinstance(PASSWORD_SYNC, Asked)
    with pytest.raises(msgspec.MsgspecError):
        PASSWORD_SYNC.decode(body)


def test_a_body_as_hybrid_tenants_answer_it_is_read():
    assert isinstance(PASSWORD_SYNC, Asked)
    body = b'{"value": [{"onPremisesLastPasswordSyncDateTime": "2026-11-21T11:02:10Z"}]}'
    last = PASSWORD_SYNC.decode(body).on_premises_last_password_sync_date_time
    assert last == datetime(2026, 11, 21, 11, 2, 10, tzinfo=UTC)
