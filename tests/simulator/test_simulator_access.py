"""Who may ask, what exists, and how a refusal looks."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulator import ALL_ROLES, SCENARIOS, Simulator, scenario

Call = Callable[..., Awaitable[Any]]

DIRECTORY = "403 Authorization_RequestDenied"
REPORTS = "403 Authentication_MSGraphPermissionMissing"


async def test_only_the_last_requests_are_remembered(
    graph: Simulator, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.server._REMEMBERED", 2)
    for path in ("/v1.0/domains", "/v1.0/users", "/v1.0/groups"):
        await call(path)
    assert [request.path for request in graph.requests] == ["/v1.0/users", "/v1.0/groups"]


@pytest.mark.parametrize("token", ["", "abc", "a.b.c"], ids=["empty", "not a JWT", "not issued"])
async def test_a_token_the_simulator_did_not_issue_is_refused(call: Call, token: str) -> None:
    assert (await call("/v1.0/organization", token=token)).error == "401 InvalidAuthenticationToken"


async def test_a_token_of_another_simulator_or_past_its_time_is_refused(
    graph: Simulator, call: Call
) -> None:
    async with Simulator(scenario("healthy")) as other:
        stranger = other.token()
    assert (await call("/v1.0/domains", token=stranger)).status == 401
    brief = graph.token(lifetime=timedelta(hours=1))
    assert (await call("/v1.0/domains", token=brief)).status == 200
    graph.advance(timedelta(hours=1))
    assert (await call("/v1.0/domains", token=brief)).status == 401


@pytest.mark.parametrize(
    ("path", "role", "refusal"),
    [
        ("organization", "Organization.Read.All", DIRECTORY),
        ("subscribedSkus", "LicenseAssignment.Read.All", DIRECTORY),
        ("users", "User.Read.All", DIRECTORY),
        ("groups", "GroupMember.Read.All", DIRECTORY),
        ("contacts", "OrgContact.Read.All", DIRECTORY),
        ("domains", "Domain.Read.All", DIRECTORY),
        (
            "directory/onPremisesSynchronization",
            "OnPremDirectorySynchronization.Read.All",
            DIRECTORY,
        ),
        ("policies/authenticationMethodsPolicy", "Policy.Read.AuthenticationMethod", DIRECTORY),
        ("policies/authorizationPolicy", "Policy.Read.All", DIRECTORY),
        (
            "reports/authenticationMethods/userRegistrationDetails",
            "AuditLog.Read.All",
            REPORTS,
        ),
        ("auditLogs/directoryAudits", "AuditLog.Read.All", REPORTS),
    ],
)
async def test_each_endpoint_opens_with_its_least_role_and_is_shut_without(
    call: Call, path: str, role: str, refusal: str
) -> None:
    assert (await call(f"/v1.0/{path}", roles=[role])).status == 200
    others = {"User.ReadBasic.All", "Reports.Read.All", "ServiceHealth.Read.All"}
    assert (await call(f"/v1.0/{path}", roles=others)).error == refusal


@pytest.mark.parametrize("name", ["usersRegisteredByFeature", "usersRegisteredByMethod"])
async def test_the_delegated_aggregates_are_shut_to_every_app(call: Call, name: str) -> None:
    call_ = f"{name}(includedUserTypes='all',includedUserRoles='all')"
    answer = await call(f"/v1.0/reports/authenticationMethods/{call_}", roles=ALL_ROLES)
    assert answer.error == REPORTS


async def test_without_premium_the_registration_report_is_a_licence_error(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("free-tier")
    answer = await call("/v1.0/reports/authenticationMethods/userRegistrationDetails")
    assert answer.error == "403 Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    assert (await call("/v1.0/auditLogs/directoryAudits")).status == 200


@pytest.mark.parametrize(
    ("path", "stranger"),
    [
        ("/v1.0/nope", "nope"),
        ("/v1.0/nope/deeper", "nope"),
        ("/v1.0/reports/authenticationMethods/nope", "nope"),
        ("/v1.0/users/someone/manager", "someone"),
        ("/beta/nope", "nope"),
    ],
)
async def test_an_unknown_path_is_a_bad_request_that_names_the_segment(
    call: Call, path: str, stranger: str
) -> None:
    answer = await call(path)
    assert answer.error == "400 BadRequest"
    message = answer.body["error"]["message"]
    assert message == f"Resource not found for the segment '{stranger}'."


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("POST", "/v1.0/users", "405 Request_BadRequest"),
        ("GET", "/v1.0/$batch", "405 Request_BadRequest"),
        ("GET", "/v2.0/users", "400 BadRequest"),
        ("GET", "/v1.0/organization?$filter=id eq 'x'", "400 BadRequest"),
        ("GET", "/v1.0/policies/authorizationPolicy?$select=id", "400 BadRequest"),
        ("GET", "/beta/users", "501 notImplemented"),
    ],
)
async def test_what_does_not_exist_or_is_not_modelled_is_refused(
    call: Call, method: str, path: str, error: str
) -> None:
    assert (await call(path, method=method)).error == error


async def test_letter_case_of_a_path_does_not_matter(call: Call) -> None:
    assert (await call("/v1.0/auditlogs/directoryaudits?$top=1")).status == 200


async def test_every_answer_carries_its_ids_and_the_simulators_date(
    graph: Simulator, call: Call
) -> None:
    graph.advance(timedelta(days=2))
    mine = {"client-request-id": "b1d1a2a0-0000-4000-8000-000000000001"}
    fine = await call("/v1.0/organization", headers=mine)
    refused = await call("/v1.0/nope", headers=mine)
    for answer in (fine, refused):
        assert answer.headers["client-request-id"] == mine["client-request-id"]
        assert answer.headers["request-id"]
        assert parsedate_to_datetime(answer.headers["Date"]) == graph.now()
    inner = refused.body["error"]["innerError"]
    assert inner == {
        "date": "2026-11-23T09:00:00",
        "request-id": refused.headers["request-id"],
        "client-request-id": mine["client-request-id"],
    }


async def test_in_an_outage_everything_is_503(graph: Simulator, call: Call) -> None:
    graph.tenant = scenario("outage")
    for path in ("/v1.0/organization", "/v1.0/auditLogs/directoryAudits", "/beta/organization"):
        assert (await call(path)).error == "503 serviceNotAvailable"
    assert (await call("/v1.0/$batch", method="POST", json={"requests": []})).status == 503


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "outage"])
async def test_no_scenario_breaks_an_endpoint(graph: Simulator, call: Call, name: str) -> None:
    graph.tenant = scenario(name, users=40)
    paths = (
        "organization",
        "subscribedSkus?$select=skuId",
        "users",
        "groups",
        "contacts",
        "domains?$select=id,passwordValidityPeriodInDays",
        "directory/onPremisesSynchronization",
        "policies/authenticationMethodsPolicy",
        "policies/authorizationPolicy",
        "auditLogs/directoryAudits",
    )
    assert {(await call(f"/v1.0/{path}")).status for path in paths} == {200}
