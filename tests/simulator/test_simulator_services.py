"""Service principals, applications, jobs, roles, service health, scores and the public pages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from simulator import SCENARIOS, Simulator, scenario
from simulator.applications import CLOUD_SYNC, CONNECT_SERVICE, RESET_SERVICE
from simulator.jobs import ZERO
from simulator.roles import GLOBAL_ADMINISTRATOR, SECURITY_READER, USER_ADMINISTRATOR
from simulator.tenant import Pages

Call = Callable[..., Awaitable[Any]]

APPLICATIONS = "/v1.0/applications"
PRINCIPALS = "/v1.0/servicePrincipals"
ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"
DEFINITIONS = "/v1.0/roleManagement/directory/roleDefinitions"
OVERVIEWS = "/v1.0/admin/serviceAnnouncement/healthOverviews"
ISSUES = "/v1.0/admin/serviceAnnouncement/issues"
SCORES = "/v1.0/security/secureScores"
CLOUD_SYNC_PRINCIPAL = f"applicationTemplateId eq '{CLOUD_SYNC}' or appId eq '{CLOUD_SYNC}'"


async def _principal(call: Call, filter_: str) -> str:
    [row] = (await call(f"{PRINCIPALS}?$filter={filter_}&$select=id")).rows
    return str(row["id"])


async def _certificates(call: Call) -> list[datetime]:
    """When each certificate of Connect ends."""
    query = "$filter=startswith(displayName,'ConnectSync')&$select=keyCredentials"
    rows = (await call(f"{APPLICATIONS}?{query}")).rows
    ends = [key["endDateTime"] for row in rows for key in row["keyCredentials"]]
    return [datetime.fromisoformat(end) for end in ends]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        (PRINCIPALS, "Application.Read.All"),
        (APPLICATIONS, "Application.Read.All"),
        (ASSIGNMENTS, "RoleManagement.Read.Directory"),
        (DEFINITIONS, "RoleManagement.Read.Directory"),
        (OVERVIEWS, "ServiceHealth.Read.All"),
        (ISSUES, "ServiceHealth.Read.All"),
        (SCORES, "SecurityEvents.Read.All"),
    ],
)
async def test_each_opens_with_its_least_role_and_is_shut_without(
    call: Call, path: str, role: str
) -> None:
    assert (await call(path, roles=[role])).status == 200
    assert (
        await call(path, roles=["AuditLog.Read.All"])
    ).error == "403 Authorization_RequestDenied"


@pytest.mark.parametrize(
    ("below", "role"),
    [
        ("appRoleAssignedTo", "Application.Read.All"),
        ("synchronization/jobs", "Synchronization.Read.All"),
    ],
)
async def test_what_lies_below_a_service_principal_has_a_role_of_its_own(
    call: Call, below: str, role: str
) -> None:
    principal = await _principal(call, f"appId eq '{CONNECT_SERVICE}'")
    path = f"{PRINCIPALS}/{principal}/{below}"
    assert (await call(path, roles=[role])).status == 200
    assert (await call(path, roles=["User.Read.All"])).error == "403 Authorization_RequestDenied"
    stranger = f"{PRINCIPALS}/00000000-0000-0000-0000-000000000001/{below}"
    assert (await call(stranger)).error == "404 Request_ResourceNotFound"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{PRINCIPALS}?$filter=shoeSize eq 4", "400 BadRequest"),
        (f"{PRINCIPALS}?$filter=appId ne 'x'", "400 Request_UnsupportedQuery"),
        (f"{PRINCIPALS}?$filter=homepage eq 'x'", "400 Request_UnsupportedQuery"),
        (f"{PRINCIPALS}?$select=shoeSize", "400 BadRequest"),
        (f"{PRINCIPALS}?$top=1000", "400 Request_UnsupportedQuery"),
        (f"{PRINCIPALS}?$orderby=displayName", "501 notImplemented"),
        (f"{PRINCIPALS}/x/nope", "400 BadRequest"),
        (f"{APPLICATIONS}?$filter=keyCredentials eq null", "400 Request_UnsupportedQuery"),
        (f"{ASSIGNMENTS}?$filter=directoryScopeId eq '/'", "400 Request_UnsupportedQuery"),
        (f"{ASSIGNMENTS}?$expand=roleDefinition", "501 notImplemented"),
        (f"{DEFINITIONS}?$select=rolePermission", "400 BadRequest"),
        (f"{OVERVIEWS}?$expand=posts", "400 BadRequest"),
        (f"{ISSUES}?$filter=title eq 'x'", "400 Request_UnsupportedQuery"),
        (f"{ISSUES}?$skip=many", "400 BadRequest"),
        (f"{SCORES}?nonsense=1", "400 BadRequest"),
    ],
)
async def test_what_they_do_not_know_is_refused(call: Call, path: str, error: str) -> None:
    assert (await call(path)).error == error


@pytest.mark.parametrize("collection", [PRINCIPALS, APPLICATIONS, ASSIGNMENTS, SCORES])
async def test_pages_of_documents_miss_and_repeat_nothing(call: Call, collection: str) -> None:
    whole = [row["id"] for row in (await call(collection)).rows]
    paged: list[str] = []
    link = f"{collection}?$top=1&$select=id"
    while link:
        page = await call(link)
        paged += [row["id"] for row in page.rows]
        link = page.body.get("@odata.nextLink", "")
    assert paged == whole
    assert len(whole) == len(set(whole)) >= 2


async def test_selecting_everything_brings_the_rows_as_they_are_without_select(call: Call) -> None:
    for collection in (PRINCIPALS, APPLICATIONS, ASSIGNMENTS, SCORES, ISSUES):
        rows = (await call(f"{collection}?$top=5")).rows
        selected = await call(f"{collection}?$top=5&$select={','.join(rows[0])}")
        assert selected.rows == rows


async def test_connect_is_found_by_the_role_it_holds(graph: Simulator, call: Call) -> None:
    query = f"$filter=appId eq '{CONNECT_SERVICE}'&$select=id,appRoles"
    [service] = (await call(f"{PRINCIPALS}?{query}")).rows
    [role] = [r for r in service["appRoles"] if r["value"] == "ADSynchronization.ReadWrite.All"]
    [grant] = (await call(f"{PRINCIPALS}/{service['id']}/appRoleAssignedTo")).rows
    assert (grant["appRoleId"], grant["resourceId"]) == (role["id"], service["id"])
    assert grant["principalType"] == "ServicePrincipal"
    query = f"$filter=id in ('{grant['principalId']}')&$select=appId,displayName"
    [holder] = (await call(f"{PRINCIPALS}?{query}")).rows
    assert holder["displayName"] == grant["principalDisplayName"]
    assert holder["displayName"].startswith("ConnectSyncProvisioning_")
    query = f"$filter=appId eq '{holder['appId']}'&$select=appId,keyCredentials,passwordCredentials"
    [application] = (await call(f"{APPLICATIONS}?{query}")).rows
    [key] = application["keyCredentials"]
    assert key.keys() == {
        "customKeyIdentifier",
        "displayName",
        "endDateTime",
        "key",
        "keyId",
        "startDateTime",
        "type",
        "usage",
    }
    assert key["key"] is None
    begin, end = (datetime.fromisoformat(key[f"{which}DateTime"]) for which in ("start", "end"))
    assert end - begin == timedelta(days=90)
    assert end - graph.now() == timedelta(days=60)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("healthy", [timedelta(days=60)]),
        ("certificate-expiring", [timedelta(days=5)]),
        ("certificate-expired", [-timedelta(hours=2)]),
        ("service-account", []),
        ("cloud-sync", []),
        ("cloud-only", []),
    ],
)
async def test_the_certificate_is_as_told(
    graph: Simulator, call: Call, name: str, left: list[timedelta]
) -> None:
    graph.tenant = scenario(name)
    assert [end - graph.now() for end in await _certificates(call)] == left


async def test_a_certificate_is_renewed_before_it_ends_unless_renewing_broke(
    graph: Simulator, call: Call
) -> None:
    graph.advance(timedelta(days=40))
    ends = await _certificates(call)
    assert sorted(end - graph.now() for end in ends) == [timedelta(days=20), timedelta(days=83)]
    graph.tenant = scenario("certificate-expiring")
    graph.advance(timedelta(days=40))
    assert [end - graph.now() for end in await _certificates(call)] == [-timedelta(days=35)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("healthy", [True]),
        ("cloud-only", [True]),
        ("reset-principal-disabled", [False]),
        ("reset-principal-missing", []),
    ],
)
async def test_the_reset_services_principal_is_as_told(
    graph: Simulator, call: Call, name: str, found: list[bool]
) -> None:
    graph.tenant = scenario(name)
    rows = (await call(f"{PRINCIPALS}?$filter=appId eq '{RESET_SERVICE}'")).rows
    assert [row["accountEnabled"] for row in rows] == found


@pytest.mark.parametrize(
    ("name", "template", "codes"),
    [
        ("cloud-sync", CLOUD_SYNC, ["Active", "Active"]),
        ("cloud-sync-quarantine", None, ["Active", "Quarantine"]),
    ],
)
async def test_the_jobs_of_cloud_sync_are_as_told(
    graph: Simulator, call: Call, name: str, template: str | None, codes: list[str]
) -> None:
    graph.tenant = scenario(name)
    [principal] = (await call(f"{PRINCIPALS}?$filter={CLOUD_SYNC_PRINCIPAL}")).rows
    assert (principal["appId"], principal["applicationTemplateId"]) == (CLOUD_SYNC, template)
    jobs = (await call(f"{PRINCIPALS}/{principal['id']}/synchronization/jobs")).rows
    assert [job["templateId"] for job in jobs] == ["AD2AADProvisioning", "AD2AADPasswordHash"]
    assert [job["status"]["code"] for job in jobs] == codes
    assert jobs[0]["status"]["lastSuccessfulExecution"]["timeBegan"] == ZERO
    [organization] = (await call("/v1.0/organization")).rows
    ended = datetime.fromisoformat(jobs[0]["status"]["lastExecution"]["timeEnded"])
    synced = datetime.fromisoformat(organization["onPremisesLastSyncDateTime"])
    assert abs(ended - synced) < timedelta(seconds=1)


async def test_a_quarantine_tells_why_and_since_when(graph: Simulator, call: Call) -> None:
    graph.tenant = scenario("cloud-sync-quarantine")
    principal = await _principal(call, CLOUD_SYNC_PRINCIPAL)
    job = (await call(f"{PRINCIPALS}/{principal}/synchronization/jobs")).rows[1]
    quarantine = job["status"]["quarantine"]
    since = datetime.fromisoformat(quarantine["seriesBegan"])
    assert timedelta(hours=6, minutes=59) < graph.now() - since <= timedelta(hours=7)
    assert quarantine["reason"] == "EncounteredQuarantineException"
    assert job["status"]["lastExecution"]["error"]["tenantActionable"] is True
    assert job["status"]["countSuccessiveCompleteFailures"] > 3


async def test_other_service_principals_have_no_jobs(call: Call) -> None:
    principal = await _principal(call, f"appId eq '{RESET_SERVICE}'")
    assert (await call(f"{PRINCIPALS}/{principal}/synchronization/jobs")).rows == []


async def test_role_holders_are_the_administrators_a_group_and_an_application(call: Call) -> None:
    rows = (await call(f"{ASSIGNMENTS}?$expand=principal")).rows
    kinds = {row["principal"]["@odata.type"].rpartition(".")[2] for row in rows}
    assert kinds == {"user", "group", "servicePrincipal"}
    users = {row["principalId"] for row in rows if row["principal"]["@odata.type"].endswith("user")}
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999"
    first = await call(details)
    report = first.rows + (await call(first.body["@odata.nextLink"])).rows
    assert users == {row["id"] for row in report if row["isAdmin"]}
    for row in rows:
        assert row["principal"]["id"] == row["principalId"]
    roles = {row["roleDefinitionId"] for row in rows}
    assert {GLOBAL_ADMINISTRATOR, SECURITY_READER} <= roles
    known = {row["id"] for row in (await call(DEFINITIONS)).rows}
    assert roles <= known


async def test_assignments_can_be_filtered_by_role_and_by_principal(call: Call) -> None:
    query = (
        f"$filter=roleDefinitionId eq '{USER_ADMINISTRATOR}'&$select=principalId,roleDefinitionId"
    )
    found = (await call(f"{ASSIGNMENTS}?{query}")).rows
    assert {row["roleDefinitionId"] for row in found} == {USER_ADMINISTRATOR}
    everything = (await call(ASSIGNMENTS)).rows
    holder = everything[-1]["principalId"]
    held = (await call(f"{ASSIGNMENTS}?$filter=principalId eq '{holder}'")).rows
    assert held == [row for row in everything if row["principalId"] == holder]


async def test_definitions_are_built_in_but_one(call: Call) -> None:
    query = "$select=id,templateId,displayName,isBuiltIn"
    rows = (await call(f"{DEFINITIONS}?{query}")).rows
    assert [row["isBuiltIn"] for row in rows].count(False) == 1
    assert all(row["templateId"] == row["id"] for row in rows if row["isBuiltIn"])
    own = (await call(f"{DEFINITIONS}?$filter=isBuiltIn eq false")).rows
    assert own[0].keys() == {
        "id",
        "description",
        "displayName",
        "isBuiltIn",
        "isEnabled",
        "resourceScopes",
        "templateId",
        "version",
        "inheritsPermissionsFrom@odata.context",
        "inheritsPermissionsFrom",
    }


@pytest.mark.parametrize(
    ("name", "synced", "of_them_global"),
    [("healthy", 0, 0), ("synced-administrators", 5, 2), ("contoso", 4, 2)],
)
async def test_synced_administrators_are_as_told(
    graph: Simulator, call: Call, name: str, synced: int, of_them_global: int
) -> None:
    graph.tenant = scenario(name)
    rows = (await call(ASSIGNMENTS)).rows

    async def count(ids: list[str]) -> int:
        quoted = ",".join(f"'{identifier}'" for identifier in ids)
        query = f"$filter=id in ({quoted}) and onPremisesSyncEnabled eq true&$select=id"
        return len((await call(f"/v1.0/users?{query}")).rows)

    assert await count(sorted({row["principalId"] for row in rows})) == synced
    top = {row["principalId"] for row in rows if row["roleDefinitionId"] == GLOBAL_ADMINISTRATOR}
    assert await count(sorted(top)) == of_them_global


async def test_a_million_users_have_administrators_that_are_found_by_id(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("synced-administrators", users=1_000_000)
    rows = (await call(f"{ASSIGNMENTS}?$top=999")).rows
    ids = ",".join(f"'{identifier}'" for identifier in {row["principalId"] for row in rows[-15:]})
    users = (await call(f"/v1.0/users?$filter=id in ({ids})&$select=id")).rows
    assert len(users) == 15


async def test_a_filter_on_ids_finds_these_and_no_others(call: Call) -> None:
    everybody = (await call("/v1.0/users?$top=999&$select=id,onPremisesSyncEnabled")).rows
    wanted = everybody[::70]
    ids = ",".join(f"'{row['id'].upper()}'" for row in wanted)
    select = "$select=id,onPremisesSyncEnabled"
    found = (await call(f"/v1.0/users?$filter=id in ({ids})&{select}")).rows
    assert found == wanted
    query = f"$filter=id in ({ids}) and onPremisesSyncEnabled eq true&{select}"
    synced = {row["id"] for row in (await call(f"/v1.0/users?{query}")).rows}
    assert synced == {row["id"] for row in wanted if row["onPremisesSyncEnabled"]}
    assert 0 < len(synced) < len(wanted) == 15
    first = await call(f"/v1.0/users?$filter=id in ({ids})&{select}&$top=9")
    rest = await call(first.body["@odata.nextLink"])
    assert first.rows + rest.rows == wanted
    unknown = "$filter=id in ('00000000-0000-4000-8000-000000000000','nobody')"
    assert (await call(f"/v1.0/users?{unknown}")).rows == []


async def test_more_than_15_values_in_one_condition_are_refused(call: Call) -> None:
    def ids(number: int) -> str:
        return ",".join(f"'{index}'" for index in range(number))

    assert (await call(f"/v1.0/users?$filter=id in ({ids(15)})")).status == 200
    refused = await call(f"/v1.0/users?$filter=id in ({ids(16)})")
    assert refused.error == "400 Request_UnsupportedQuery"


@pytest.mark.parametrize(
    ("name", "with_contact"), [("healthy", 0), ("directory-contact-only", 200), ("contoso", 150)]
)
async def test_contact_data_of_the_unregistered_is_as_told(
    graph: Simulator, call: Call, name: str, with_contact: int
) -> None:
    graph.tenant = scenario(name)
    report = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999&$select=id"
    link = f"{report}&$filter=isSsprEnabled eq true and isSsprRegistered eq false"
    unregistered = {row["id"] for row in (await call(link)).rows}
    link = "/v1.0/users?$top=999&$select=id,mobilePhone,businessPhones,otherMails"
    found = 0
    while link:
        page = await call(link)
        contact = [row for row in page.rows if row["mobilePhone"]]
        assert all(row["businessPhones"] and row["otherMails"] for row in contact)
        found += sum(row["id"] in unregistered for row in contact)
        link = page.body.get("@odata.nextLink", "")
    assert found == with_contact


@pytest.mark.parametrize(
    ("name", "status", "open_incidents"),
    [
        ("healthy", "serviceOperational", []),
        ("service-degraded", "ServiceDegradation", ["Incident"]),
    ],
)
async def test_microsoft_entra_is_as_healthy_as_told(
    graph: Simulator, call: Call, name: str, status: str, open_incidents: list[str]
) -> None:
    graph.tenant = scenario(name)
    rows = (await call(OVERVIEWS)).rows
    entra = next(row for row in rows if row["id"] == "OrgLiveID")
    assert entra == {"service": "Microsoft Entra", "status": status, "id": "OrgLiveID"}
    assert len(rows) == 8
    query = "$filter=endDateTime eq null and service eq 'Microsoft Entra'"
    issues = (await call(f"{ISSUES}?{query}&$select=classification")).rows
    assert [issue["classification"] for issue in issues] == open_incidents


async def test_overviews_expand_to_all_that_the_list_of_issues_has(call: Call) -> None:
    answer = await call(f"{OVERVIEWS}?$expand=issues")
    assert answer.body["@odata.context"].endswith("healthOverviews(issues())")
    expanded = [issue for row in answer.rows for issue in row["issues"]]
    listed = await call(ISSUES, headers={"Prefer": "odata.maxpagesize=1000"})
    assert listed.rows == expanded
    assert "@odata.nextLink" not in listed.body
    assert len({issue["id"] for issue in expanded}) == len(expanded)


async def test_issues_come_by_the_hundred_and_skip_to_the_next(call: Call) -> None:
    first = await call(f"{ISSUES}?$filter=isResolved eq true&$select=id")
    assert first.body["@odata.nextLink"].endswith("$skip=100")
    second = await call(first.body["@odata.nextLink"])
    assert (len(first.rows), "@odata.nextLink" in second.body) == (100, False)
    assert not {row["id"] for row in first.rows} & {row["id"] for row in second.rows}
    still_open = (await call(f"{ISSUES}?$filter=endDateTime eq null")).rows
    assert [row["isResolved"] for row in still_open] == [False]


@pytest.mark.parametrize("name", ["healthy", "scope-dropped", "sspr-off"])
async def test_the_secure_score_counts_who_is_enabled(
    graph: Simulator, call: Call, name: str
) -> None:
    tenant = graph.tenant = scenario(name)
    [score] = (await call(f"{SCORES}?$top=1")).rows
    [control] = [c for c in score["controlScores"] if c["controlName"].startswith("SelfService")]
    members = [c for c in tenant.cohorts if c.enabled and not c.guest]
    assert control["total"] == str(sum(c.size for c in members))
    assert control["count"] == str(sum(c.size for c in members if c.sspr_enabled))
    created, synced = (
        datetime.fromisoformat(text).date()
        for text in (score["createdDateTime"], control["lastSynced"])
    )
    assert created - synced == timedelta(days=2)


async def test_the_secure_score_of_a_tenant_without_premium_counts_nobody(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("free-tier")
    [score] = (await call(f"{SCORES}?$top=1")).rows
    [control] = [c for c in score["controlScores"] if c["controlName"].startswith("SelfService")]
    assert [control[k] for k in ("count", "total", "scoreInPercentage")] == ["0", "0", 100.0]


@pytest.mark.parametrize("page", ["passwordreset", "login"])
async def test_public_pages_need_no_token(
    graph: Simulator, session: aiohttp.ClientSession, page: str
) -> None:
    async def status() -> int:
        async with session.get(f"{graph.endpoint}/_public/{page}") as response:
            assert response.content_type == "text/html"
            return response.status

    assert await status() == 200
    graph.tenant = scenario("outage")
    assert await status() == 200
    graph.tenant = scenario("endpoints-down")
    assert await status() == 503
    graph.tenant = replace(graph.tenant, pages=Pages.DROP)
    with pytest.raises(aiohttp.ClientError):
        await status()


async def test_there_are_no_other_public_pages(call: Call) -> None:
    assert (await call("/_public/elsewhere")).status == 404


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "outage"])
async def test_no_scenario_breaks_a_service(graph: Simulator, call: Call, name: str) -> None:
    graph.tenant = scenario(name, users=40)
    paths = (PRINCIPALS, APPLICATIONS, ASSIGNMENTS, DEFINITIONS, OVERVIEWS, ISSUES, SCORES)
    assert {(await call(path)).status for path in paths} == {200}
