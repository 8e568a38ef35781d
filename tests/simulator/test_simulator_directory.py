"""Users, groups, contacts: the rules of advanced queries, counting and paging."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator import Simulator, scenario

Call = Callable[..., Awaitable[Any]]

MEMBERS = "onPremisesSyncEnabled eq true and accountEnabled eq true and userType eq 'Member'"
P1 = "assignedPlans/any(p:p/servicePlanId eq 41781fb2-bc02-4b7c-bd55-b576c07bb09d)"
CONFLICT = "onPremisesProvisioningErrors/any(o:o/category eq 'PropertyConflict')"


async def _count(call: Call, filter_: str, collection: str = "users") -> int:
    answer = await call(
        f"/v1.0/{collection}?$count=true&$top=1&$select=id&$filter={filter_}", eventual=True
    )
    assert answer.status == 200, answer.raw
    return int(answer.body["@odata.count"])


async def test_counts_are_those_of_the_cohorts(call: Call) -> None:
    assert await _count(call, MEMBERS) == 1600
    assert await _count(call, f"{MEMBERS} and {P1}") == 1600
    assert await _count(call, f"not {P1}") == 298
    assert await _count(call, "userType eq 'Guest'") == 140
    assert await _count(call, "onPremisesSyncEnabled eq null and accountEnabled ne false") == 242
    assert await _count(call, CONFLICT, "groups") == 0


async def test_a_filter_on_what_differs_from_user_to_user_finds_the_one(call: Call) -> None:
    someone = (await call("/v1.0/users?$top=1")).rows[0]
    name = someone["userPrincipalName"]
    assert await _count(call, f"accountEnabled eq true and userPrincipalName eq '{name}'") == 1
    found = (await call(f"/v1.0/users?$filter=id eq '{someone['id']}'")).rows
    assert found == [someone]


@pytest.mark.parametrize("collection", ["users", "groups", "contacts"])
async def test_conflicts_can_be_filtered_without_and_with_the_advanced_parameters(
    call: Call, collection: str
) -> None:
    assert (await call(f"/v1.0/{collection}?$filter={CONFLICT}")).rows == []
    assert await _count(call, CONFLICT, collection) == 0


@pytest.mark.parametrize(
    ("collection", "filter_", "default", "advanced"),
    [
        ("users", "accountEnabled eq true", 200, 200),
        ("users", "accountEnabled in (true)", 200, 200),
        ("users", "accountEnabled ne true", 400, 200),
        ("users", "not accountEnabled eq true", 400, 200),
        ("users", "accountEnabled ge true", 400, 400),
        ("users", "accountEnabled eq null", 400, 400),
        ("users", "onPremisesSyncEnabled eq null", 400, 200),
        ("users", "createdDateTime ge 2020-01-01T00:00:00Z", 200, 200),
        ("users", P1, 400, 200),
        ("users", "assignedPlans/any(p:p/capabilityStatus ne 'Enabled')", 400, 200),
        ("users", "assignedLicenses/$count eq 0", 400, 200),
        ("users", "assignedLicenses/$count eq 1", 400, 400),
        ("users", "onPremisesProvisioningErrors/$count ne 0", 400, 200),
        ("users", "passwordPolicies eq null", 400, 200),
        ("users", "passwordPolicies eq 'None'", 400, 400),
        ("users", "lastPasswordChangeDateTime ge 2020-01-01T00:00:00Z", 400, 400),
        ("groups", "hasMembersWithLicenseErrors eq true", 200, 400),
    ],
)
async def test_each_operator_needs_or_shuns_the_advanced_parameters(
    call: Call, collection: str, filter_: str, default: int, advanced: int
) -> None:
    plain = await call(f"/v1.0/{collection}?$filter={filter_}")
    eventual = await call(f"/v1.0/{collection}?$count=true&$filter={filter_}", eventual=True)
    assert (plain.status, eventual.status) == (default, advanced)
    for answer in (plain, eventual):
        assert answer.status == 200 or answer.error == "400 Request_UnsupportedQuery"


@pytest.mark.parametrize(
    ("path", "eventual"),
    [("users?$filter=", True), ("users?$count=true&$filter=", False)],
    ids=["header alone", "option alone"],
)
async def test_half_of_the_advanced_parameters_is_none(
    call: Call, path: str, eventual: bool
) -> None:
    answer = await call(f"/v1.0/{path}accountEnabled ne true", eventual=eventual)
    assert answer.error == "400 Request_UnsupportedQuery"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("$filter=shoeSize eq 4", "400 BadRequest"),
        ("$filter=accountEnabled eq 'true'", "400 BadRequest"),
        ("$filter=accountEnabled eq", "400 BadRequest"),
        ("$filter=assignedLicenses/any(a:a/nope eq 'x')", "400 BadRequest"),
        ("$select=id,shoeSize", "400 BadRequest"),
        ("$top=0", "400 Request_UnsupportedQuery"),
        ("$top=1000", "400 Request_UnsupportedQuery"),
        ("$top=many", "400 BadRequest"),
        ("$skip=5", "400 BadRequest"),
        ("nonsense=1", "400 BadRequest"),
        ("$top=1&$top=2", "400 BadRequest"),
        ("$skiptoken=garbage", "400 Request_BadRequest"),
        ("$orderby=displayName", "501 notImplemented"),
    ],
)
async def test_what_the_directory_does_not_know_is_refused(
    call: Call, query: str, error: str
) -> None:
    assert (await call(f"/v1.0/users?{query}")).error == error


async def test_counting_is_silently_ignored_without_the_header(call: Call) -> None:
    assert "@odata.count" not in (await call("/v1.0/users?$count=true&$top=1")).body


async def test_the_count_segment_is_plain_text_and_wants_the_header(call: Call) -> None:
    counted = await call(f"/v1.0/users/$count?$filter={MEMBERS}", eventual=True)
    assert (counted.raw, counted.headers["Content-Type"]) == (b"1600", "text/plain")
    assert (await call("/v1.0/users/$count")).error == "400 Request_BadRequest"
    wants_json = {"Accept": "application/json"}
    assert (await call("/v1.0/users/$count", eventual=True, headers=wants_json)).status == 415


async def test_pages_hold_everybody_once_and_count_on_the_first_only(
    graph: Simulator, call: Call
) -> None:
    filter_ = "accountEnabled eq true and onPremisesSyncEnabled eq null"
    link = f"/v1.0/users?$count=true&$top=100&$select=id,userType&$filter={filter_}"
    pages = []
    while link:
        page = (await call(link, eventual=True)).body
        pages.append(page)
        link = page.get("@odata.nextLink", "")
        assert not link or link.startswith(f"{graph.endpoint}/v1.0/users?")
    assert ["@odata.count" in page for page in pages] == [True, False, False]
    ids = {row["id"] for page in pages for row in page["value"]}
    assert len(ids) == pages[0]["@odata.count"] == 242
    assert {row["userType"] for row in pages[0]["value"]} == {"Member", "Guest"}


async def test_the_next_page_of_an_advanced_query_wants_the_header_again(call: Call) -> None:
    first = await call(
        "/v1.0/users?$count=true&$top=1&$filter=accountEnabled ne false", eventual=True
    )
    link = first.body["@odata.nextLink"]
    assert (await call(link)).error == "400 Request_UnsupportedQuery"


async def test_a_page_token_is_good_for_its_own_question_and_for_a_day(
    graph: Simulator, call: Call
) -> None:
    link = (await call("/v1.0/users?$top=1")).body["@odata.nextLink"]
    elsewhere = link.replace("/users?", "/groups?")
    assert (await call(elsewhere)).error == "400 Directory_ExpiredPageToken"
    graph.advance(timedelta(hours=25))
    assert (await call(link)).error == "400 Directory_ExpiredPageToken"


async def test_a_conflict_looks_as_it_does_on_the_wire(graph: Simulator, call: Call) -> None:
    graph.tenant = scenario("contoso")
    [group] = (
        await call(f"/v1.0/groups?$filter={CONFLICT}&$select=onPremisesProvisioningErrors")
    ).rows
    [error] = group["onPremisesProvisioningErrors"]
    assert error.keys() == {"category", "occurredDateTime", "propertyCausingError", "value"}
    assert error["propertyCausingError"] == "ProxyAddresses"
    assert error["value"].startswith("SMTP:")
