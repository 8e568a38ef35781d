from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from checks.attempts import Kind
from checks.facts import AUDIT_TRAIL, RESETS_ELSEWHERE
from collect import audit
from shared.model import Known, Reason, Unavailable
from simulator import scenario
from tests.conftest import NOW

LOG = "/auditLogs/directoryAudits"


async def read(world, now=NOW, *, wrong=timedelta()):
    """The log read at a time, by a clock that is wrong by so much."""
    store = world.store()
    await store.prepare()
    world.graph.advance(now - world.graph.now())
    async with world.connect(world.settings(), seconds=1000) as graph:
        return await audit.read(graph, store, now + wrong)


def elsewhere(facts):
    known = facts[RESETS_ELSEWHERE.name]
    assert isinstance(known, Known)
    return sum(known.value.days.values())


def attempts(facts):
    trail = facts[AUDIT_TRAIL.name].value
    numbers = {
        kind: trail.attempts.numbers(kind, NOW + timedelta(days=2), days=30, lag_seconds=0).total()
        for kind in Kind
    }
    return {kind: number for kind, number in numbers.items() if number}


async def test_a_reset_elsewhere_is_counted_once_however_often_the_log_is_read(world):
    world.graph.tenant = scenario("resets-bypass-writeback")
    first = elsewhere(await read(world))
    assert first > 0
    later = [elsewhere(await read(world, NOW + timedelta(minutes=15 * n))) for n in (1, 2, 3)]
    assert later == [first] * 3


@pytest.mark.parametrize("days", [-400, -3, -1, 1, 3, 400])
async def test_a_clock_that_was_wrong_once_loses_nothing_and_doubles_nothing(world, days):
    later = NOW + timedelta(minutes=15)
    world.graph.tenant = scenario("contoso")
    await read(world)
    right = await read(world, later)
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    await read(world)
    await read(world, wrong=timedelta(days=days))
    again = await read(world, later)
    assert attempts(again) == attempts(right)
    assert elsewhere(again) == elsewhere(right)
    trails = [facts[AUDIT_TRAIL.name].value for facts in (again, right)]
    for field in ("read_until", "complete", "behind", "proven_at", "disabled_at", "off_at"):
        assert getattr(trails[0], field) == getattr(trails[1], field), field


async def test_a_log_left_for_longer_than_it_remembers_is_read_from_where_it_begins(world):
    await read(world)
    later = NOW + audit.LOOK_BACK + timedelta(days=1)
    trail = (await read(world, later))[AUDIT_TRAIL.name].value
    assert trail.read_from == later - audit.LOOK_BACK


async def test_attempts_read_in_steps_are_those_read_at_once(world):
    world.graph.tenant = scenario("connector-down")
    for minutes in range(0, 24 * 60, 45):
        stepwise = await read(world, NOW + timedelta(minutes=minutes))
    world.environment["SSPR_TENANT_ID"] = "00000000-0000-4000-8000-0000000000bb"
    at_once = await read(world, NOW + timedelta(minutes=23 * 60 + 15))
    ours, whole = attempts(stepwise), attempts(at_once)
    # The one that is read now looks back a day less far.
    assert all(0 <= ours[kind] - whole[kind] <= 16 for kind in whole)
    recent = at_once[AUDIT_TRAIL.name].value.attempts.recent
    assert stepwise[AUDIT_TRAIL.name].value.attempts.recent == recent


@pytest.mark.parametrize("status", [403, 503])
async def test_a_log_that_cannot_be_read_leaves_what_is_known_as_it_is(world, status):
    await read(world)
    before = await world.store().state("audit", dict)
    world.graph.fail(LOG, status=status, times=None)
    facts = await read(world, NOW + timedelta(minutes=15))
    reason = Reason.PERMISSION_MISSING if status == 403 else Reason.UNREACHABLE
    for answer in facts.values():
        assert isinstance(answer, Unavailable)
        assert answer.reason is reason
    assert (await world.store().state("audit", dict)).value == before.value


async def test_resets_elsewhere_that_cannot_be_read_do_not_hide_the_trail(world):
    world.graph.tenant = scenario("resets-bypass-writeback")
    world.graph.fail("/users", status=503, times=None)
    facts = await read(world)
    assert isinstance(facts[AUDIT_TRAIL.name], Known)
    assert isinstance(facts[RESETS_ELSEWHERE.name], Unavailable)
    world.graph.heal()
    assert isinstance(
        (await read(world, NOW + timedelta(minutes=15)))[RESETS_ELSEWHERE.name], Known
    )


async def test_no_name_and_no_address_is_kept(world):
    await read(world)
    kept = msgspec.json.encode((await world.store().state("audit", dict)).value)
    assert b"contoso.example" not in kept
    assert b"userPrincipalName" not in kept
