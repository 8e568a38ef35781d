"""The invented tenants: what each of them shows, at any size and at any time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator import SCENARIOS, Simulator, Tenant, scenario
from simulator.audit import SSPR, Log
from simulator.tenant import proportional

Call = Callable[..., Awaitable[Any]]

SYNCED = "onPremisesSyncEnabled eq true and accountEnabled eq true and userType eq 'Member'"
PREMIUM = (
    "(assignedPlans/any(p:p/servicePlanId eq 41781fb2-bc02-4b7c-bd55-b576c07bb09d"
    " and p/capabilityStatus eq 'Enabled')"
    " or assignedPlans/any(p:p/servicePlanId eq eec0eb4f-6444-4f95-aba0-50c24d67f998"
    " and p/capabilityStatus eq 'Enabled'))"
)
CONFLICT = "onPremisesProvisioningErrors/any(o:o/category eq 'PropertyConflict')"
AUDITS = "/v1.0/auditLogs/directoryAudits"


async def _count(call: Call, filter_: str, collection: str = "users") -> int:
    answer = await call(
        f"/v1.0/{collection}?$count=true&$top=1&$select=id&$filter={filter_}", eventual=True
    )
    return int(answer.body["@odata.count"])


async def _sync_age(graph: Simulator, call: Call) -> timedelta | None:
    [organization] = (await call("/v1.0/organization")).rows
    last = organization["onPremisesLastSyncDateTime"]
    return graph.now() - datetime.fromisoformat(last) if last else None


async def _day(graph: Simulator, call: Call) -> list[dict[str, Any]]:
    """The audit log of the last day, newest first."""
    since = f"{graph.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    rows: list[dict[str, Any]] = (await call(f"{AUDITS}?$filter=activityDateTime ge {since}")).rows
    return rows


def _results(rows: list[dict[str, Any]], activity: str) -> list[tuple[str, str]]:
    return [
        (row["result"], row["resultReason"])
        for row in rows
        if row["activityDisplayName"] == activity
    ]


def _agents(rows: list[dict[str, Any]]) -> set[str]:
    details = (detail for row in rows for detail in row.get("additionalDetails", []))
    return {detail["value"] for detail in details if detail["key"] == "OnPremisesAgent"}


def _capable(tenant: Tenant, *, admin: bool | None = None) -> float:
    scope = [
        cohort
        for cohort in tenant.cohorts
        if cohort.enabled
        and not cohort.guest
        and cohort.sspr_enabled
        and admin in (None, cohort.admin)
    ]
    capable = sum(cohort.size for cohort in scope if cohort.sspr_registered)
    return 100 * capable / sum(cohort.size for cohort in scope)


@pytest.mark.parametrize(
    ("name", "unlicensed", "conflicts", "hours"),
    [
        ("healthy", 0, 0, 0.2),
        ("contoso", 128, 14, 26),
        ("licence-expired", 1600, 0, 0.2),
        ("licence-short", 128, 0, 0.2),
        ("sync-stale", 0, 0, 26),
        ("sync-conflicts", 0, 14, 0.2),
        ("cloud-sync", 0, 0, 2 / 60),
    ],
)
async def test_licences_conflicts_and_sync_are_as_told(
    graph: Simulator, call: Call, name: str, unlicensed: int, conflicts: int, hours: float
) -> None:
    graph.tenant = scenario(name)
    assert await _count(call, SYNCED) == 1600
    assert await _count(call, f"{SYNCED} and not {PREMIUM}") == unlicensed
    assert await _count(call, CONFLICT) == conflicts
    assert await _count(call, CONFLICT, "groups") == (1 if name == "contoso" else 0)
    assert await _sync_age(graph, call) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("name", "capable", "administrators"),
    [("healthy", 97, 100), ("contoso", 62, 50), ("half-registered", 55, 100)],
)
def test_coverage_is_as_told(name: str, capable: int, administrators: int) -> None:
    tenant = scenario(name)
    assert _capable(tenant) == pytest.approx(capable, abs=0.1)
    assert _capable(tenant, admin=True) == administrators


@pytest.mark.parametrize(
    ("name", "allowed", "migration"),
    [
        ("healthy", True, "migrationComplete"),
        ("contoso", False, "migrationInProgress"),
        ("administrators-blocked", False, "migrationComplete"),
        ("policies-not-migrated", True, "preMigration"),
        ("cloud-only", True, None),
    ],
)
async def test_policies_are_as_told(
    graph: Simulator, call: Call, name: str, allowed: bool, migration: str | None
) -> None:
    graph.tenant = scenario(name)
    authorization = (await call("/v1.0/policies/authorizationPolicy")).body
    methods = (await call("/v1.0/policies/authenticationMethodsPolicy")).body
    assert authorization["allowedToUseSSPR"] is allowed
    assert methods["policyMigrationState"] == migration


@pytest.mark.parametrize(
    ("name", "agent"), [("healthy", "Microsoft Entra Connect"), ("cloud-sync", "CloudSync")]
)
async def test_where_writeback_works_fresh_traffic_proves_it(
    graph: Simulator, call: Call, name: str, agent: str
) -> None:
    graph.tenant = scenario(name)
    rows = await _day(graph, call)
    assert _agents(rows) == {agent}
    assert ("success", "Successfully completed reset.") in _results(
        rows, "Reset password (self-service)"
    )
    assert {result for result, _ in _results(rows, "Unlock user account (self-service)")} == {
        "success"
    }


@pytest.mark.parametrize("name", ["writeback-disabled", "contoso"])
async def test_where_writeback_is_off_the_newest_toggle_and_the_reasons_say_so(
    graph: Simulator, call: Call, name: str
) -> None:
    graph.tenant = scenario(name)
    toggles = await call(f"{AUDITS}?$filter=category eq 'DirectoryManagement'")
    assert [row["activityDisplayName"] for row in toggles.rows] == [
        "Disable password writeback for directory",
        "Enable password writeback for directory",
    ]
    newest = _results(await _day(graph, call), "Reset password (self-service)")[:5]
    assert {result for result, _ in newest} == {"failure"}
    for _, reason in newest:
        assert "password is managed on-premises" in reason
        assert "You can enable Password Writeback" in reason


async def test_when_the_connector_is_down_nothing_succeeds_since_five_hours(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("connector-down")
    resets = _results(await _day(graph, call), "Reset password (self-service)")
    failed = [reason for result, reason in resets[:2] if result == "failure"]
    assert failed == ["OnPremisesConnectivityError"] * 2
    assert ("success", "Successfully completed reset.") in resets[3:]
    assert await _sync_age(graph, call) == timedelta(minutes=12)


@pytest.mark.parametrize(
    ("name", "hours"), [("writeback-disabled", 9), ("connector-down", 5), ("contoso", 72)]
)
def test_whenever_it_starts_writeback_fails_often_and_never_succeeds_since(
    name: str, hours: int
) -> None:
    for minutes in range(0, 24 * 60, 23):
        start = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=minutes)
        since = start - timedelta(hours=hours)
        log = Log(scenario(name), start).between(since, start, newest_first=False)
        rows = [row for _, row in log if row["loggedByService"] == SSPR]
        resets = _results(rows, "Reset password (self-service)")
        assert len(resets) >= (hours - 1) // 2
        assert {result for result, _ in resets} == {"failure"}
        assert {r for r, _ in _results(rows, "Unlock user account (self-service)")} <= {"failure"}
        assert _agents(rows) <= {"None"}


@pytest.mark.parametrize("name", ["cloud-only", "sync-turned-off", "free-tier"])
async def test_without_synchronisation_nothing_is_written_back(
    graph: Simulator, call: Call, name: str
) -> None:
    graph.tenant = scenario(name)
    rows = await _day(graph, call)
    assert await _count(call, "onPremisesSyncEnabled eq true") == 0
    assert _agents(rows) == {"None"}
    assert _results(rows, "Unlock user account (self-service)") == []
    [sync] = (await call("/v1.0/directory/onPremisesSynchronization")).rows
    assert set(sync["features"].values()) == {False}


@pytest.mark.parametrize(
    ("name", "enabled", "password"),
    [
        ("healthy", True, True),
        ("cloud-sync", True, False),
        ("cloud-only", None, False),
        ("sync-turned-off", False, False),
        ("empty", None, False),
    ],
)
async def test_the_organisation_says_how_it_is_synchronised(
    graph: Simulator, call: Call, name: str, enabled: bool | None, password: bool
) -> None:
    graph.tenant = scenario(name)
    [organization] = (await call("/beta/organization")).rows
    assert organization["onPremisesSyncEnabled"] is enabled
    assert (organization["onPremisesLastPasswordSyncDateTime"] is not None) is password


@pytest.mark.parametrize("name", ["quiet", "empty"])
async def test_a_quiet_tenant_has_no_audit_events(graph: Simulator, call: Call, name: str) -> None:
    graph.tenant = scenario(name)
    assert (await call(AUDITS)).rows == []


@pytest.mark.parametrize(
    ("after", "age"), [(0, 12), (10, 22), (20, 2), (24 * 60, 12), (24 * 60 + 17, 29)]
)
async def test_synchronisation_goes_on_as_the_clock_moves(
    graph: Simulator, call: Call, after: int, age: int
) -> None:
    graph.advance(timedelta(minutes=after))
    assert await _sync_age(graph, call) == timedelta(minutes=age)


async def test_what_is_stale_stays_stale(graph: Simulator, call: Call) -> None:
    graph.tenant = scenario("sync-stale")
    graph.advance(timedelta(hours=4))
    assert await _sync_age(graph, call) == timedelta(hours=30)


async def test_seats_follow_from_who_holds_them(graph: Simulator, call: Call) -> None:
    async def premium(name: str) -> tuple[str, int, int]:
        graph.tenant = scenario(name)
        rows = (await call("/v1.0/subscribedSkus")).rows
        sku = next(row for row in rows if row["skuPartNumber"] == "AAD_PREMIUM")
        units = sku["prepaidUnits"]
        return sku["capabilityStatus"], units["enabled"] - sku["consumedUnits"], units["suspended"]

    assert await premium("healthy") == ("Enabled", 142, 0)
    assert await premium("licence-short") == ("Enabled", 0, 0)
    status, spare, suspended = await premium("licence-expired")
    assert (status, suspended) == ("Suspended", 1564)
    assert spare < 0


@pytest.mark.parametrize("users", [1, 7, 16, 17, 100, 2000, 12_345, 1_000_000])
@pytest.mark.parametrize("name", ["contoso", "healthy", "empty"])
def test_a_tenant_of_any_size_keeps_its_proportions(name: str, users: int) -> None:
    tenant, scaled = scenario(name), scenario(name, users=users)
    assert scaled.users == users
    kept = [cohort for cohort in scaled.cohorts if cohort.size]
    assert len(kept) == min(users, len(tenant.cohorts))
    if users >= 2000:
        for cohort, larger in zip(tenant.cohorts, scaled.cohorts, strict=True):
            assert abs(larger.size - cohort.size * users / tenant.users) < 1
            assert replace(larger, size=cohort.size) == cohort


@pytest.mark.parametrize(
    ("sizes", "total", "shares"),
    [
        ([1, 1, 1], 4, [2, 1, 1]),
        ([998, 1, 1], 100, [98, 1, 1]),
        ([0, 5], 3, [0, 3]),
        ([5, 5, 5], 2, [1, 1, 0]),
    ],
)
def test_shares_are_divided_by_largest_remainder_and_none_vanishes(
    sizes: list[int], total: int, shares: list[int]
) -> None:
    assert proportional(sizes, total) == shares


async def test_a_million_users_are_counted_and_paged_without_being_held(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("contoso", users=1_000_000)
    assert await _count(call, f"{SYNCED} and not {PREMIUM}") == 64_000
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999"
    page = (await call(f"{details}&$select=isSsprCapable,userType")).rows
    capable = sum(row["isSsprCapable"] for row in page) / len(page)
    assert 0.5 < capable < 0.6
    assert {row["userType"] for row in page} == {"member", "guest"}


async def test_the_seed_decides_who_people_are(graph: Simulator, call: Call) -> None:
    async def ids(seed: int) -> list[str]:
        graph.tenant = scenario("healthy", seed=seed)
        return [row["id"] for row in (await call("/v1.0/users?$select=id")).rows]

    assert await ids(1) == await ids(1)
    assert not set(await ids(1)) & set(await ids(2))


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no scenario 'helthy'; known: contoso, healthy"):
        scenario("helthy")


def test_the_documentation_lists_every_scenario() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    for name, description in SCENARIOS.items():
        assert f"| `{name}` | {description} |" in text
