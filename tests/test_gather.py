"""Facts that change rarely are kept for their time, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from checks.engine_facts import ADMINISTRATORS
from checks.facts import Gathered
from collect.gather import gather
from tests.conftest import NOW


async def asked(world, now):
    """How often Graph was asked for the fact at a time."""
    store = world.store()
    await store.prepare()
    world.graph.requests.clear()
    assert isinstance(ADMINISTRATORS, Gathered)
    async with world.connect(world.settings(), seconds=1000) as graph:
        await gather(graph, store, [ADMINISTRATORS], now)
    return sum(request.path.endswith("/roleAssignments") for request in world.graph.requests)


@pytest.mark.parametrize(
    ("later", "times"),
    [
        (timedelta(hours=6, seconds=-1), 0),
        (timedelta(hours=6), 1),
        (timedelta(seconds=-1), 1),
        (timedelta(days=-400), 1),
    ],
    ids=["fresh", "old", "by a clock ahead", "by a clock far ahead"],
)
async def test_a_fact_is_asked_for_again_when_it_is_not_of_the_last_six_hours(world, later, times):
    assert await asked(world, NOW) > 0
    again = await asked(world, NOW + later)
    assert bool(again) == bool(times)
