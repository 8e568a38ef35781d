"""The process that is killed: does one of ACTS, to the tenant that its environment names."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial

import checks
from faults.operations import ACTS
from faults.world import NOW
from shared.graph.client import open_graph
from shared.settings import load
from shared.store import close_stores, store_for


async def at_once(seconds: float) -> None:
    """The simulator's clock stands still, and is not throttled."""


async def act(name: str) -> None:
    settings = load(os.environ, checks.THRESHOLDS)
    connect = partial(open_graph, sleep=at_once, now=lambda: NOW)
    await ACTS[name](settings, store_for(settings), connect)
    await close_stores()


if __name__ == "__main__":
    asyncio.run(act(sys.argv[1]))
