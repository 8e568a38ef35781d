"""Reading the audit log: from where it was left, a bounded number of pages a run.

Two questions a run, both to the report endpoints: what the password reset service logged, and which
passwords were reset in the directory itself. Rows name people; they are folded and forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from checks.attempts import Attempts, Kind, kind_of
from checks.audit_trail import (
    SERVICE,
    AuditEvent,
    AuditPage,
    AuditTrail,
    ResetsElsewhere,
    caught_up,
    fold_events,
    read_audit_page,
    settle,
)
from checks.facts import AUDIT_TRAIL, RESETS_ELSEWHERE, in_parts, is_plain, synced_among
from shared.graph.client import Graph
from shared.graph.question import Question, get
from shared.model import Known, Unavailable
from shared.store import AUDIT, ConflictError, Store

logger = logging.getLogger(__name__)

# The log keeps 30 days (7 without a licence), and rows may turn up an hour late.
# https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
LOOK_BACK = timedelta(days=30)
OVERLAP = timedelta(minutes=90)
# Clocks of instances differ by less.
CLOCK_ERROR = timedelta(minutes=5)
PAGES = 5
PAGE_ROWS = 1000

# A reset in the Entra admin center is logged by both services within seconds.
PAIRED_WITHIN = timedelta(minutes=5)
LATENESS = timedelta(minutes=60)
ELSEWHERE_MEMORY = timedelta(days=8)
RESET_SERVICE = "microsoft password reset service"


async def read(graph: Graph, store: Store, now: datetime) -> dict[str, Known[Any] | Unavailable]:
    """The facts that the audit log tells, newest rows included."""
    stored = await store.state(AUDIT, AuditTrail)
    trail = _to_go_on_with(stored.value, now)
    since = trail.read_until if trail.behind else trail.read_until - OVERLAP
    since = max(since, trail.read_from)
    written_back: list[AuditEvent] = []
    async for answer in graph.pages(_page(f"loggedByService eq '{SERVICE}'", since), most=PAGES):
        if isinstance(answer, Unavailable):
            return {AUDIT_TRAIL.name: answer, RESETS_ELSEWHERE.name: answer}
        events = answer.value.value
        trail = fold_events(trail, events)
        written_back += [
            e for e in events if kind_of(e.activity_display_name or "") is Kind.BY_ADMIN
        ]
        if answer.value.next_link is None:
            trail = caught_up(trail, now)
    elsewhere: Known[ResetsElsewhere] | Unavailable = Known(trail.elsewhere, as_of=now)
    if not trail.behind:
        elsewhere = await _resets_elsewhere(graph, trail.elsewhere, written_back, since, now)
    if isinstance(elsewhere, Known):
        trail = msgspec.structs.replace(trail, elsewhere=elsewhere.value)
    trail = settle(trail, now)
    try:
        await store.set_state(AUDIT, trail, stored.etag)
    except ConflictError:
        logger.info("Another instance read the audit log meanwhile; its progress is kept")
    return {
        AUDIT_TRAIL.name: Known(trail, as_of=trail.read_until),
        RESETS_ELSEWHERE.name: elsewhere,
    }


def _to_go_on_with(known: AuditTrail | None, now: datetime) -> AuditTrail:
    """What is known, to be read on from; from as far back as the log goes when nothing is.

    So it is, too, when the log is known up to a time that is yet to come, or that the log has
    forgotten: a clock was wrong, or the app was off. Evidence has the log's own times and stays.
    Attempts do not: some were read by the wrong clock's days, and would be counted again.
    """
    begin = now - LOOK_BACK
    if known is None:
        return AuditTrail(begin, begin)
    if begin <= known.read_until <= now + CLOCK_ERROR:
        return known
    return msgspec.structs.replace(
        known,
        read_from=begin,
        read_until=begin,
        complete=False,
        behind=True,
        attempts=Attempts(unclassified=known.attempts.unclassified),
        elsewhere=ResetsElsewhere(),
    )


async def _resets_elsewhere(
    graph: Graph,
    known: ResetsElsewhere,
    written_back: Sequence[AuditEvent],
    read_since: datetime,
    now: datetime,
) -> Known[ResetsElsewhere] | Unavailable:
    """Count resets of synced users that the reset service did not log, each once.

    Only those are judged that are old enough for both logs to have them, and whose partner would be
    among the rows that were just read.
    """
    until = now - LATENESS
    since = max(known.judged_until or now - ELSEWHERE_MEMORY, read_since + PAIRED_WITHIN)
    condition = (
        "loggedByService eq 'Core Directory' and activityDisplayName eq 'Reset user password'"
    )
    candidates: list[AuditEvent] = []
    async for answer in graph.pages(_page(condition, since), most=PAGES):
        if isinstance(answer, Unavailable):
            return answer
        rows = [event for event in answer.value.value if since <= event.activity_date_time < until]
        candidates += [event for event in rows if _is_elsewhere(event, written_back)]
    targets = sorted({event.target for event in candidates if event.target})
    synced = await _synced(graph, targets)
    if isinstance(synced, Unavailable):
        return synced
    days = {
        day: number
        for day, number in known.days.items()
        if day >= (now - ELSEWHERE_MEMORY).date().isoformat()
    }
    for event in candidates:
        if event.target in synced:
            day = event.activity_date_time.date().isoformat()
            days[day] = days.get(day, 0) + 1
    return Known(ResetsElsewhere(max(since, until), days), as_of=until)


def _is_elsewhere(event: AuditEvent, written_back: Sequence[AuditEvent]) -> bool:
    """A reset by somebody else than the reset service, without a partner in its log."""
    app = event.initiated_by and event.initiated_by.app
    if app and (app.display_name or "").lower() == RESET_SERVICE:
        return False
    if (event.result or "").lower() == "failure" or not is_plain(event.target):
        return False
    return not any(
        partner.target == event.target
        and abs(partner.activity_date_time - event.activity_date_time) <= PAIRED_WITHIN
        for partner in written_back
    )


async def _synced(graph: Graph, targets: Sequence[str]) -> frozenset[str] | Unavailable:
    """Which of these users are synced from an on-premises directory."""
    questions = [synced_among(index, part) for index, part in enumerate(in_parts(targets))]
    answers = await graph.ask(questions)
    found: set[str] = set()
    for answer in answers.values():
        if isinstance(answer, Unavailable):
            return answer
        found.update(answer.value)
    return frozenset(found)


def _page(condition: str, since: datetime) -> Question[AuditPage]:
    newer = f"activityDateTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Question(
        name="audit_page",
        permission=AUDIT_TRAIL.permission,
        request=lambda graph: get(
            graph.audit_logs.directory_audits,
            filter=f"{condition} and {newer}",
            orderby=["activityDateTime asc"],
            top=PAGE_ROWS,
        ),
        decode=read_audit_page,
        paced=True,
    )
