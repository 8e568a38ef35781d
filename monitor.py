"""One run: collect -> judge -> confirm -> record.

The slot is the scheduled time. A slot that is stored is never run again, so a timer that fires
twice, late, or after a crash does no harm; an interrupted run is simply run again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import checks
from collect import collect
from collect import sweep as registration
from shared.confirm import stand
from shared.graph.client import Graph, open_graph
from shared.model import Run
from shared.schedule import slot_of
from shared.settings import (
    CONFIRM_AFTER,
    RECOVER_AFTER,
    SCHEDULE,
    TENANT_ID,
    Settings,
    load,
)
from shared.store import CURRENT, ConflictError, Store

logger = logging.getLogger(__name__)

# What a run may spend on Graph, so that it ends well within the host's limit (host.json).
RUN_SECONDS = 120.0
SWEEP_SECONDS = 480.0
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
) -> registration.Sweep:
    """Go on with the registration sweep, or start one."""
    await store.prepare()
    async with connect(settings, seconds=SWEEP_SECONDS + 60) as graph:
        return await registration.advance(graph, store, now, seconds=SWEEP_SECONDS)


async def _perform(
    settings: Settings, store: Store, slot: datetime, now: datetime, connect: Connect
) -> Run:
    started = time.monotonic()
    enabled = checks.enabled(settings)
    async with connect(settings, seconds=RUN_SECONDS) as graph:
        facts = await collect(graph, store, checks.needed(enabled), now)
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
