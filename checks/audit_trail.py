"""What the audit log's service "Self-service Password Management" tells.

Pure: events are folded into the newest time of each kind of evidence, and into attempts. Folding
the same event twice changes nothing, so pages may be read again after a crash. No name, address or
id of a user is kept.

Activities and reasons: https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from checks.attempts import Attempt, Attempts, Kind, Outcome, kind_of, masked, outcome_of, retire
from checks.plain import plain

SERVICE = "Self-service Password Management"

_CHANGES = {
    "enable password writeback for directory": "enabled_at",
    "disable password writeback for directory": "disabled_at",
    "self-service password reset policy changes": "policy_changed_at",
}

MOST_ATTEMPTS = 4000
MOST_UNCLASSIFIED = 10
# Rows of one attempt come within a session of 15 minutes, and may be logged an hour late.
ATTEMPT_REACH = timedelta(hours=2)
MEMORY = timedelta(days=31)


class _Detail(msgspec.Struct):
    key: str | None = None
    value: str | None = None


class _App(msgspec.Struct, rename="camel"):
    display_name: str | None = None


class _Person(msgspec.Struct, rename="camel"):
    id: str | None = None
    display_name: str | None = None
    user_principal_name: str | None = None


class Initiator(msgspec.Struct):
    app: _App | None = None
    user: _Person | None = None


class AuditEvent(msgspec.Struct, rename="camel"):
    """One row. Whom it is about is looked at while a page is read, and never kept."""

    activity_date_time: Annotated[datetime, msgspec.Meta(tz=True)]
    activity_display_name: str | None = None
    id: str | None = None
    correlation_id: str | None = None
    result: str | None = None
    result_reason: str | None = None
    additional_details: tuple[_Detail, ...] | None = None
    target_resources: tuple[_Person, ...] | None = None
    initiated_by: Initiator | None = None

    @property
    def target(self) -> str | None:
        """The id of the user whom it is about."""
        return next((target.id for target in self.target_resources or () if target.id), None)

    @property
    def names(self) -> Iterator[str]:
        """What the people are called who did it, and to whom it was done."""
        people = [*(self.target_resources or ())]
        if self.initiated_by and self.initiated_by.user:
            people.append(self.initiated_by.user)
        for person in people:
            yield from filter(None, (person.display_name, person.user_principal_name))


class AuditPage(msgspec.Struct):
    value: tuple[AuditEvent, ...]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


read_audit_page = msgspec.json.Decoder(AuditPage).decode


class ResetsElsewhere(msgspec.Struct, frozen=True):
    """Resets of synced users by somebody else that no writeback was logged for, by date.

    `judged_until`: later ones wait until the other log has certainly caught up.
    """

    judged_until: datetime | None = None
    days: Mapping[str, int] = {}


class AuditTrail(msgspec.Struct, frozen=True):
    """Newest times of each kind of evidence, over everything read from `read_from` to `read_until`.

    `complete` once the first look-back has caught up with the present; `behind` while pages remain
    to be read.
    """

    read_from: datetime
    read_until: datetime
    complete: bool = False
    behind: bool = True
    newest_event_at: datetime | None = None
    enabled_at: datetime | None = None
    disabled_at: datetime | None = None
    proven_at: datetime | None = None
    proven_by: str | None = None
    off_at: datetime | None = None
    on_premises_failed_at: datetime | None = None
    policy_changed_at: datetime | None = None
    attempts: Attempts = Attempts()
    elsewhere: ResetsElsewhere = ResetsElsewhere()


def fold_events(trail: AuditTrail, events: Iterable[AuditEvent]) -> AuditTrail:
    """Add a page of events, oldest first, to what is known; there may be more pages."""
    newest: dict[str, datetime] = {}
    proven_by = trail.proven_by
    recent = dict(trail.attempts.recent)
    unclassified = dict(trail.attempts.unclassified)
    for event in events:
        at = event.activity_date_time
        for field in ("newest_event_at", "read_until", *_evidence(event)):
            known = newest.get(field) or getattr(trail, field)
            newest[field] = at if known is None else max(known, at)
            if field == "proven_at" and newest[field] == at:
                proven_by = _agent(event)
        _add_attempt(event, recent, unclassified)
    latest = sorted(unclassified.items(), key=lambda item: -item[1])[:MOST_UNCLASSIFIED]
    return msgspec.structs.replace(
        trail,
        **newest,
        proven_by=proven_by,
        behind=True,
        attempts=Attempts(recent, trail.attempts.days, dict(latest)),
    )


def caught_up(trail: AuditTrail, now: datetime) -> AuditTrail:
    """The last page was read: everything up to `now` is known, save what is logged late."""
    return msgspec.structs.replace(trail, read_until=now, complete=True, behind=False)


def settle(trail: AuditTrail, now: datetime) -> AuditTrail:
    """Before it is kept: attempts that can no longer change become numbers per day."""
    before = min(now - timedelta(days=1), trail.read_until - ATTEMPT_REACH)
    attempts = retire(trail.attempts, before=before, oldest=now - MEMORY, most=MOST_ATTEMPTS)
    return msgspec.structs.replace(trail, attempts=attempts)


def _outcome(event: AuditEvent) -> Outcome:
    return outcome_of(
        event.activity_display_name or "",
        (event.result or "").lower(),
        event.result_reason or "",
    )


def _evidence(event: AuditEvent) -> Iterator[str]:
    """Which evidence an event is, as the fields of AuditTrail that keep its time."""
    activity = (event.activity_display_name or "").strip().lower()
    result = (event.result or "").lower()
    if activity in _CHANGES:
        if result != "failure":
            yield _CHANGES[activity]
        return
    outcome = _outcome(event)
    if outcome is Outcome.WRITEBACK_OFF:
        yield "off_at"
    elif outcome in (Outcome.ON_PREMISES, Outcome.UNREACHABLE):
        yield "on_premises_failed_at"
    # Unlocking exists only with writeback; an agent is named when it wrote to the directory.
    elif result == "success" and (kind_of(activity) is Kind.UNLOCK or _agent(event)):
        yield "proven_at"


def _add_attempt(
    event: AuditEvent, recent: dict[str, Attempt], unclassified: dict[str, int]
) -> None:
    kind = kind_of(event.activity_display_name or "")
    # One attempt writes many rows under one correlation id; being blocked is one row.
    key = event.id if kind is Kind.BLOCKED else event.correlation_id
    if kind is None or not key:
        return
    at = int(event.activity_date_time.timestamp())
    outcome = Outcome.BLOCKED if kind is Kind.BLOCKED else _outcome(event)
    attempt = recent.get(f"{kind}:{key}") or Attempt(at, kind, outcome)
    recent[f"{kind}:{key}"] = attempt.and_then(at, outcome)
    if outcome is Outcome.UNCLASSIFIED:
        reason = masked(event.result_reason or "", event.names)
        unclassified[reason] = max(at, unclassified.get(reason, 0))


def _agent(event: AuditEvent) -> str | None:
    """`Microsoft Entra Connect` or `CloudSync`; None for a cloud-only reset."""
    for detail in event.additional_details or ():
        if (detail.key or "").lower() == "onpremisesagent":
            agent = plain((detail.value or "").strip(), 80)
            return agent if agent.lower() not in ("", "none") else None
    return None
