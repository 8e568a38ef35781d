"""What the alert queries answer over the events of real runs, and so when they fire and resolve."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

import checks
from simulator import ALL_ROLES
from tests.telemetry.kusto import ALERTS

DEPLOYED = "datetime(2026-11-21T12:00:00Z)"


def critical(watch, severity, **at):
    return [row["check"] for row in watch.firing("check_critical", rated=str(severity), **at)]


def silent(watch, **at):
    (row,) = watch.ask("monitor_silent", deployed=DEPLOYED, **at)
    return row["firing"]


async def test_a_healthy_tenant_fires_nothing(watch):
    await watch.runs(3, "healthy")
    assert [name for name in ALERTS if watch.firing(name)] == []


async def test_every_check_answers_in_the_rule_of_its_severity(watch):
    """A check that recovers has to say so, or its alert would never resolve."""
    await watch.runs(1, "healthy")
    answered = {
        severity: {row["check"] for row in watch.ask("check_critical", rated=str(severity))}
        for severity in (1, 2)
    }
    assert answered[1] | answered[2] == checks.BY_ID.keys()
    assert all(checks.SEVERITIES[check] == 1 for check in answered[1])
    assert all(checks.SEVERITIES[check] == 2 for check in answered[2])


async def test_one_critical_check_fires_once_it_is_confirmed_and_by_its_own_name(watch):
    await watch.runs(2, "healthy")
    await watch.runs(1, "sync-conflicts")
    assert critical(watch, 2) == []
    await watch.runs(1)
    (row,) = watch.firing("check_critical", rated="2")
    assert row.keys() == {"tenant", "check", "firing", "code", "since"}
    assert (row["check"], row["code"]) == ("sync_conflicts", "many_conflicts")
    assert row["tenant"] == watch.world.environment["SSPR_TENANT_ID"]
    assert critical(watch, 1) == []


async def test_a_severe_check_fires_in_the_other_rule(watch):
    await watch.runs(1, "sync-stale")
    assert "directory_sync" in critical(watch, 1)
    assert "directory_sync" not in critical(watch, 2)


async def test_flapping_fires_nothing(watch):
    await watch.runs(2, "healthy")
    for name in ("sync-conflicts", "healthy") * 3:
        await watch.runs(1, name)
        assert critical(watch, 2) == []


async def test_a_recovered_check_resolves_once_its_recovery_is_confirmed(watch):
    await watch.runs(2, "sync-conflicts")
    await watch.runs(1, "healthy")
    assert critical(watch, 2) == ["sync_conflicts"]
    await watch.runs(1)
    rows = {row["check"]: row["firing"] for row in watch.ask("check_critical", rated="2")}
    assert rows["sync_conflicts"] == 0


async def test_a_warning_is_in_the_digest_and_fires_nothing_else(watch):
    await watch.runs(1, "administrators-blocked")
    assert [row["check"] for row in watch.firing("warning_digest")] == ["admin_sspr"]
    assert [name for name in ALERTS if watch.firing(name)] == ["warning_digest"]


async def test_a_silent_monitor_fires_half_an_hour_after_the_run_that_did_not_come(watch):
    await watch.runs(2, "healthy")  # each at three minutes past its slot
    assert silent(watch, after=timedelta(minutes=15 + 30 - 3)) == 0
    assert silent(watch, after=timedelta(minutes=15 + 30 - 3 + 1)) > 0
    assert silent(watch, after=timedelta(days=1)) > 0
    await watch.runs(1)
    assert silent(watch) == 0


async def test_a_monitor_that_is_silent_for_longer_than_a_rule_can_look_back_goes_on_firing(watch):
    await watch.runs(1, "healthy")
    assert silent(watch, after=timedelta(days=3)) > 0


async def test_while_the_monitor_is_silent_its_last_word_stands(watch):
    await watch.runs(1, "sync-conflicts")
    assert critical(watch, 2, after=timedelta(days=1)) == ["sync_conflicts"]


async def test_a_schedule_of_a_day_is_not_taken_for_silence(watch):
    watch.world.environment["SSPR_SCHEDULE"] = "0 0 12 * * *"
    await watch.runs(1, "healthy")
    assert silent(watch, after=timedelta(hours=23)) == 0
    assert silent(watch, after=timedelta(hours=25)) > 0


@pytest.mark.parametrize(
    ("minutes", "fires"), [(10, False), (59, False), (61, True)], ids=lambda value: str(value)
)
def test_a_new_deployment_has_an_hour_for_its_first_run(watch, minutes, fires):
    # The simulator's clock says 12:03.
    assert (silent(watch, after=timedelta(minutes=minutes - 3)) > 0) is fires


def test_a_new_deployment_fires_nothing_before_its_first_run(watch):
    assert [name for name in ALERTS if name != "monitor_silent" and watch.ask(name)] == []


async def test_a_new_deployment_has_two_hours_to_be_granted_its_permissions(watch):
    watch.world.environment["SSPR_GRAPH_TOKEN"] = watch.world.graph.token(["Organization.Read.All"])
    await watch.runs(8, "healthy")
    assert watch.firing("monitor_blind") == []
    await watch.runs(1)
    assert "AuditLog.Read.All" in {row["cause"] for row in watch.firing("monitor_blind")}


async def test_a_lost_permission_fires_once_however_many_checks_need_it(watch):
    await watch.runs(1, "healthy")
    granted = watch.world.environment["SSPR_GRAPH_TOKEN"]
    left = watch.world.graph.token(set(ALL_ROLES) - {"ServiceHealth.Read.All"})
    watch.world.environment["SSPR_GRAPH_TOKEN"] = left
    await watch.runs(8)
    assert watch.firing("monitor_blind") == []
    await watch.runs(1)
    (row,) = watch.firing("monitor_blind")
    assert (row["cause"], row["check"]) == ("ServiceHealth.Read.All", "service_health")
    watch.world.environment["SSPR_GRAPH_TOKEN"] = granted
    await watch.runs(2)
    assert [row["firing"] for row in watch.ask("monitor_blind")] == [0]


async def test_an_outage_fires_after_two_hours_by_its_reason(watch):
    await watch.runs(1, "healthy")
    await watch.runs(8, "outage")
    assert watch.firing("monitor_blind") == []
    await watch.runs(1)
    assert {row["cause"] for row in watch.firing("monitor_blind")} <= {"unreachable", "throttled"}
    assert watch.firing("monitor_blind")


async def test_one_run_that_could_not_read_fires_nothing(watch):
    await watch.runs(9, "healthy")
    await watch.runs(1, "outage")
    assert watch.firing("monitor_blind") == []


async def test_what_a_tenant_has_no_licence_for_is_not_blindness(watch):
    await watch.runs(10, "free-tier")
    assert "licence_missing" in {one["code"] for one in watch.ingestion.named("SsprCheck")}
    assert watch.firing("monitor_blind") == []


@pytest.mark.parametrize("name", ALERTS)
async def test_what_arrives_twice_changes_no_answer(watch, name):
    """The exporter sends again what it has not heard back of."""
    await watch.runs(3, "contoso")
    once = watch.ask(name)
    watch.ingestion.envelopes *= 2
    assert sorted(map(str, watch.ask(name))) == sorted(map(str, once))


async def test_two_tenants_in_one_component_are_told_apart(watch):
    await watch.runs(2, "sync-conflicts")
    ill = watch.world.environment["SSPR_TENANT_ID"]
    watch.world.environment["SSPR_TENANT_ID"] = well = str(uuid4())
    await watch.runs(1, "healthy")
    assert {row["tenant"] for row in watch.firing("check_critical", rated="2")} == {ill}
    assert {row["tenant"] for row in watch.ask("check_critical", rated="2")} == {ill, well}
