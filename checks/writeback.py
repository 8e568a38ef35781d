"""Password writeback is on and proven: by what the audit log shows, as no Graph property tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.audit_trail import AuditTrail
from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, ORGANIZATION, Facts
from shared.model import Evidence, Metric, Param, State, Verdict
from shared.settings import DECLARED_WRITEBACK, Settings, threshold

PROOF_DAYS = threshold(
    "writeback",
    "proof_days",
    30,
    unit="days",
    at_most=30,
    purpose="Days for which a reset that was written back proves that writeback works.",
)
FAILURE_HOURS = threshold(
    "writeback",
    "failure_hours",
    24,
    unit="hours",
    at_most=720,
    purpose="Hours for which a failed reset counts when none succeeded after it.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the newest evidence of each kind; what is newer than a proof outweighs it.

    | evidence                                          | verdict                            |
    |---------------------------------------------------|------------------------------------|
    | newest toggle is "Disable", no proof after it     | critical `writeback_disabled`      |
    | a reset failed in 24 h for want of writeback      | critical `writeback_off_for_users` |
    | a reset failed on-premises in 24 h                | warning `writeback_failing`        |
    | a password was written back in 30 days            | healthy `writeback_proven`         |
    | enabled by toggle or declaration, no proof        | warning `writeback_unproven`       |
    | declared off                                      | not applicable `declared_off`      |
    | nothing of all this                               | unknown `no_evidence`              |
    | the first look-back is not through yet            | unknown `still_reading`            |
    | the tenant is not synced                          | not applicable `not_synced`        |

    `onPremisesSynchronization.features.passwordWritebackEnabled` is documented as not in use and is
    never read. https://learn.microsoft.com/graph/api/resources/onpremisesdirectorysynchronizationfeature
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    declared = settings[DECLARED_WRITEBACK]
    if declared and not declared.on:
        return CHECK.verdict("declared_off", params={"declared_at": declared.at.isoformat()})
    trail = facts.need(AUDIT_TRAIL).value
    params: dict[str, Param] = {"read_from_at": trail.read_from.isoformat()}
    if not trail.complete:
        params["read_until_at"] = trail.read_until.isoformat()
        return CHECK.verdict("still_reading", params=params, as_of=trail.read_until)
    code, at = _newest(trail, settings, now, declared_on=declared is not None)
    if at is not None:
        params |= {"at": at.isoformat(), "age_seconds": max(0.0, (now - at).total_seconds())}
    if trail.proven_by and code == "writeback_proven":
        params["agent"] = trail.proven_by
    metrics = {}
    if trail.proven_at is not None:
        metrics["proof_age"] = Metric(max(0.0, (now - trail.proven_at).total_seconds()), "seconds")
    return CHECK.verdict(
        code, params=params, metrics=metrics, evidence=_evidence(trail), as_of=trail.read_until
    )


def _newest(
    trail: AuditTrail, settings: Settings, now: datetime, *, declared_on: bool
) -> tuple[str, datetime | None]:
    """The outcome code, and the time of the evidence that decides it."""
    proven = trail.proven_at
    recently = now - timedelta(hours=settings[FAILURE_HOURS])

    def outweighs(at: datetime | None, since: datetime | None = None) -> bool:
        return at is not None and (proven is None or at > proven) and (not since or at >= since)

    if outweighs(trail.disabled_at) and not _before(trail.disabled_at, trail.enabled_at):
        return "writeback_disabled", trail.disabled_at
    if outweighs(trail.off_at, recently):
        return "writeback_off_for_users", trail.off_at
    if outweighs(trail.on_premises_failed_at, recently):
        return "writeback_failing", trail.on_premises_failed_at
    if proven is not None and proven >= now - timedelta(days=settings[PROOF_DAYS]):
        return "writeback_proven", proven
    if trail.enabled_at is not None or declared_on:
        return "writeback_unproven", trail.enabled_at
    return "no_evidence", None


def _before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _evidence(trail: AuditTrail) -> tuple[Evidence, ...]:
    found = {
        "Enable password writeback for directory": trail.enabled_at,
        "Disable password writeback for directory": trail.disabled_at,
        "password written back": trail.proven_at,
        "reset refused: writeback off": trail.off_at,
        "reset failed on-premises": trail.on_premises_failed_at,
    }
    return tuple(
        Evidence(f"directoryAudits: {what}", at.isoformat()) for what, at in found.items() if at
    )


CHECK = Check(
    id="writeback",
    problems=("A1", "A3b"),
    needs=(ORGANIZATION, AUDIT_TRAIL),
    thresholds=(PROOF_DAYS, FAILURE_HOURS),
    codes={
        "writeback_proven": State.HEALTHY,
        "writeback_unproven": State.WARNING,
        "writeback_failing": State.WARNING,
        "writeback_disabled": State.CRITICAL,
        "writeback_off_for_users": State.CRITICAL,
        "no_evidence": State.UNKNOWN,
        "still_reading": State.UNKNOWN,
        "declared_off": State.NOT_APPLICABLE,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/authentication/tutorial-enable-sspr-writeback",
    links={
        "writeback_failing": f"{LEARN}/authentication/troubleshoot-sspr-writeback",
        "writeback_unproven": f"{LEARN}/authentication/howto-sspr-reporting",
    },
    evaluate=evaluate,
)
