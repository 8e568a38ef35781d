"""What a run asks Graph: all that the checks need, each thing once, in few requests."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Collection, Sequence
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError

from checks.facts import AUDIT_TRAIL, REGISTRATION, RESETS_ELSEWHERE, Asked, Fact, Facts, Gathered
from collect import audit, sweep
from collect.gather import gather
from shared.graph.client import Graph
from shared.model import Known, Reason, Unavailable
from shared.store import Store

logger = logging.getLogger(__name__)

Answers = dict[str, Known[Any] | Unavailable]

# How long a run goes on with a first sweep itself, rather than leave it to the sweep's timer.
FIRST_SWEEP_SECONDS = 20.0


async def collect(
    graph: Graph,
    store: Store,
    facts: Sequence[Fact[Any]],
    now: datetime,
    *,
    doubted: Collection[Fact[Any]] = (),
) -> Facts:
    """Known or Unavailable for each of these facts; what is `doubted` is not taken as kept."""
    collected = await graph.ask([fact for fact in facts if isinstance(fact, Asked)])
    if AUDIT_TRAIL in facts or RESETS_ELSEWHERE in facts:
        reading = audit.read(graph, store, now)
        collected |= await _on_its_own(reading, AUDIT_TRAIL, RESETS_ELSEWHERE)
    if REGISTRATION in facts:
        collected |= await _on_its_own(_registration(graph, store, now), REGISTRATION)
    rare = [fact for fact in facts if isinstance(fact, Gathered)]
    return Facts(collected | await gather(graph, store, rare, now, doubted=doubted))


async def _registration(graph: Graph, store: Store, now: datetime) -> Answers:
    """The last report; a run does not wait for the sweep's timer when there is none to speak of."""
    state = await sweep.stored_sweep(store)
    if state.wanted:
        state = await sweep.advance(graph, store, now, seconds=FIRST_SWEEP_SECONDS)
    return {REGISTRATION.name: state.registration()}


async def _on_its_own(reading: Awaitable[Answers], *facts: Fact[Any]) -> Answers:
    """A mistake of ours in one reading harms no other; without storage there is no run at all."""
    try:
        return await reading
    except AzureError:
        raise
    except Exception:
        logger.exception("Reading %s failed", ", ".join(fact.name for fact in facts))
        return {fact.name: Unavailable(Reason.MALFORMED, detail="see the log") for fact in facts}
