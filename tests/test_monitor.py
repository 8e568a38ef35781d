from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import checks
import monitor
from checks.audit_trail import AuditTrail
from checks.check import Check
from checks.facts import permissions
from collect import audit
from shared.model import State
from shared.store import AUDIT, Store
from simulator import ALL_ROLES, scenario
from tests.conftest import NOW

FACTS = checks.needed(checks.CATALOGUE)
PERMISSIONS = permissions(FACTS)


async def run(world, now=NOW, **environment):
    settings = world.settings(**environment)
    return await monitor.run(settings, world.store(), now, connect=world.connect)


def codes(done):
    return {verdict.check: verdict.code for verdict in done.verdicts}


async def test_a_run_is_stored_and_becomes_current(world):
    done = await run(world)
    assert await world.store().run(done.slot) == done
    current = (await world.store().current()).value
    assert current is not None
    assert current.run == done
    assert {s.confirmed for s in current.standings} == {v.state for v in done.verdicts}


async def test_a_slot_asks_graph_once_however_often_it_is_run(world):
    first = await run(world)
    asked = len(world.graph.requests)
    again = await run(world, NOW + timedelta(minutes=5))
    assert again == first
    assert len(world.graph.requests) == asked


async def test_an_ordinary_run_makes_four_requests_at_any_size(world):
    world.graph.tenant = scenario("healthy")
    await run(world)
    for users in (200, 100_000):
        world.graph.tenant = scenario("healthy", users=users)
        world.graph.requests.clear()
        world.graph.advance(timedelta(minutes=15))
        await run(world, world.graph.now())
        asked = [request.path for request in world.graph.requests]
        assert [path for path in asked if not path.startswith("/_public")] == [
            "/v1.0/$batch",
            "/beta/$batch",
            "/v1.0/auditLogs/directoryAudits",
            "/v1.0/auditLogs/directoryAudits",
        ]


async def test_what_is_optional_and_refused_is_asked_for_once_a_day(world):
    world.graph.tenant = scenario("healthy")
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(PERMISSIONS)
    asked = []
    for later in (timedelta(), timedelta(hours=23), timedelta(hours=1)):
        world.graph.requests.clear()
        world.graph.advance(later)
        await run(world, world.graph.now())
        asked.append([request.path for request in world.graph.requests])
    assert [paths.count("/v1.0/security/secureScores") for paths in asked] == [1, 0, 1]


async def test_a_run_that_was_cut_off_before_the_status_is_made_current_again(world, monkeypatch):
    async def cut_off(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "set_state", cut_off_for_current(cut_off))
        with pytest.raises(KeyboardInterrupt):
            await run(world)
    asked = len(world.graph.requests)
    done = await run(world, NOW + timedelta(minutes=1))
    current = (await world.store().current()).value
    assert current is not None
    assert current.run == done
    assert len(world.graph.requests) == asked


def cut_off_for_current(cut_off):
    whole = Store.set_state

    async def set_state(self, name, value, etag):
        if name == "current":
            await cut_off()
        return await whole(self, name, value, etag)

    return set_state


async def test_of_two_instances_at_one_slot_one_run_is_stored(world, monkeypatch):
    """The other instance stores its run between our look at the slot and our own storing."""
    other = await run(world)

    async def not_there_yet(self, slot):
        monkeypatch.undo()

    monkeypatch.setattr(Store, "run", not_there_yet)
    assert await run(world, NOW + timedelta(minutes=2)) == other


async def test_an_older_slot_never_replaces_a_newer_status(world):
    newer = await run(world, NOW + timedelta(hours=1))
    await run(world, NOW)
    current = (await world.store().current()).value
    assert current is not None
    assert current.run == newer


async def test_two_bad_runs_in_a_row_are_confirmed(world):
    world.graph.tenant = scenario("healthy")
    confirmed = []
    for index in range(4):
        if index == 1:
            world.graph.tenant = scenario("administrators-blocked")
        world.graph.advance(timedelta(minutes=15))
        await run(world, world.graph.now())
        current = (await world.store().current()).value
        assert current is not None
        confirmed += [s.confirmed for s in current.standings if s.latest.check == "admin_sspr"]
    assert confirmed == [State.HEALTHY, State.HEALTHY, State.WARNING, State.WARNING]


@pytest.mark.parametrize(
    ("odd", "asked", "confirmed"),
    [
        ([False, False, False, False], [1, 0, 0, 0], State.HEALTHY),
        ([False, True, False, False], [1, 1, 1, 0], State.HEALTHY),
        ([False, True, True, False, False], [1, 1, 1, 0, 0], State.UNKNOWN),
    ],
    ids=["never", "once", "for as long as it takes to be confirmed"],
)
async def test_an_odd_answer_is_not_kept_before_a_second_one_agrees(world, odd, asked, confirmed):
    """What is kept for hours would confirm itself: it is asked for anew while it is in doubt."""
    times = []
    for step, is_odd in enumerate(odd):
        world.graph.tenant = scenario("healthy")
        if is_odd:
            world.graph.fail("*/roleAssignments", body={"value": []}, times=None)
        # What was kept by the first run is old by the second, where that one is to ask.
        later = timedelta(hours=6) if step == 1 and any(odd) else timedelta(minutes=15)
        world.graph.advance(later)
        world.graph.requests.clear()
        await run(world, world.graph.now())
        world.graph.heal()
        times.append(sum(r.path.endswith("/roleAssignments") for r in world.graph.requests))
    assert times == asked
    current = (await world.store().current()).value
    assert current is not None
    (standing,) = (s for s in current.standings if s.latest.check == "synced_administrators")
    assert standing.confirmed is confirmed


