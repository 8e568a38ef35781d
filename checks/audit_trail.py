"""What the audit log's service "Self-service Password Management" proves about password writeback.

Pure: events are folded into the newest time of each kind of evidence. Folding the same event twice
changes nothing, so pages may be read again after a crash. No name, address or id of a user is kept.

Activities and reasons: https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

SERVICE = "Self-service Password Management"

_TOGGLES = {
    "enable password writeback for directory": "enabled_at",
    "disable password writeback for directory": "disabled_at",
}
_UNLOCKED = "unlock user account (self-service)"

# Free text, seen in several spellings: matched in lower case, anywhere in the reason.
_WRITEBACK_OFF = ("enable password writeback", "writebacknotenabled")
_ON_PREMISES_FAILED = (
    "onpremisesconnectivity",
    "onpremisesconnectivty",  # as spelt in some tenants' logs
    "onpremisesadminactionrequired",
    "could not reach your on-premises",
    "while resetting the user's on-premises password",
)


class _Detail(msgspec.Struct):
    key: str | None = None
    value: str | None = None


class AuditEvent(msgspec.Struct, rename="camel"):
    activity_date_time: Annotated[datetime, msgspec.Meta(tz=True)]
    activity_display_name: str | None = None
    result: str | None = None
    result_reason: str | None = None
    additional_details: tuple[_Detail, ...] | None = None


class AuditPage(msgspec.Struct):
    value: tuple[AuditEvent, ...]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


read_audit_page = msgspec.json.Decoder(AuditPage).decode


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


def fold_events(trail: AuditTrail, events: Iterable[AuditEvent]) -> AuditTrail:
    """Add a page of events, oldest first, to what is known; there may be more pages."""
    trail = msgspec.structs.replace(trail, behind=True)
    for event in events:
        at = event.activity_date_time
        trail = msgspec.structs.replace(
            trail,
            newest_event_at=_newer(trail.newest_event_at, at),
            read_until=_newer(trail.read_until, at),
        )
        kind = _kind(event)
        if kind is None:
            continue
        if kind == "proven_at" and at >= (trail.proven_at or at):
            trail = msgspec.structs.replace(trail, proven_by=_agent(event))
        trail = msgspec.structs.replace(trail, **{kind: _newer(getattr(trail, kind), at)})
    return trail


def caught_up(trail: AuditTrail, now: datetime) -> AuditTrail:
    """The last page was read: everything up to `now` is known, save what is logged late."""
    return msgspec.structs.replace(trail, read_until=now, complete=True, behind=False)


def _newer(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)


def _kind(event: AuditEvent) -> str | None:
    """Which evidence an event is, as the field of AuditTrail that keeps it."""
    activity = (event.activity_display_name or "").strip().lower()
    reason = (event.result_reason or "").lower()
    result = (event.result or "").lower()
    if activity in _TOGGLES:
        return None if result == "failure" else _TOGGLES[activity]
    if any(phrase in reason for phrase in _WRITEBACK_OFF):
        return "off_at"
    if any(phrase in reason for phrase in _ON_PREMISES_FAILED):
        return "on_premises_failed_at"
    # Unlocking exists only with writeback; an agent is named when it wrote to the directory.
    if result == "success" and (activity == _UNLOCKED or _agent(event)):
        return "proven_at"
    return None


def _agent(event: AuditEvent) -> str | None:
    """`Microsoft Entra Connect` or `CloudSync`; None for a cloud-only reset."""
    for detail in event.additional_details or ():
        if (detail.key or "").lower() == "onpremisesagent":
            agent = (detail.value or "").strip()
            return agent if agent.lower() not in ("", "none") else None
    return None
