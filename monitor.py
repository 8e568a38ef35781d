"""One run: collect -> judge -> record -> confirm -> announce.

The slot is the scheduled time. A slot that is stored is never run again, so a timer that fires
twice, late, or after a crash does no harm; an interrupted run is simply run again.

Stored in this order, so that whoever comes next can make up for what a crash left out: the run
itself; its day, computed anew from the day's runs; the status row, under its ETag, with the
changes it brings; these changes as history. A run older than the status row counts in its day, but
confirms nothing any more.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import checks
from checks.check import Check
from checks.facts import Fact
from collect import collect
from collect import sweep as registration
from shared import history, log, telemetry
from shared.confirm import fold
from shared.graph.client import Graph, open_graph
from shared.model import Change, Run
from shared.schedule import next_slot, slot_of
from shared.settings import (
    CONFIRM_AFTER,
    KEEP_CHANGES,
    KEEP_DAYS,
    KEEP_RUNS,
    RECOVER_AFTER,
    SCHEDULE,
    TENANT_ID,
    Settings,
    load,
)
from shared.store import CHANGES, CURRENT, DAYS, RUNS, ConflictError, Store

logger = logging.getLogger(__name__)

# What a run may spend on Graph, so that it ends well within the host's limit (host.json).
RUN_SECONDS = 120.0
SWEEP_SECONDS = 480.0
WRITES = 5

# Of each table at a time: ten days of runs every 15 minutes, so that a backlog shrinks.
PURGED_ROWS = 1000

# How far back runs are looked for that never reached the status row.
CATCH_UP = timedelta(days=1)
# A status this far ahead of us was written by a wrong clock, and must not stand until its time.
CLOCK_ERROR = timedelta(days=1)
_TO_THE_LAST_SECOND = timedelta(days=1, seconds=-1)


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
    else:
        log.tell(logger, [log.of_slot(done.tenant, slot)])
    return await record(settings, store, done, now)


async def record(settings: Settings, store: Store, done: Run, now: datetime) -> Run:
    """Store a run, once, and what follows from it; the run that is stored for its slot."""
    if not await store.add_run(done):
        # Of two instances at one slot, the run of the first is the one that counts.
        done = await store.run(done.slot) or done
    await roll_up(store, done.slot.date())
    await _confirm(settings, store, done, now)
    return done


async def run_sweep(
    settings: Settings, store: Store, now: datetime, *, connect: Connect = open_graph
) -> registration.Sweep:
    """Go on with the registration sweep, or start one."""
    await store.prepare()
    async with connect(settings, seconds=SWEEP_SECONDS + 60) as graph:
        return await registration.advance(graph, store, now, seconds=SWEEP_SECONDS)


async def purge(settings: Settings, store: Store, now: datetime) -> int:
    """Delete what is older than it is to be kept; how many rows.

    A late run may have come after the last run of its day: the two days before are rolled up again.
    """
    await store.prepare()
    for days in (1, 2):
        await roll_up(store, (now - timedelta(days=days)).date())
    deleted = 0
    for table, kept in ((RUNS, KEEP_RUNS), (DAYS, KEEP_DAYS), (CHANGES, KEEP_CHANGES)):
        deleted += await store.purge(table, now - timedelta(days=settings[kept]), limit=PURGED_ROWS)
    if deleted:
        logger.info("Deleted %d rows that were older than they are to be kept", deleted)
    return deleted


async def _perform(
    settings: Settings, store: Store, slot: datetime, now: datetime, connect: Connect
) -> Run:
    started = time.monotonic()
    enabled = checks.enabled(settings)
    doubted = await _doubted(store, enabled)
    async with connect(settings, seconds=RUN_SECONDS) as graph:
        facts = await collect(graph, store, checks.needed(enabled), now, doubted=doubted)
        requests = graph.requests
    verdicts = checks.assess(enabled, facts, settings, now)
    result = Run(
        tenant=settings[TENANT_ID],
        slot=slot,
        started_at=now,
        duration=round(time.monotonic() - started, 3),
        graph_requests=requests,
        verdicts=verdicts,
        interval=(next_slot(settings[SCHEDULE], slot) - slot).total_seconds(),
    )
    log.tell(logger, log.of_run(result, facts.unread))
    return result


async def _doubted(store: Store, enabled: Sequence[Check]) -> tuple[Fact[Any], ...]:
    """The facts of checks whose latest state is not confirmed: they are asked for anew, as an
    answer that was kept would only agree with itself."""
    current = (await store.current()).value
    unconfirmed = {
        standing.latest.check
        for standing in (current.standings if current else ())
        if standing.latest.state is not standing.confirmed
    }
    return checks.needed(check for check in enabled if check.id in unconfirmed)


async def roll_up(store: Store, day: date) -> None:
    """Compute a day anew from all its runs; a writer that has seen fewer of them loses."""
    first = datetime.combine(day, datetime.min.time(), UTC)
    for _ in range(WRITES):
        stored = await store.day(day)
        digests = await store.digests(first, first + _TO_THE_LAST_SECOND)
        computed = history.roll_up(day, digests)
        if computed == stored.value or not digests:
            return
        try:
            await store.set_day(computed, stored.etag)
        except ConflictError:
            continue
        return
    logger.error("%s changed %d times meanwhile; the next run will roll it up", day, WRITES)


async def _confirm(settings: Settings, store: Store, done: Run, now: datetime) -> None:
    """Fold a run into the row the status is served from, behind those that a crash left out."""
    # Whoever stores a change tells it, so that it is told once.
    added: list[Change] = []
    for _ in range(WRITES):
        stored = await store.current()
        before = stored.value
        if before is not None:
            # Before the row is replaced, in case nobody came to it.
            added += await store.add_changes(before.changes)
            if done.slot <= before.run.slot <= now + CLOCK_ERROR:
                if added:
                    await telemetry.announce(before, checks.SEVERITIES, added)
                return
        since = max(before.run.slot, done.slot - CATCH_UP) if before else done.slot - CATCH_UP
        left_out = await store.runs(since, done.slot)
        for day in {run.slot.date() for run in left_out} - {done.slot.date()}:
            await roll_up(store, day)
        current = fold(
            before,
            left_out,
            done,
            confirm_after=settings[CONFIRM_AFTER],
            recover_after=settings[RECOVER_AFTER],
        )
        try:
            await store.set_state(CURRENT, current, stored.etag)
        except ConflictError:
            continue
        log.tell(logger, [log.of_status(current)])
        added += await store.add_changes(current.changes)
        await telemetry.announce(current, checks.SEVERITIES, added)
        return
    logger.error("The status row changed %d times meanwhile; the next run will catch up", WRITES)