# Wider roles that Graph takes instead, and that must not stand in for the missing one.
WIDER = {
    "LicenseAssignment.Read.All": {"Organization.Read.All"},
    "Organization.Read.All": {"User.Read.All"},
    "Policy.Read.AuthenticationMethod": {"Policy.Read.All"},
}


def taken(fact):
    return {p for p in (fact.permission, *fact.besides) if p}


@pytest.mark.parametrize(
    "missing", sorted({p for fact in FACTS if not fact.optional for p in taken(fact)})
)
async def test_without_a_permission_its_checks_are_unknown_and_name_it(world, missing):
    # Only a tenant with Cloud Sync has jobs that could be refused.
    engine = "cloud-sync" if missing == "Synchronization.Read.All" else "healthy"
    world.graph.tenant = scenario(engine)
    whole = codes(await run(world))
    withheld = {missing} | WIDER.get(missing, set())
    roles = {p for fact in FACTS for p in taken(fact)} - withheld
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(roles)
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    done = await run(world)
    named = {v.check for v in done.verdicts if v.permission == missing}
    assert named
    assert {v.state for v in done.verdicts if v.check in named} == {State.UNKNOWN}
    for check in checks.CATALOGUE:
        if not any(withheld & taken(fact) for fact in check.needs):
            assert codes(done)[check.id] == whole[check.id]


async def test_the_least_permissions_are_enough(world):
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(PERMISSIONS)
    done = await run(world)
    assert {v.permission for v in done.verdicts} == {None}
    assert set(PERMISSIONS) < set(ALL_ROLES)


async def test_events_that_are_logged_late_are_not_missed(world):
    world.graph.tenant = scenario("quiet")
    await run(world)
    stored = await world.store().state(AUDIT, AuditTrail)
    assert stored.value is not None
    await run(world, NOW + timedelta(minutes=15))
    asked = [request.query.get("$filter", "") for request in world.graph.requests]
    assert any("Password Management" in f and "ge 2026-11-21T10:33:00Z" in f for f in asked)


async def test_a_first_look_back_over_many_pages_goes_on_in_the_next_run(world, monkeypatch):
    monkeypatch.setattr(audit, "PAGES", 1)
    first = await run(world)
    assert codes(first)["writeback"] == "still_reading"
    now, done = NOW, first
    for _ in range(8):
        now += timedelta(minutes=15)
        world.graph.advance(timedelta(minutes=15))
        done = await run(world, now)
        if codes(done)["writeback"] != "still_reading":
            break
    assert codes(done)["writeback"] == "writeback_disabled"


async def test_an_outage_makes_everything_unknown_and_the_run_still_ends(world):
    world.graph.tenant = scenario("outage")
    done = await run(world)
    # The public pages are not Graph; reaching them is no sign of health.
    unknown = {v.check for v in done.verdicts if v.state is State.UNKNOWN}
    assert unknown == {check.id for check in checks.CATALOGUE} - {"endpoints"}
    assert done.state is State.UNKNOWN
    assert sum(world.waits) < monitor.RUN_SECONDS


async def test_an_expired_token_is_told_as_a_failed_sign_in(world):
    world.environment["SSPR_GRAPH_TOKEN"] = "of another simulator"
    assert set(codes(await run(world)).values()) == {"sign_in_failed", "reachable"}


async def test_a_failing_check_harms_no_other(world, monkeypatch, caplog):
    def broken(*args):
        raise ZeroDivisionError

    healthy = checks.BY_ID["method_migration"]
    monkeypatch.setattr(
        checks,
        "CATALOGUE",
        (Check(**{**vars(checks.CATALOGUE[0]), "evaluate": broken}), healthy),
    )
    found = codes(await run(world))
    assert found["writeback"] == "internal_error"
    assert found[healthy.id] == "migration_in_progress"
    assert "ZeroDivisionError" in caplog.text


async def test_a_mistake_in_reading_the_log_harms_no_other_fact(world, monkeypatch, caplog):
    def broken(*args):
        raise ZeroDivisionError

    whole = codes(await run(world))
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    monkeypatch.setattr(audit, "fold_events", broken)
    found = codes(await run(world))
    assert found["throttled_users"] == "malformed"
    assert found["directory_sync"] == whole["directory_sync"]
    assert found["registration"] == whole["registration"]
    assert "ZeroDivisionError" in caplog.text


async def test_a_verdict_that_could_not_be_read_back_is_an_error_of_its_check(world, monkeypatch):
    def unreadable(*args):
        odd: Any = None
        return checks.CATALOGUE[0].verdict("no_evidence", params={"odd": odd})

    broken = Check(**{**vars(checks.CATALOGUE[0]), "evaluate": unreadable})
    monkeypatch.setattr(checks, "CATALOGUE", (broken,))
    assert codes(await run(world)) == {"writeback": "internal_error"}


async def test_no_user_name_is_stored(world):
    await run(world)
    rows = []
    for table in ("SsprRuns", "SsprState"):
        client = world.store()._service.get_table_client(table)
        tenant = world.environment["SSPR_TENANT_ID"]
        query = client.query_entities("PartitionKey eq @t", parameters={"t": tenant})
        rows += [str(row) async for row in query]
    assert len(rows) == 5
    assert not [row for row in rows if "contoso.example" in row]
