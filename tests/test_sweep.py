from __future__ import annotations

from datetime import timedelta

import pytest

import monitor
from collect import sweep
from shared.model import Known, Reason, Unavailable
from shared.store import SWEEP, Store
from simulator import scenario
from tests.conftest import NOW

REPORT = "/reports/authenticationMethods/userRegistrationDetails"


async def advance(world, *, seconds=1000.0, now=NOW):
    store = world.store()
    await store.prepare()
    async with world.connect(world.settings(), seconds=10_000) as graph:
        return await sweep.advance(graph, store, now, seconds=seconds)


def pages(world):
    return [r for r in world.graph.requests if r.path.endswith("userRegistrationDetails")]


async def test_a_sweep_counts_the_whole_report(world):
    done = await advance(world)
    assert done.finished is not None
    assert done.underway is None
    report = done.finished
    people = report.users.members + report.administrators.members + report.guests
    assert people == sum(cohort.size for cohort in world.graph.tenant.cohorts if cohort.enabled)
    assert done.registration() == Known(report, as_of=report.newest_at)


async def test_a_sweep_out_of_time_goes_on_where_it_stopped(world):
    whole = await advance(world)
    world.environment["SSPR_TENANT_ID"] = "00000000-0000-4000-8000-0000000000aa"
    world.graph.requests.clear()
    steps = [await advance(world, seconds=0)]
    while steps[-1].underway:
        assert steps[-1].registration() == Unavailable(Reason.NOT_COLLECTED)
        steps.append(await advance(world, seconds=0))
    assert len(steps) == len(pages(world)) > 1
    assert steps[-1].finished == whole.finished


async def test_progress_is_kept_after_every_few_pages(world, monkeypatch):
    monkeypatch.setattr(sweep, "PAGE_ROWS", 100)
    world.graph.tenant = scenario("contoso", users=1500)

    async def killed(self, name, value, etag):
        written = await whole(self, name, value, etag)
        if value.underway and value.underway.pages == 10:
            raise KeyboardInterrupt
        return written

    whole = Store.set_state
    with monkeypatch.context() as patch:
        patch.setattr(Store, "set_state", killed)
        with pytest.raises(KeyboardInterrupt):
            await advance(world)
    left = await sweep.stored_sweep(world.store())
    assert left.underway is not None
    assert left.underway.pages == 10
    world.graph.requests.clear()
    world.graph.advance(timedelta(minutes=1))
    assert (await advance(world)).finished is not None
    assert len(pages(world)) == 4


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400},
        {"edit": lambda page: page | {"@odata.nextLink": "https://attacker.example"}},
    ],
    ids=["expired", "astray"],
)
async def test_a_sweep_whose_link_leads_nowhere_starts_over_at_once(world, fault):
    begun = await advance(world, seconds=0)
    world.graph.fail(REPORT, **fault)
    done = await advance(world, now=NOW + timedelta(minutes=1))
    assert done.finished is not None
    assert done.finished.users.members > begun.underway.counts.users.members
    assert len(pages(world)) == 4


async def test_a_report_that_cannot_be_read_is_asked_for_once_in_a_try(world):
    world.graph.fail(REPORT, status=400, times=None)
    for _ in range(2):
        assert (await advance(world)).failed_for is Reason.UNSUPPORTED
    assert len(pages(world)) == 2


async def test_a_sweep_left_for_half_a_day_starts_over(world):
    await advance(world, seconds=0)
    later = await advance(world, seconds=0, now=NOW + sweep.LINK_LIFE + timedelta(minutes=1))
    assert later.underway is not None
    assert later.underway.pages == 1


async def test_the_last_finished_report_stands_while_the_next_is_read(world):
    first = await advance(world)
    later = await advance(world, seconds=0, now=NOW + timedelta(hours=6))
    assert later.underway is not None
    assert later.registration() == first.registration()


async def test_a_passing_failure_does_not_take_the_report_away(world):
    first = await advance(world)
    world.graph.fail(REPORT, status=503, times=None)
    failed = await advance(world, now=NOW + timedelta(hours=6))
    assert failed.failed_for is Reason.UNREACHABLE
    assert failed.registration() == first.registration()
    assert failed.wanted


async def test_a_permission_taken_away_is_told_at_once(world):
    await advance(world)
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(["User.Read.All"])
    failed = await advance(world, now=NOW + timedelta(hours=6))
    answer = failed.registration()
    assert isinstance(answer, Unavailable)
    assert answer.permission == "AuditLog.Read.All"


async def test_a_tenant_without_premium_is_told_so_after_a_second_look(world):
    world.graph.tenant = scenario("free-tier")
    answer = (await advance(world)).registration()
    assert isinstance(answer, Unavailable)
    assert answer.reason is Reason.LICENCE_MISSING
    assert len(pages(world)) == 3


async def test_when_another_instance_sweeps_this_one_stops(world, monkeypatch):
    whole = Store.set_state
    other = sweep.Sweep(finished_at=NOW)

    async def overtaken(self, name, value, etag):
        monkeypatch.undo()
        await whole(self, SWEEP, other, None)
        return await whole(self, name, value, etag)

    monkeypatch.setattr(Store, "set_state", overtaken)
    assert await advance(world) == other


async def test_the_first_run_sweeps_itself_and_later_runs_do_not(world):
    settings, store = world.settings(), world.store()
    await monitor.run(settings, store, NOW, connect=world.connect)
    assert len(pages(world)) == 2
    await monitor.run(settings, store, NOW + timedelta(minutes=15), connect=world.connect)
    assert len(pages(world)) == 2
    await monitor.run_sweep(settings, store, NOW + timedelta(hours=6), connect=world.connect)
    assert len(pages(world)) == 4
