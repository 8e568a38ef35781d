"""Facts that take several requests and change rarely: gathered now and then, kept in between."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from checks.facts import Fact, Gathered
from shared.graph.client import Graph
from shared.model import LASTING, Known, Reason, Unavailable
from shared.store import GATHERED, ConflictError, Store

logger = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """A fact as it was gathered at a time, or that it was `refused` then, with nothing of value."""

    at: datetime
    value: msgspec.Raw
    refused: Unavailable | None = None


async def gather(
    graph: Graph,
    store: Store,
    facts: Sequence[Gathered[Any]],
    now: datetime,
    *,
    doubted: Collection[Fact[Any]] = (),
) -> dict[str, Known[Any] | Unavailable]:
    """Each fact: kept, fresh enough and not doubted, or gathered anew; when that fails in passing,
    as kept."""
    if not facts:
        return {}
    stored = await store.state(GATHERED, dict[str, Kept])
    kept = dict(stored.value or {})
    answers: dict[str, Known[Any] | Unavailable] = {}
    for fact in facts:
        before = _before(fact, kept.get(fact.name))
        # What was kept at a time that is yet to come was kept by a wrong clock.
        if (
            before is not None
            and timedelta() <= now - kept[fact.name].at < fact.every
            and fact not in doubted
        ):
            answers[fact.name] = before
            continue
        answer = await _gathered(graph, fact)
        if isinstance(answer, Known):
            if fact.every:
                kept[fact.name] = Kept(now, msgspec.Raw(msgspec.json.encode(answer.value)))
        elif answer.reason in LASTING:
            # What nobody has to permit is not asked for again in every run.
            if fact.optional:
                kept[fact.name] = Kept(now, msgspec.Raw(b"null"), refused=answer)
        elif before is not None:
            answer = before
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


def _before(fact: Gathered[Any], kept: Kept | None) -> Known[Any] | Unavailable | None:
    """What is kept, unless another version kept it in another shape."""
    if kept is None:
        return None
    if kept.refused:
        return kept.refused
    try:
        return Known(msgspec.json.decode(kept.value, type=fact.shape), as_of=kept.at)
    except msgspec.MsgspecError:
        return None
