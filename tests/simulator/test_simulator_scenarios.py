"""The invented tenants: what each of them shows, at any size and at any time."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


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


def _month(name: str, days: float = 30) -> list[dict[str, Any]]:
    """What a tenant logs in the days before a start, oldest first."""
    log = Log(scenario(name), START).between(
        START - timedelta(days=days), START, newest_first=False
    )
    return [row for _, row in log]


def _targets(rows: list[dict[str, Any]]) -> set[str]:
    return {target["id"] for row in rows for target in row["targetResources"]}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_month_of_password_resets_fits_into_three_pages(name: str) -> None:
    assert sum(row["loggedByService"] == SSPR for row in _month(name)) <= 2400


def test_healthy_traffic_has_its_share_of_users_who_give_up_or_choose_badly() -> None:
    rows = _month("healthy")
    reasons = Counter(row["resultReason"] for row in rows if row["result"] == "failure")
    assert reasons == {
        "User cancelled before passing the required authentication methods": 15,
        "PasswordDoesnotComplyFuzzyPolicy": 15,
        "FuzzyPolicyViolationInvalidPassword": 10,
        "HybridCallbackStateUnexpected": 3,
    }


def test_half_of_the_resets_fail_on_premises_where_attempts_fail() -> None:
    rows = _month("writeback-attempts-failing", days=1)
    results = Counter(_results(rows, "Reset password (self-service)"))
    assert results[("failure", "OnPremisesAdminActionRequired")] == 6
    assert sum(number for (result, _), number in results.items() if result == "success") >= 5
    changes = _results(rows, "Change password (self-service)")
    assert ("success", "OnPremisesSuccessCloudFailure") in changes


def test_fewer_than_half_of_the_attempts_succeed_where_users_give_up_or_may_not() -> None:
    rows = _month("low-success", days=7)
    flows = {row["correlationId"] for row in rows if row["resultReason"].startswith("User sub")}
    succeeded = _results(rows, "Reset password (self-service)").count(
        ("success", "Successfully completed reset.")
    )
    assert 0.3 < succeeded / len(flows) < 0.5
    reasons = {row["resultReason"].split(".")[0] for row in rows if row["result"] == "failure"}
    assert reasons >= {
        "User's account has insufficient authentication methods defined",
        "Password reset is not enabled for this user",
        "User cancelled before passing the required authentication methods",
    }


async def test_who_is_refused_for_want_of_methods_has_none_registered(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("low-success")
    refused = [r for r in _month("low-success", 7) if "insufficient" in r["resultReason"]]
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
    query = "$filter=isSsprEnabled eq true and isSsprRegistered eq false&$top=999&$select=id"
    unregistered = {row["id"] for row in (await call(f"{details}?{query}")).rows}
    assert refused
    assert _targets(refused) <= unregistered


@pytest.mark.parametrize("name", ["licence-short", "contoso"])
async def test_who_is_refused_for_want_of_a_licence_has_none(
    graph: Simulator, call: Call, name: str
) -> None:
    graph.tenant = scenario(name)
    refused = [row for row in _month(name) if "not have a license" in row["resultReason"]]
    ids = ",".join(f"'{identifier}'" for identifier in _targets(refused))
    query = f"$filter=id in ({ids})&$select=assignedPlans"
    users = (await call(f"/v1.0/users?{query}")).rows
    assert len(refused) >= len(users) > 0
    assert {plan["service"] for user in users for plan in user["assignedPlans"]} == {"exchange"}


@pytest.mark.parametrize(
    ("name", "past_writeback"), [("healthy", 0), ("resets-bypass-writeback", 7), ("contoso", 9)]
)
async def test_resets_past_writeback_have_no_partner_in_the_other_log(
    graph: Simulator, call: Call, name: str, past_writeback: int
) -> None:
    graph.tenant = scenario(name)
    rows = _month(name, days=7)
    by_admin = {
        row["correlationId"]
        for row in rows
        if row["activityDisplayName"] == "Reset password (by admin)"
    }
    alone = [
        row
        for row in rows
        if row["activityDisplayName"] == "Reset user password"
        and row["initiatedBy"]["user"]
        and row["correlationId"] not in by_admin
    ]
    ids = ",".join(f"'{identifier}'" for identifier in _targets(alone))
    query = f"$filter=id in ({ids}) and onPremisesSyncEnabled eq true&$select=id"
    synced = {row["id"] for row in (await call(f"/v1.0/users?{query}")).rows}
    assert sum(bool(_targets([row]) & synced) for row in alone) == past_writeback
    # Resets of cloud accounts are there too, and mean nothing.
    assert len(alone) > past_writeback
    assert by_admin


def test_six_users_are_blocked_within_a_day_and_no_three_within_an_hour() -> None:
    rows = _month("users-blocked", days=1)
    blocked = [
        datetime.fromisoformat(row["activityDateTime"])
        for row in rows
        if row["activityDisplayName"] == "Blocked from self-service password reset"
    ]
    assert len(blocked) == 6
    assert all(b - a > timedelta(hours=1) for a, b in pairwise(blocked))


def test_a_change_of_settings_is_logged_by_the_service_that_keeps_them() -> None:
    changes = {
        row["activityDisplayName"]: row["loggedByService"]
        for row in (*_month("settings-changed"), *_month("contoso"))
        if row["targetResources"] and row["targetResources"][0]["type"] == "Policy"
    }
    assert changes == {
        "Self-service password reset policy changes": SSPR,
        "Update authorization policy": "Core Directory",
        "Authentication Methods Policy Update": "Authentication Methods",
    }


async def test_the_methods_policy_is_as_old_as_its_last_change_in_the_log(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("contoso")
    policy = (await call("/v1.0/policies/authenticationMethodsPolicy")).body
    changed = datetime.fromisoformat(policy["lastModifiedDateTime"])
    assert changed.date() == (graph.now() - timedelta(days=24)).date()


def test_where_sspr_is_off_nobody_gets_through_since() -> None:
    rows = _month("sspr-off", days=1)
    assert _results(rows, "Reset password (self-service)") == []
    assert _results(rows, "Unlock user account (self-service)") == []
    refused = {row["resultReason"] for row in rows if row["result"] == "failure"}
    assert any(reason.startswith("Password reset has been disabled") for reason in refused)
    assert _agents(rows) == {"Microsoft Entra Connect"}


@pytest.mark.parametrize(
    ("name", "share"), [("healthy", 1), ("scope-dropped", 0.6), ("sspr-off", 0)]
)
def test_the_scope_of_sspr_is_as_told(name: str, share: float) -> None:
    def in_scope(tenant: Tenant) -> int:
        return sum(c.size for c in tenant.cohorts if c.enabled and c.sspr_enabled)

    assert in_scope(scenario(name)) / in_scope(scenario("healthy")) == pytest.approx(
        share, abs=0.01
    )


@pytest.mark.parametrize(("name", "share"), [("healthy", 0), ("phone-only", 0.3)])
def test_who_has_nothing_but_phones_is_as_told(name: str, share: float) -> None:
    registered = [c for c in scenario(name).cohorts if c.sspr_registered]
    phones = [c for c in registered if set(c.methods) <= {"mobilePhone", "officePhone"}]
    everybody = sum(c.size for c in registered)
    assert sum(c.size for c in phones) / everybody == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(
    ("name", "allowed", "enabled"),
    [
        ("healthy", True, True),
        ("administrators-blocked", False, False),
        ("administrators-in-dead-end", False, True),
    ],
)
async def test_administrators_may_reset_as_told(
    graph: Simulator, call: Call, name: str, allowed: bool, enabled: bool
) -> None:
    graph.tenant = scenario(name)
    policy = (await call("/v1.0/policies/authorizationPolicy")).body
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999"
    first = await call(details)
    rows = first.rows + (await call(first.body["@odata.nextLink"])).rows
    assert policy["allowedToUseSSPR"] is allowed
    assert {row["isSsprEnabled"] for row in rows if row["isAdmin"]} == {enabled}


@pytest.mark.parametrize(
    ("name", "age", "synced"),
    [
        ("healthy", 0, True),
        ("password-sync-stale", 5, True),
        ("phs-off", None, False),
    ],
)
async def test_password_hashes_are_as_old_as_told(
    graph: Simulator, call: Call, name: str, age: int | None, synced: bool
) -> None:
    graph.tenant = scenario(name)
    [organization] = (await call("/beta/organization")).rows
    last = organization["onPremisesLastPasswordSyncDateTime"]
    found = (graph.now() - datetime.fromisoformat(last)) // timedelta(hours=1) if last else None
    assert found == age
    [sync] = (await call("/v1.0/directory/onPremisesSynchronization")).rows
    assert sync["features"]["passwordSyncEnabled"] is synced
