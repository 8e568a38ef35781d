"""Each simulated tenant, end to end: exactly the checks that should turn, turn."""

from __future__ import annotations

import pytest

import checks
import monitor
from shared.model import State
from simulator import SCENARIOS, scenario
from tests.conftest import NOW

ALL = {check.id for check in checks.CATALOGUE}
HYBRID_ONLY = {"writeback", "directory_sync", "sync_conflicts", "premium_licence"}

# What is neither healthy nor not applicable, by outcome code.
TURNED = {
    "healthy": {},
    "cloud-sync": {},
    "cloud-only": {},
    "sync-turned-off": {},
    "contoso": {
        "writeback": "writeback_disabled",
        "directory_sync": "sync_stopped",
        "sync_conflicts": "many_conflicts",
        "premium_licence": "users_without_licence",
        "registration": "many_not_registered",
        "admin_sspr": "administrators_blocked",
        "method_migration": "migration_in_progress",
    },
    "writeback-disabled": {"writeback": "writeback_disabled"},
    "licence-expired": {"premium_licence": "licence_suspended"},
    "licence-short": {"premium_licence": "users_without_licence"},
    "sync-stale": {"directory_sync": "sync_stopped"},
    "sync-conflicts": {"sync_conflicts": "many_conflicts"},
    "connector-down": {"writeback": "writeback_failing"},
    "half-registered": {"registration": "many_not_registered"},
    "administrators-blocked": {"admin_sspr": "administrators_blocked"},
    "policies-not-migrated": {"method_migration": "migration_not_started"},
    "free-tier": {"registration": "licence_missing"},
    "quiet": {"writeback": "no_evidence"},
    "empty": {"registration": "licence_missing"},
    "outage": dict.fromkeys(ALL, "unreachable"),
}


def test_every_scenario_is_played():
    assert TURNED.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", TURNED)
async def test_a_tenant_turns_exactly_the_checks_it_should(world, name):
    world.graph.tenant = scenario(name)
    done = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    fine = (State.HEALTHY, State.NOT_APPLICABLE)
    turned = {v.check: v.code for v in done.verdicts if v.state not in fine}
    assert turned == TURNED[name]


@pytest.mark.parametrize("name", ["cloud-only", "sync-turned-off", "free-tier", "empty"])
async def test_what_needs_a_directory_sync_does_not_apply_without_one(world, name):
    world.graph.tenant = scenario(name)
    done = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    absent = {v.check for v in done.verdicts if v.state is State.NOT_APPLICABLE}
    assert absent == HYBRID_ONLY


async def test_a_cloud_sync_tenant_is_proven_by_its_own_agent(world):
    world.graph.tenant = scenario("cloud-sync")
    done = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    (writeback,) = [v for v in done.verdicts if v.check == "writeback"]
    assert writeback.code == "writeback_proven"


@pytest.mark.parametrize("problem", ["A1", "A2", "A3", "A4", "A5"])
async def test_contoso_has_each_of_the_five_kinds_of_problem(world, problem):
    done = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    bad = {v.check for v in done.verdicts if v.state in (State.WARNING, State.CRITICAL)}
    watching = {
        check.id
        for check in checks.CATALOGUE
        if any(found.startswith(problem) for found in check.problems)
    }
    assert bad & watching
