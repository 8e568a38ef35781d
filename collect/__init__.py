"""What a run asks Graph: all that the checks need, each thing once, in few requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from checks.facts import AUDIT_TRAIL, REGISTRATION, RESETS_ELSEWHERE, Asked, Fact, Facts, Gathered
from collect import audit, sweep
from collect.gather import gather
from shared.graph.client import Graph
from shared.store import Store

# How long a run goes on with a first sweep itself, rather than leave it to the sweep's timer.
FIRST_SWEEP_SECONDS = 20.0


async def collect(graph: Graph, store: Store, facts: Sequence[Fact[Any]], now: datetime) -> Facts:
    """Known or Unavailable for each of these facts."""
    collected = await graph.ask([fact for fact in facts if isinstance(fact, Asked)])
    if AUDIT_TRAIL in facts or RESETS_ELSEWHERE in facts:
        collected |= await audit.read(graph, store, now)
    if REGISTRATION in facts:
        state = await sweep.stored_sweep(store)
        if state.wanted:
            state = await sweep.advance(graph, store, now, seconds=FIRST_SWEEP_SECONDS)
        collected[REGISTRATION.name] = state.registration()
    rare = [fact for fact in facts if isinstance(fact, Gathered)]
    return Facts(collected | await gather(graph, store, rare, now))
