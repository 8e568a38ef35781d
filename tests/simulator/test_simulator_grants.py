"""App roles that are granted and revoked: the one thing that can be written."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator import ALL_ROLES, Simulator, scenario
from simulator.applications import CONNECT_SERVICE, GRAPH, principal_id
from simulator.auth import ADMINISTRATOR, GRANTING, GRAPH_ROLES

Call = Callable[..., Awaitable[Any]]

STRANGER = "00000000-0000-4000-8000-000000000001"
DENIED = "403 Authorization_RequestDenied"


def path(graph: Simulator, principal: str | None = None) -> str:
    return f"/v1.0/servicePrincipals/{principal or graph.identity}/appRoleAssignments"


def body(graph: Simulator, role: str = "User.Read.All", **changes: str) -> dict[str, str]:
    resource = principal_id(graph.tenant, GRAPH)
    told = {"principalId": graph.identity, "resourceId": resource, "appRoleId": GRAPH_ROLES[role]}
    return told | changes


async def grant(graph: Simulator, call: Call, told: object, token: str | None = None) -> Any:
    return await call(path(graph), method="POST", json=told, token=token or graph.sign_in())


async def test_a_role_is_granted_shown_at_both_ends_and_revoked(
    graph: Simulator, call: Call
) -> None:
    granted = await grant(graph, call, body(graph))
    assert (granted.status, graph.granted) == (201, ["User.Read.All"])
    row = {name: value for name, value in granted.body.items() if not name.startswith("@")}
    assert (row["principalDisplayName"], row["resourceDisplayName"]) == (
        "id-sspr-monitor",
        "Microsoft Graph",
    )
    resource = principal_id(graph.tenant, GRAPH)
    holders = await call(f"/v1.0/servicePrincipals/{resource}/appRoleAssignedTo")
    assert (await call(path(graph))).rows == holders.rows == [row]
    one = f"{path(graph)}/{row['id']}"
    assert (await call(one, method="DELETE", token=graph.sign_in())).status == 204
    assert (graph.granted, (await call(path(graph))).rows) == ([], [])
    again = await call(one, method="DELETE", token=graph.sign_in())
    assert again.error == "404 Request_ResourceNotFound"


async def test_what_connect_holds_is_shown_at_both_ends(graph: Simulator, call: Call) -> None:
    service = principal_id(graph.tenant, CONNECT_SERVICE)
    [held] = (await call(f"/v1.0/servicePrincipals/{service}/appRoleAssignedTo")).rows
    assert held in (await call(path(graph, held["principalId"]))).rows


@pytest.mark.parametrize("scope", ADMINISTRATOR)
async def test_both_scopes_are_needed(graph: Simulator, call: Call, scope: str) -> None:
    others = [name for name in ADMINISTRATOR if name != scope]
    assert (await grant(graph, call, body(graph), graph.sign_in(others))).error == DENIED


async def test_an_app_can_grant_and_revoke_nothing_whatever_its_token_says(
    graph: Simulator, call: Call
) -> None:
    assert GRANTING not in ALL_ROLES
    token = graph.token([*ALL_ROLES, GRANTING])
    assert (await grant(graph, call, body(graph), token)).error == DENIED
    row = (await grant(graph, call, body(graph))).body["id"]
    assert (await call(f"{path(graph)}/{row}", method="DELETE", token=token)).error == DENIED


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"appRoleId": ""}, "400 Request_BadRequest", "One or more properties are invalid."),
        ({"principalId": STRANGER}, "400 Request_BadRequest", "The principal of the body"),
        ({"resourceId": STRANGER}, "404 Request_ResourceNotFound", f"Resource '{STRANGER}'"),
        ({"appRoleId": STRANGER}, "400 Request_BadRequest", "Permission being assigned was not"),
    ],
    ids=["no role", "other principal", "unknown resource", "not offered"],
)
async def test_what_makes_no_sense_is_not_granted(
    graph: Simulator, call: Call, changes: dict[str, str], error: str, message: str
) -> None:
    answer = await grant(graph, call, body(graph, **changes))
    assert answer.error == error
    assert answer.body["error"]["message"].startswith(message)
    assert graph.granted == []


async def test_what_is_granted_already_is_refused(graph: Simulator, call: Call) -> None:
    await grant(graph, call, body(graph))
    answer = await grant(graph, call, body(graph))
    assert answer.error == "400 Request_BadRequest"
    assert answer.body["error"]["message"] == (
        "Permission being assigned already exists on the object"
    )


@pytest.mark.parametrize("told", [None, ["User.Read.All"]], ids=["nothing", "a list"])
async def test_a_body_of_another_kind_is_a_bad_request(
    graph: Simulator, call: Call, told: object
) -> None:
    assert (await grant(graph, call, told)).error == "400 Request_BadRequest"


async def test_roles_are_granted_in_a_batch_too(graph: Simulator, call: Call) -> None:
    item = {"id": "1", "method": "POST", "url": path(graph)[5:], "body": body(graph)}
    answer = await call(
        "/v1.0/$batch", method="POST", json={"requests": [item]}, token=graph.sign_in()
    )
    assert [response["status"] for response in answer.body["responses"]] == [201]
    assert graph.granted == ["User.Read.All"]


async def test_another_tenant_has_other_grants(graph: Simulator, call: Call) -> None:
    await grant(graph, call, body(graph))
    graph.tenant = scenario("cloud-only")
    assert graph.granted == []


@pytest.mark.parametrize(
    "key", ["{id}", "(appId='{app_id}')"], ids=["by object id", "by client id"]
)
async def test_a_service_principal_is_found_by_either_key(
    graph: Simulator, call: Call, key: str
) -> None:
    collection = "/v1.0/servicePrincipals"
    row = (await call(f"{collection}?$filter=displayName eq 'id-sspr-monitor'")).rows[0]
    segment = key.format(id=f"/{row['id']}", app_id=row["appId"])
    found = (await call(f"{collection}{segment}?$select=id,servicePrincipalType")).body
    assert (found["id"], found["servicePrincipalType"]) == (graph.identity, "ManagedIdentity")
    assert found["@odata.context"].endswith("#servicePrincipals(id,servicePrincipalType)/$entity")
    stranger = key.format(id=f"/{STRANGER}", app_id=STRANGER)
    assert (await call(f"{collection}{stranger}")).error == "404 Request_ResourceNotFound"


@pytest.mark.parametrize(
    ("method", "below", "error"),
    [
        ("PATCH", "", "405 Request_BadRequest"),
        ("DELETE", "", "405 Request_BadRequest"),
        ("DELETE", "/appRoleAssignments", "405 Request_BadRequest"),
        ("POST", "/appRoleAssignedTo", "405 Request_BadRequest"),
        ("POST", "/nope", "400 BadRequest"),
    ],
)
async def test_nothing_else_can_be_written(
    graph: Simulator, call: Call, method: str, below: str, error: str
) -> None:
    where = f"/v1.0/servicePrincipals/{graph.identity}{below}"
    assert (await call(where, method=method, token=graph.sign_in())).error == error


async def test_a_fault_can_be_limited_to_a_method(graph: Simulator, call: Call) -> None:
    graph.fail("/*/appRoleAssignments", method="POST", status=503)
    assert (await call(path(graph))).status == 200
    assert (await grant(graph, call, body(graph))).status == 503
