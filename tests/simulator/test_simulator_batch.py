"""JSON batches."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator import HTML, Simulator

Call = Callable[..., Awaitable[Any]]


def _item(number: int, url: str, **more: object) -> dict[str, object]:
    return {"id": str(number), "method": "GET", "url": url, **more}


async def _batch(call: Call, *items: object, version: str = "v1.0", **more: Any) -> Any:
    return await call(f"/{version}/$batch", method="POST", json={"requests": items}, **more)


async def test_each_item_is_answered_by_itself_and_in_another_order(
    graph: Simulator, call: Call
) -> None:
    eventual = {"ConsistencyLevel": "eventual"}
    answer = await _batch(
        call,
        _item(1, "/organization?$select=id"),
        _item(2, "users?$count=true&$top=1&$filter=accountEnabled ne false", headers=eventual),
        _item(3, "/users?$count=true&$top=1&$filter=accountEnabled ne false"),
        _item(4, "/users/$count", headers=eventual),
        _item(5, "/v1.0/users"),
        _item(6, "/$batch"),
        _item(7, "/reports/authenticationMethods/userRegistrationDetails?$top=1"),
        roles=["Organization.Read.All", "User.Read.All"],
    )
    assert answer.status == 200
    responses = answer.body["responses"]
    statuses = {response["id"]: response["status"] for response in responses}
    assert statuses == {"1": 200, "2": 200, "3": 400, "4": 200, "5": 400, "6": 400, "7": 403}
    assert [response["id"] for response in responses] != sorted(statuses)
    by_id = {response["id"]: response for response in responses}
    assert by_id["2"]["body"]["@odata.count"] == 1842
    assert by_id["4"]["body"] == 2000
    assert by_id["1"]["headers"]["x-ms-resource-unit"] == "1"
    assert by_id["7"]["body"]["error"]["code"] == "Authentication_MSGraphPermissionMissing"
    [record] = graph.requests
    assert (record.method, record.path, record.status) == ("POST", "/v1.0/$batch", 200)
    assert [item.status for item in record.items] == [200, 200, 400, 200, 400, 400, 403]
    assert (record.items[1].path, record.items[1].query["$count"]) == ("/users", "true")


async def test_beta_has_a_batch_of_its_own(call: Call) -> None:
    select = "$select=onPremisesLastPasswordSyncDateTime"
    for version, keys in (("beta", {"onPremisesLastPasswordSyncDateTime"}), ("v1.0", set())):
        answer = await _batch(call, _item(1, f"/organization?{select}"), version=version)
        [response] = answer.body["responses"]
        assert response["body"]["value"][0].keys() == keys


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([_item(n, "/domains") for n in range(21)], "MaximumValueExceeded"),
        ([_item(1, "/domains"), _item(1, "/users")], "BadRequest"),
        ([_item(1, "https://graph.example/v1.0/users")], "BadRequest"),
        ([_item(1, "http://[")], "BadRequest"),
        ([_item(1, "/domains", dependsOn=["2"])], "BadRequest"),
        ([{"id": "1"}], "BadRequest"),
    ],
    ids=["21 items", "same id", "absolute", "malformed", "unknown dependency", "incomplete"],
)
async def test_a_bad_batch_is_refused_as_a_whole(
    graph: Simulator, call: Call, items: list[object], code: str
) -> None:
    assert (await _batch(call, *items)).error == f"400 {code}"
    assert graph.requests[-1].items == []


async def test_twenty_items_are_fine(call: Call) -> None:
    answer = await _batch(call, *(_item(n, "/domains") for n in range(20)))
    assert len(answer.body["responses"]) == 20


async def test_a_failed_dependency_fails_what_depends_on_it(call: Call) -> None:
    answer = await _batch(
        call, _item(1, "/nope"), _item(2, "/domains", dependsOn=["1"]), _item(3, "/domains")
    )
    statuses = {response["id"]: response["status"] for response in answer.body["responses"]}
    assert statuses == {"1": 400, "2": 424, "3": 200}


async def test_a_fault_meets_one_item_and_html_travels_as_base64(
    graph: Simulator, call: Call
) -> None:
    graph.fail("/users", status=503, body=HTML)
    answer = await _batch(call, _item(1, "/users"), _item(2, "/domains"), _item(3, "/users"))
    by_id = {response["id"]: response for response in answer.body["responses"]}
    assert [by_id[name]["status"] for name in "123"] == [503, 200, 200]
    assert by_id["1"]["headers"]["Content-Type"] == "text/html"
    assert by_id["1"]["body"].startswith("PCFET0NUWVBF")


async def test_each_item_is_throttled_by_itself(call: Call) -> None:
    audits = "/auditLogs/directoryAudits?$top=1"
    answer = await _batch(call, *(_item(n, audits) for n in range(7)))
    statuses = sorted(response["status"] for response in answer.body["responses"])
    assert statuses == [200] * 5 + [429] * 2
