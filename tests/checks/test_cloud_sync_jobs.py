from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.cloud_sync_jobs import CHECK
from checks.engine_facts import CLOUD_SYNC_JOBS, SyncJob
from checks.facts import ORGANIZATION, Organization
from shared import text
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def job(status="active", schedule="active", **more):
    return SyncJob("AD2AADProvisioning", status, schedule, **more)


def facts(*jobs, organization=None):
    return {ORGANIZATION: organization or Organization(True, NOW), CLOUD_SYNC_JOBS: jobs}


QUARANTINED = job(
    "quarantine", reason="EncounteredTotalEscrowThreshold", since=NOW - timedelta(days=2)
)
CASES = {
    "running": (job(), "jobs_running", State.HEALTHY),
    "no schedule told": (job(schedule=""), "jobs_running", State.HEALTHY),
    "quarantine": (QUARANTINED, "job_in_quarantine", State.CRITICAL),
    "quarantine of a paused one": (
        job("quarantine", "paused", since=NOW), "job_in_quarantine", State.CRITICAL,
    ),
    "undated": (job("quarantine"), "job_in_undated_quarantine", State.CRITICAL),
    "one failure": (job(failures=1), "job_failed", State.WARNING),
    "two failures": (job(failures=2), "job_failed", State.WARNING),
    "three failures": (job(failures=3), "job_failing", State.CRITICAL),
    "paused": (job("paused"), "job_paused", State.WARNING),
    "schedule paused": (job(schedule="paused"), "job_paused", State.WARNING),
    "schedule disabled": (job(schedule="disabled"), "job_paused", State.WARNING),
    "paused after failures": (job("paused", failures=9), "job_paused", State.WARNING),
    "never ran": (job("notrun"), "job_never_ran", State.UNKNOWN),
    "not configured": (job("notconfigured"), "job_never_ran", State.UNKNOWN),
    "no status": (job(""), "job_state_unclear", State.UNKNOWN),
    "future status": (job("unknownfuturevalue"), "job_state_unclear", State.UNKNOWN),
    "future schedule": (job(schedule="sleeping"), "job_state_unclear", State.UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize(("one", "code", "state"), CASES.values(), ids=CASES)
def test_the_state_of_a_job_decides(judge, one, code, state):
    verdict = judge(CHECK, facts(one))
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("others", [("paused", "running"), ("future status", "two failures")])
def test_the_worst_job_decides(judge, others):
    jobs = [CASES[name][0] for name in others]
    verdict = judge(CHECK, facts(*jobs, QUARANTINED, *jobs))
    assert verdict.code == "job_in_quarantine"
    assert (verdict.params["affected"], verdict.params["jobs"]) == (1, 5)


def test_the_oldest_quarantine_and_its_reason_are_told(judge):
    newer = job("quarantine", reason="TooManyDeletes", since=NOW - timedelta(hours=1))
    verdict = judge(CHECK, facts(newer, QUARANTINED))
    sentence = text.sentence(verdict)
    assert "EncounteredTotalEscrowThreshold" in sentence
    assert "19 November 2026 12:00 UTC" in sentence
    assert "2 days" in sentence


def test_how_many_failures_are_critical_comes_from_settings(judge):
    five = facts(job(failures=5))
    assert judge(CHECK, five, SSPR_CLOUD_SYNC_JOBS_CRITICAL_FAILURES="6").state == State.WARNING


def test_a_tenant_without_jobs_does_not_use_cloud_sync(judge):
    verdict = judge(CHECK, facts())
    assert (verdict.code, verdict.state) == ("no_cloud_sync", State.NOT_APPLICABLE)


def test_a_tenant_that_is_not_synced_is_never_judged(judge):
    left_over = facts(QUARANTINED, organization=Organization(False))
    assert judge(CHECK, left_over).code == "not_synced"


@pytest.mark.parametrize("permission", ["Application.Read.All", "Synchronization.Read.All"])
def test_the_permission_that_is_missing_is_named(judge, permission):
    missing = Unavailable(Reason.PERMISSION_MISSING, permission)
    verdict = judge(CHECK, {**facts(), CLOUD_SYNC_JOBS: missing})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, Reason.PERMISSION_MISSING)
    assert permission in text.sentence(verdict)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("fact", CHECK.needs, ids=lambda fact: fact.name)
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, fact, reason):
    verdict = judge(CHECK, {**facts(QUARANTINED), fact: Unavailable(reason, "Any.Read.All")})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
