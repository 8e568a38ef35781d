"""Facts that take several requests and change rarely: gathered now and then, kept in between."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from checks.facts import Gathered
from shared.graph.client import Graph
from shared.model import LASTING, Known, Reason, Unavailable
from shared.store import GATHERED, ConflictError, Store

logger = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """A fact as it was gathered at a time."""

    at: datetime
    value: msgspec.Raw


async def gather(
    graph: Graph, store: Store, facts: Sequence[Gathered[Any]], now: datetime
) -> dict[str, Known[Any] | Unavailable]:
    """Each fact: kept and fresh enough, or gathered anew; when that fails in passing, as kept."""
    if not facts:
        return {}
    stored = await store.state(GATHERED, dict[str, Kept])
    kept = dict(stored.value or {})
    answers: dict[str, Known[Any] | Unavailable] = {}
    for fact in facts:
        known = _known(fact, kept.get(fact.name))
        if known is not None and now - kept[fact.name].at < fact.every:
            answers[fact.name] = known
            continue
        answer = await _gathered(graph, fact)
        if isinstance(answer, Known) and fact.every:
            kept[fact.name] = Kept(now, msgspec.Raw(msgspec.json.encode(answer.value)))
        elif isinstance(answer, Unavailable) and known and answer.reason not in LASTING:
            answer = known
        answers[fact.name] = answer
    if kept != (stored.value or {}):
        try:
            await store.set_state(GATHERED, kept, stored.etag)
        except ConflictError:
            logger.info("Another instance gathered meanwhile; what it found is kept")
    return answers


async def _gathered(graph: Graph, fact: Gathered[Any]) -> Known[Any] | Unavailable:
    """What a fact's own code finds; its mistakes harm no other fact."""
    try:
        return await fact.gather(graph)
    except Exception:
        logger.exception("Gathering %s failed", fact.name)
        return Unavailable(Reason.MALFORMED, detail="see the log")


def _known(fact: Gathered[Any], kept: Kept | None) -> Known[Any] | None:
    """What is kept, unless another version kept it in another shape."""
    if kept is None:
        return None
    try:
        return Known(msgspec.json.decode(kept.value, type=fact.shape), as_of=kept.at)
    except msgspec.MsgspecError:
        return None
