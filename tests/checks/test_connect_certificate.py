from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.connect_certificate import CHECK
from checks.engine_facts import CLOUD_SYNC_JOBS, CONNECT_CREDENTIALS, ConnectCredentials, SyncJob
from checks.facts import ORGANIZATION, Facts, Organization
from shared import text
from shared.model import Known, Reason, State, Unavailable
from shared.settings import load
from tests.checks.conftest import ENVIRONMENT

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CLOUD_SYNC = (SyncJob("AD2AADProvisioning", "active", "active"),)


def facts(*left, service=True, organization=None, jobs=()):
    ends = tuple(None if days is None else NOW + days for days in left)
    return {
        ORGANIZATION: organization or Organization(True, NOW),
        CONNECT_CREDENTIALS: ConnectCredentials(service, ends),
        CLOUD_SYNC_JOBS: jobs,
    }


@pytest.mark.parametrize(
    ("left", "code", "state"),
    [
        ([90 * DAY], "certificate_valid", State.HEALTHY),
        ([27 * DAY + SECOND], "certificate_valid", State.HEALTHY),
        ([27 * DAY], "certificate_expiring", State.WARNING),
        ([7 * DAY], "certificate_expiring", State.WARNING),
        ([7 * DAY - SECOND], "certificate_about_to_expire", State.CRITICAL),
        ([SECOND], "certificate_about_to_expire", State.CRITICAL),
        ([0 * DAY], "certificate_expired", State.CRITICAL),
        ([-3 * DAY], "certificate_expired", State.CRITICAL),
        ([80 * DAY, 60 * DAY], "certificate_valid", State.HEALTHY),
        ([20 * DAY, 80 * DAY], "another_expiring", State.WARNING),
        ([80 * DAY, -200 * DAY], "another_expiring", State.WARNING),
        ([-DAY, 3 * DAY], "certificate_about_to_expire", State.CRITICAL),
        ([-DAY, -2 * DAY], "certificate_expired", State.CRITICAL),
        ([80 * DAY, None], "certificate_valid", State.HEALTHY),
        ([None, None], "certificate_missing", State.UNKNOWN),
    ],
    ids=[
        "new", "past 27 d", "at 27 d", "at 7 d", "below 7 d", "one second", "now", "expired",
        "two new", "one due", "one left over", "one of two soon", "both expired", "one without",
        "none visible",
    ],
)  # fmt: skip
def test_the_newest_certificate_decides(judge, left, code, state):
    verdict = judge(CHECK, facts(*left))
    assert (verdict.code, verdict.state) == (code, state)


def test_thresholds_come_from_settings(judge):
    left = facts(20 * DAY)
    assert judge(CHECK, left, SSPR_CONNECT_CERTIFICATE_WARNING_DAYS="19").state == State.HEALTHY
    assert judge(CHECK, left, SSPR_CONNECT_CERTIFICATE_CRITICAL_DAYS="21").state == State.CRITICAL


@pytest.mark.parametrize(
    ("now", "jobs", "code", "state"),
    [
        (datetime(2027, 1, 6, 23, tzinfo=UTC), (), "service_account", State.UNKNOWN),
        (datetime(2027, 1, 7, tzinfo=UTC), (), "service_account_ends", State.WARNING),
        (datetime(2027, 9, 1, tzinfo=UTC), (), "service_account_ends", State.WARNING),
        (datetime(2027, 9, 1, tzinfo=UTC), CLOUD_SYNC, "service_account", State.UNKNOWN),
    ],
    ids=["more than 90 days before", "90 days before", "after", "Cloud Sync"],
)
def test_a_service_account_is_warned_of_90_days_before_it_ends(now, jobs, code, state):
    verdict = at(now, facts(jobs=jobs))
    assert (verdict.code, verdict.state) == (code, state)
    assert "7 April 2027" in text.sentence(verdict)


def at(now, answers):
    known = {
        fact.name: answer if isinstance(answer, Unavailable) else Known(answer)
        for fact, answer in answers.items()
    }
    return CHECK.evaluate(Facts(known), load(ENVIRONMENT, CHECK.thresholds), now)


def test_a_service_account_is_warned_of_when_jobs_cannot_be_read():
    unread = {**facts(), CLOUD_SYNC_JOBS: Unavailable(Reason.PERMISSION_MISSING)}
    assert at(datetime(2027, 2, 1, tzinfo=UTC), unread).code == "service_account_ends"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (facts(service=False), "no_connect"),
        (facts(service=False, jobs=CLOUD_SYNC), "no_connect"),
        (facts(-DAY, organization=Organization(None)), "not_synced"),
        (facts(-DAY, organization=Organization(False)), "not_synced"),
    ],
    ids=["no service", "Cloud Sync only", "never synced", "no longer synced"],
)
def test_a_tenant_without_connect_is_never_judged(judge, answers, code):
    verdict = judge(CHECK, answers)
    assert (verdict.code, verdict.state) == (code, State.NOT_APPLICABLE)


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    missing = Unavailable(reason, CONNECT_CREDENTIALS.permission)
    verdict = judge(CHECK, {**facts(-DAY), CONNECT_CREDENTIALS: missing})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "Application.Read.All"
