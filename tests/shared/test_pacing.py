from __future__ import annotations

import asyncio

from shared.graph.pacing import Pacer


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


async def test_no_more_than_five_turns_in_any_ten_seconds():
    time = Time()
    pacer, turns = Pacer(clock=time.clock, sleep=time.sleep), []
    for _ in range(23):
        await pacer.turn()
        turns.append(time.now)
    assert turns[4] == 0.0
    assert all(later - earlier >= 10 for earlier, later in zip(turns, turns[5:], strict=False))


async def test_those_who_wait_together_are_served_one_by_one():
    time = Time()
    pacer = Pacer(turns=1, seconds=3, clock=time.clock, sleep=time.sleep)
    await asyncio.gather(*(pacer.turn() for _ in range(4)))
    assert time.now == 9.0


async def test_a_turn_after_a_pause_does_not_wait():
    time = Time()
    pacer = Pacer(turns=1, clock=time.clock, sleep=time.sleep)
    await pacer.turn()
    time.now = 60.0
    await pacer.turn()
    assert time.now == 60.0
