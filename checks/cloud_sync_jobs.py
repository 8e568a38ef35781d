"""The jobs of Cloud Sync run: one in quarantine synchronizes nothing and hardly tries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from checks.check import LEARN, Check
from checks.engine_facts import CLOUD_SYNC_JOBS, SyncJob
from checks.facts import ORGANIZATION, Facts
from shared.model import Evidence, Metric, Param, State, Verdict
from shared.settings import Settings, threshold

CRITICAL_FAILURES = threshold(
    "cloud_sync_jobs",
    "critical_failures",
    3,
    unit="failures in a row",
    at_most=1000,
    purpose="Complete failures in a row of a Cloud Sync job from which it is critical.",
)

RUNNING = "jobs_running"
# Worst first: the worst job decides.
_ORDER = (
    "job_in_quarantine",
    "job_in_undated_quarantine",
    "job_failing",
    "job_failed",
    "job_paused",
    "job_state_unclear",
    "job_never_ran",
    RUNNING,
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the provisioning jobs of Cloud Sync; the worst one decides.

    | worst job                                      | verdict                          |
    |------------------------------------------------|----------------------------------|
    | in quarantine                                  | critical `job_in_quarantine`     |
    | in quarantine, since when is not told          | critical `job_in_undated_quarantine` |
    | failed completely 3 times in a row or more     | critical `job_failing`           |
    | failed completely 1 or 2 times in a row        | warning `job_failed`             |
    | paused, or its schedule is disabled            | warning `job_paused`             |
    | a state that is not known here                 | unknown `job_state_unclear`      |
    | not configured, or never ran                   | unknown `job_never_ran`          |
    | active, and its last run did not fail          | healthy `jobs_running`           |
    | there is no job                                | not applicable `no_cloud_sync`   |
    | the tenant is not synced                       | not applicable `not_synced`      |

    https://learn.microsoft.com/entra/identity/hybrid/cloud-sync/how-to-troubleshoot
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    known = facts.need(CLOUD_SYNC_JOBS)
    jobs = known.value
    if not jobs:
        return CHECK.verdict("no_cloud_sync", as_of=known.as_of)
    codes = [_code(job, settings[CRITICAL_FAILURES]) for job in jobs]
    code = min(codes, key=_ORDER.index)
    concerned = [job for job, of_job in zip(jobs, codes, strict=True) if of_job == code]
    return CHECK.verdict(
        code,
        params=_params(concerned, now) | {"affected": len(concerned), "jobs": len(jobs)},
        metrics={
            "jobs_not_running": Metric(len(jobs) - codes.count(RUNNING), "objects"),
            "failures_in_a_row": Metric(max(job.failures for job in jobs), "failures"),
        },
        evidence=tuple(_evidence(job, settings[CRITICAL_FAILURES]) for job in jobs),
        as_of=known.as_of,
    )


def _code(job: SyncJob, most_failures: float) -> str:
    if job.status == "quarantine":
        return "job_in_quarantine" if job.since else "job_in_undated_quarantine"
    if job.status == "paused" or job.schedule in ("paused", "disabled"):
        return "job_paused"
    if job.status in ("notrun", "notconfigured"):
        return "job_never_ran"
    if job.failures:
        return "job_failing" if job.failures >= most_failures else "job_failed"
    known = job.status == "active" and job.schedule in ("active", "")
    return RUNNING if known else "job_state_unclear"


def _params(jobs: Sequence[SyncJob], now: datetime) -> dict[str, Param]:
    """What is told of the jobs that decide: of several quarantines, the oldest."""
    oldest = min(jobs, key=lambda job: job.since or now)
    states = dict.fromkeys(f"{job.status or 'none'}/{job.schedule or 'none'}" for job in jobs)
    params: dict[str, Param] = {
        "failures": max(job.failures for job in jobs),
        "reason": oldest.reason or "Unknown",
        "states": ", ".join(states),
    }
    if oldest.since:
        params["since_at"] = oldest.since.isoformat()
        params["quarantine_seconds"] = max(0.0, (now - oldest.since).total_seconds())
    return params


def _evidence(job: SyncJob, most_failures: float) -> Evidence:
    ended = f", last run {job.ended_at.isoformat()}" if job.ended_at else ""
    return Evidence(
        f"synchronization/jobs {job.template}",
        f"{job.status or 'no status'}, schedule {job.schedule or 'not told'},"
        f" {job.failures} failures in a row{ended}",
        f"{most_failures:g} failures in a row",
    )


CHECK = Check(
    id="cloud_sync_jobs",
    problems=("A3a",),
    needs=(ORGANIZATION, CLOUD_SYNC_JOBS),
    thresholds=(CRITICAL_FAILURES,),
    codes={
        RUNNING: State.HEALTHY,
        "job_paused": State.WARNING,
        "job_failed": State.WARNING,
        "job_failing": State.CRITICAL,
        "job_in_quarantine": State.CRITICAL,
        "job_in_undated_quarantine": State.CRITICAL,
        "job_never_ran": State.UNKNOWN,
        "job_state_unclear": State.UNKNOWN,
        "no_cloud_sync": State.NOT_APPLICABLE,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/hybrid/cloud-sync/how-to-troubleshoot",
    evaluate=evaluate,
)
