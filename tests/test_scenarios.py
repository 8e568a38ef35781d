"""Each simulated tenant, end to end: exactly the checks that should turn, turn."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

import checks
import monitor
from shared.model import State
from simulator import ALL_ROLES, SCENARIOS, scenario
from tests.conftest import NOW

ALL = {check.id for check in checks.CATALOGUE}
HYBRID_ONLY = {
    "writeback",
    "writeback_attempts",
    "directory_sync",
    "password_hash_sync",
    "cloud_sync_jobs",
    "sync_conflicts",
    "connect_certificate",
    "unsupported_resets",
    "synced_administrators",
}
NO_PREMIUM = {
    "premium_licence": "no_cloud_licence",
    "sspr_enabled": "licence_missing",
    "registration": "licence_missing",
    "method_retirement": "licence_missing",
    "directory_contact_data": "licence_missing",
}

# What is neither healthy nor not applicable, by outcome code.
TURNED = {
    "healthy": {},
    "cloud-sync": {},
    "cloud-only": {},
    "sync-turned-off": {},
    "contoso": {
        "writeback": "writeback_disabled",
        "writeback_attempts": "attempts_fail",
        "directory_sync": "sync_stopped",
        "password_hash_sync": "hashes_stopped",
        "sync_conflicts": "many_conflicts",
        "premium_licence": "users_without_licence",
        "registration": "many_not_registered",
        "method_retirement": "retirement_ahead",
        "directory_contact_data": "many_found",
        "method_migration": "migration_in_progress",
        "reset_attempts": "resets_fail",
        "throttled_users": "some_blocked",
        "admin_sspr": "administrators_in_dead_end",
        "synced_administrators": "global_administrator_synced",
        "settings_changed": "writeback_disabled",
    },
    "writeback-disabled": {
        "writeback": "writeback_disabled",
        "settings_changed": "writeback_disabled",
    },
    "writeback-attempts-failing": {"writeback_attempts": "attempts_fail"},
    "connector-down": {
        "writeback": "writeback_failing",
        "writeback_attempts": "some_attempts_fail",
    },
    "licence-expired": {"premium_licence": "licence_suspended"},
    "licence-short": {"premium_licence": "users_without_licence"},
    "sync-stale": {
        "directory_sync": "sync_stopped",
        "password_hash_sync": "hashes_stopped",
        "writeback": "capped_by_sync",
        "writeback_attempts": "capped_by_sync",
    },
    "sync-conflicts": {"sync_conflicts": "many_conflicts"},
    "password-sync-stale": {"password_hash_sync": "hashes_late"},
    "phs-off": {},
    "cloud-sync-quarantine": {"cloud_sync_jobs": "job_in_quarantine"},
    "certificate-expiring": {"connect_certificate": "certificate_about_to_expire"},
    "certificate-expired": {"connect_certificate": "certificate_expired"},
    "service-account": {"connect_certificate": "service_account"},
    "reset-principal-disabled": {"reset_service_principal": "principal_disabled"},
    "reset-principal-missing": {},
    "half-registered": {"registration": "many_not_registered"},
    "sspr-off": {"sspr_enabled": "nobody_enabled"},
    "scope-dropped": {},
    "phone-only": {"method_retirement": "retirement_ahead"},
    "directory-contact-only": {
        "directory_contact_data": "many_found",
        "registration": "some_not_registered",
    },
    "administrators-blocked": {"admin_sspr": "administrators_blocked"},
    "administrators-in-dead-end": {"admin_sspr": "administrators_in_dead_end"},
    "synced-administrators": {"synced_administrators": "global_administrator_synced"},
    "policies-not-migrated": {"method_migration": "migration_not_started"},
    "low-success": {"reset_attempts": "resets_fail"},
    "users-blocked": {"throttled_users": "many_blocked"},
    "settings-changed": {"settings_changed": "settings_changed"},
    "resets-bypass-writeback": {},
    "service-degraded": {"service_health": "service_degraded"},
    "endpoints-down": {"endpoints": "none_reachable"},
    "quiet": {
        "writeback": "no_evidence",
        "writeback_attempts": "no_traffic",
        "reset_attempts": "no_traffic",
        "monitor_data": "log_empty",
    },
    "free-tier": NO_PREMIUM,
    "empty": NO_PREMIUM | {"reset_attempts": "no_traffic", "monitor_data": "log_empty"},
    "outage": dict.fromkeys(ALL - {"endpoints"}, "unreachable"),
}

# What is told although it is no problem, or does not apply.
TOLD = {
    "resets-bypass-writeback": ("unsupported_resets", "some_elsewhere"),
    "reset-principal-missing": ("reset_service_principal", "not_needed"),
    "phs-off": ("password_hash_sync", "not_used"),
    "cloud-sync": ("cloud_sync_jobs", "jobs_running"),
    "healthy": ("endpoints", "reachable"),
    "sync-turned-off": ("directory_sync", "sync_turned_off"),
    "cloud-only": ("premium_licence", "cloud_licensed"),
}


# Whatever its names are, it is judged like the same tenant with others.
TURNED["hostile"] = TURNED["contoso"]


def test_every_scenario_is_played():
    assert TURNED.keys() == SCENARIOS.keys()


async def run(world, name, now=NOW):
    world.graph.tenant = scenario(name)
    return await monitor.run(world.settings(), world.store(), now, connect=world.connect)


@pytest.mark.parametrize("name", TURNED)
async def test_a_tenant_turns_exactly_the_checks_it_should(world, name):
    fine = (State.HEALTHY, State.NOT_APPLICABLE)
    done = await run(world, name)
    assert {v.check: v.code for v in done.verdicts if v.state not in fine} == TURNED[name]


@pytest.mark.parametrize("name", TOLD)
async def test_what_is_no_problem_is_told_all_the_same(world, name):
    check, code = TOLD[name]
    assert {v.check: v.code for v in (await run(world, name)).verdicts}[check] == code


@pytest.mark.parametrize("name", ["cloud-only", "sync-turned-off", "free-tier", "empty"])
async def test_what_needs_a_directory_sync_does_not_apply_without_one(world, name):
    done = await run(world, name)
    absent = {v.check for v in done.verdicts if v.state is State.NOT_APPLICABLE}
    assert absent == HYBRID_ONLY | {"endpoints"}


async def test_a_scope_that_shrinks_from_one_report_to_the_next_is_told(world):
    await run(world, "healthy")
    world.graph.tenant = scenario("scope-dropped")
    later = NOW + timedelta(hours=24)
    world.graph.advance(timedelta(hours=24))
    settings, store = world.settings(), world.store()
    await monitor.run_sweep(settings, store, later, connect=world.connect)
    done = await run(world, "scope-dropped", later)
    assert {v.check: v.code for v in done.verdicts}["sspr_enabled"] == "scope_dropped"


@pytest.mark.parametrize(
    ("name", "code", "state"),
    [
        ("healthy", "enabled_by_score", State.HEALTHY),
        ("cloud-only", "enabled_by_score", State.HEALTHY),
        ("sspr-off", "nobody_by_score", State.WARNING),
        ("free-tier", "permission_missing", State.UNKNOWN),
    ],
)
async def test_where_the_report_is_refused_secure_score_stands_in(world, name, code, state):
    roles = set(ALL_ROLES) - {"AuditLog.Read.All"}
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(roles)
    (verdict,) = [v for v in (await run(world, name)).verdicts if v.check == "sspr_enabled"]
    assert (verdict.code, verdict.state) == (code, state)


async def test_a_steady_scope_that_secure_score_does_not_see_is_told(world):
    control = {"controlName": "SelfServicePasswordReset", "count": "200", "total": "1702"}
    newest = {"createdDateTime": "2026-11-21T00:00:00Z", "controlScores": [control]}
    world.graph.fail("/security/secureScores", status=200, body={"value": [newest]})
    found = {v.check: v.code for v in (await run(world, "healthy")).verdicts}
    assert found["sspr_enabled"] == "score_differs"


async def test_what_is_optional_takes_nothing_from_a_tenant_that_does_not_grant_it(world):
    whole = {v.check: v.code for v in (await run(world, "contoso")).verdicts}
    facts = [fact for fact in checks.needed(checks.CATALOGUE) if fact.optional]
    assert facts
    roles = set(ALL_ROLES) - {fact.permission for fact in facts}
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(roles)
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    done = await run(world, "contoso")
    assert {v.check: v.code for v in done.verdicts} == whole
    assert {v.permission for v in done.verdicts} == {None}


@pytest.mark.parametrize("problem", ["A1", "A2", "A3", "A4", "A5"])
async def test_contoso_has_each_of_the_five_kinds_of_problem(world, problem):
    done = await run(world, "contoso")
    bad = {v.check for v in done.verdicts if v.state in (State.WARNING, State.CRITICAL)}
    watching = {
        check.id
        for check in checks.CATALOGUE
        if any(found.startswith(problem) for found in check.problems)
    }
    assert bad & watching
