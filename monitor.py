"""One run: collect -> judge -> confirm -> record.

The slot is the scheduled time. A slot that is stored is never run again, so a timer that fires
twice, late, or after a crash does no harm; an interrupted run is simply run again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import checks
import sweep
from checks.audit_trail import (
    SERVICE,
    AuditPage,
    AuditTrail,
    caught_up,
    fold_events,
    read_audit_page,
)
from checks.facts import AUDIT_TRAIL, REGISTRATION, Asked, Fact, Facts, Gathered
from gather import gather
from shared.confirm import stand
from shared.graph.client import Graph, open_graph
from shared.graph.question import Question, get
from shared.model import Known, Run, Unavailable
from shared.schedule import slot_of
from shared.settings import (
    CONFIRM_AFTER,
    RECOVER_AFTER,
    SCHEDULE,
    TENANT_ID,
    Settings,
    load,
)
from shared.store import AUDIT, CURRENT, ConflictError, Store

logger = logging.getLogger(__name__)

# What a run may spend on Graph, so that it ends well within the host's limit (host.json).
RUN_SECONDS = 120.0
SWEEP_SECONDS = 480.0
# How long a run goes on with a first sweep itself, rather than leave it to the sweep's timer.
FIRST_SWEEP_SECONDS = 20.0

# The log keeps 30 days (7 without a licence), and rows may turn up an hour late.
# https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
AUDIT_LOOK_BACK = timedelta(days=30)
AUDIT_OVERLAP = timedelta(minutes=90)
AUDIT_PAGES = 5
AUDIT_PAGE_ROWS = 1000

WRITES = 5


def settings_of_app() -> Settings:
    """The settings in the environment, thresholds of all checks included. Raises SettingsError."""
    settings = load(os.environ, checks.THRESHOLDS)
    checks.enabled(settings)
    return settings


Connect = Callable[..., AbstractAsyncContextManager[Graph]]


async def run(
    settings: Settings, store: Store, now: datetime, *, connect: Connect = open_graph
) -> Run:
    """Run the slot that `now` belongs to, or return the run that is stored for it."""
    await store.prepare()
    slot = slot_of(settings[SCHEDULE], now)
    done = await store.run(slot)
    if done is None:
        done = await _perform(settings, store, slot, now, connect)
        if not await store.add_run(done):
            # Another instance ran the same slot meanwhile; its run is the one that counts.
            done = await store.run(slot) or done
    await _make_current(store, done, settings)
    return done


async def run_sweep(
    settings: Settings, store: Store, now: datetime, *, connect: Connect = open_graph
) -> sweep.Sweep:
    """Go on with the registration sweep, or start one."""
    await store.prepare()
    async with connect(settings, seconds=SWEEP_SECONDS + 60) as graph:
        return await sweep.advance(graph, store, now, seconds=SWEEP_SECONDS)


async def _perform(
    settings: Settings, store: Store, slot: datetime, now: datetime, connect: Connect
) -> Run:
    started = time.monotonic()
    enabled = checks.enabled(settings)
    async with connect(settings, seconds=RUN_SECONDS) as graph:
        facts = await _collect(graph, store, checks.needed(enabled), now)
        requests = graph.requests
    verdicts = checks.assess(enabled, facts, settings, now)
    result = Run(
        tenant=settings[TENANT_ID],
        slot=slot,
        started_at=now,
        duration=round(time.monotonic() - started, 3),
        graph_requests=requests,
        verdicts=verdicts,
    )
    logger.info(
        "Run of %s: %s in %.1f s with %d requests to Graph (%s)",
        slot.isoformat(),
        result.state,
        result.duration,
        requests,
        ", ".join(f"{verdict.check} {verdict.code}" for verdict in verdicts),
    )
    return result


async def _collect(graph: Graph, store: Store, facts: Sequence[Fact[Any]], now: datetime) -> Facts:
    """Ask Graph for everything the checks need, each thing once."""
    collected = await graph.ask([fact for fact in facts if isinstance(fact, Asked)])
    if AUDIT_TRAIL in facts:
        collected[AUDIT_TRAIL.name] = await read_audit_trail(graph, store, now)
    if REGISTRATION in facts:
        state = await sweep.stored_sweep(store)
        if state.wanted:
            state = await sweep.advance(graph, store, now, seconds=FIRST_SWEEP_SECONDS)
        collected[REGISTRATION.name] = state.registration()
    rare = [fact for fact in facts if isinstance(fact, Gathered)]
    return Facts(collected | await gather(graph, store, rare, now))


async def read_audit_trail(
    graph: Graph, store: Store, now: datetime
) -> Known[AuditTrail] | Unavailable:
    """Read the audit log from where it was left, a bounded number of pages, and fold it."""
    stored = await store.state(AUDIT, AuditTrail)
    trail = stored.value or AuditTrail(now - AUDIT_LOOK_BACK, now - AUDIT_LOOK_BACK)
    since = trail.read_until if trail.behind else trail.read_until - AUDIT_OVERLAP
    async for answer in graph.pages(_audit_page(since), most=AUDIT_PAGES):
        if isinstance(answer, Unavailable):
            return answer
        trail = fold_events(trail, answer.value.value)
        if answer.value.next_link is None:
            trail = caught_up(trail, now)
    try:
        await store.set_state(AUDIT, trail, stored.etag)
    except ConflictError:
        logger.info("Another instance read the audit log meanwhile; its progress is kept")
    return Known(trail, as_of=trail.read_until)


def _audit_page(since: datetime) -> Question[AuditPage]:
    condition = (
        f"loggedByService eq '{SERVICE}'"
        f" and activityDateTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    return Question(
        name="audit_page",
        permission=AUDIT_TRAIL.permission,
        request=lambda graph: get(
            graph.audit_logs.directory_audits,
            filter=condition,
            orderby=["activityDateTime asc"],
            top=AUDIT_PAGE_ROWS,
        ),
        decode=read_audit_page,
        paced=True,
    )


async def _make_current(store: Store, done: Run, settings: Settings) -> None:
    """Fold a stored run into the row the status is served from; an older slot loses."""
    for _ in range(WRITES):
        stored = await store.current()
        if stored.value is not None and stored.value.run.slot >= done.slot:
            return
        current = stand(
            stored.value,
            done,
            confirm_after=settings[CONFIRM_AFTER],
            recover_after=settings[RECOVER_AFTER],
        )
        try:
            await store.set_state(CURRENT, current, stored.etag)
        except ConflictError:
            continue
        return
    logger.error("The status row changed %d times meanwhile; the next run will catch up", WRITES)
