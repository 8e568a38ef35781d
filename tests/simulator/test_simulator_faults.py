"""Throttling and faults."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from simulator import EMPTY, HTML, TRUNCATED, Simulator, scenario

Call = Callable[..., Awaitable[Any]]

AUDITS = "/v1.0/auditLogs/directoryAudits?$top=1"


async def test_reports_take_five_requests_in_ten_seconds_and_name_no_delay(
    graph: Simulator, call: Call
) -> None:
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=1"
    statuses = [(await call(path)).status for path in (AUDITS, details, AUDITS, details, AUDITS)]
    assert statuses == [200] * 5
    refused = await call(details)
    assert refused.error == "429 TooManyRequests"
    assert "Retry-After" not in refused.headers
    assert (await call("/v1.0/domains")).status == 200
    graph.advance(timedelta(seconds=11))
    assert (await call(AUDITS)).status == 200


async def test_hammering_keeps_the_reports_shut(graph: Simulator, call: Call) -> None:
    for _ in range(5):
        await call(AUDITS)
    for _ in range(10):
        graph.advance(timedelta(seconds=1))
        assert (await call(AUDITS)).status == 429


async def test_the_directory_counts_units_and_says_when_to_come_back(
    graph: Simulator, call: Call
) -> None:
    graph.tenant = scenario("healthy", users=40)
    assert (await call("/v1.0/users")).headers["x-ms-resource-unit"] == "2"
    cheap = "/v1.0/users?$top=1&$select=id"
    assert (await call(cheap)).headers["x-ms-resource-unit"] == "1"
    items = [{"id": str(n), "method": "GET", "url": "/subscribedSkus"} for n in range(20)]
    while True:
        answer = await call("/v1.0/$batch", method="POST", json={"requests": items})
        responses = answer.body["responses"]
        if any(response["status"] == 429 for response in responses):
            break
    percentages = {r["headers"].get("x-ms-throttle-limit-percentage") for r in responses}
    assert "1.00" in percentages
    refused = await call("/v1.0/subscribedSkus")
    assert refused.error == "429 TooManyRequests"
    graph.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
    assert (await call("/v1.0/subscribedSkus")).status == 200


async def test_throttling_can_be_switched_off(session: aiohttp.ClientSession) -> None:
    async with Simulator(scenario("healthy"), throttling=False) as graph:
        headers = {"Authorization": f"Bearer {graph.token()}"}
        for _ in range(8):
            async with session.get(graph.endpoint + AUDITS, headers=headers) as answer:
                assert answer.status == 200


@pytest.mark.parametrize(
    ("fault", "status", "raw"),
    [
        ({"status": 503, "body": HTML}, 503, HTML),
        ({"body": TRUNCATED}, 200, TRUNCATED),
        ({"body": EMPTY}, 200, b""),
        ({"body": {"value": "not a list"}}, 200, b'{"value":"not a list"}'),
        ({"status": 200, "body": []}, 200, b"[]"),
    ],
    ids=["html", "truncated", "empty", "wrong type", "no envelope"],
)
async def test_a_fault_replaces_the_answer(
    graph: Simulator, call: Call, fault: dict[str, Any], status: int, raw: bytes
) -> None:
    graph.fail("/domains", headers={"Retry-After": "3"}, **fault)
    answer = await call("/v1.0/domains")
    assert (answer.status, answer.raw, answer.headers["Retry-After"]) == (status, raw, "3")
    assert (await call("/v1.0/domains")).rows


@pytest.mark.parametrize(
    "retry_after", ["7", "2.128", "Sat, 21 Nov 2026 09:00:30 GMT", "soon", "-1"]
)
async def test_a_status_brings_graphs_error_and_any_retry_after(
    graph: Simulator, call: Call, retry_after: str
) -> None:
    graph.fail("/domains", status=429, headers={"Retry-After": retry_after})
    answer = await call("/v1.0/domains")
    assert answer.error == "429 TooManyRequests"
    assert answer.headers["Retry-After"] == retry_after


async def test_a_fault_lasts_as_often_as_told_and_only_where_it_matches(
    graph: Simulator, call: Call
) -> None:
    rule = graph.fail("/reports/*", status=500, code="UnknownError", times=2)
    graph.fail("/organization", status=504, times=None, when="beta")
    details = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=1"
    assert [(await call(details)).status for _ in range(3)] == [500, 500, 200]
    assert rule.hits == 2
    assert (await call("/v1.0/organization")).status == 200
    assert {(await call("/beta/organization")).error for _ in range(3)} == {"504 gatewayTimeout"}
    graph.heal()
    assert (await call("/beta/organization")).status == 200


async def test_a_connection_can_be_dropped(graph: Simulator, call: Call) -> None:
    # For ever, because a client may quietly ask a second time.
    graph.fail("/v1.0/users", drop=True, times=None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("/v1.0/users")
    graph.heal()
    assert (await call("/v1.0/users?$top=1")).status == 200


async def test_a_delay_waits_on_the_sleep_that_was_given(
    session: aiohttp.ClientSession,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with Simulator(scenario("healthy"), sleep=sleep) as graph:
        graph.fail("/domains", delay=30)
        headers = {"Authorization": f"Bearer {graph.token()}"}
        async with session.get(f"{graph.endpoint}/v1.0/domains", headers=headers) as answer:
            assert answer.status == 200
    assert slept == [30]


DOMAINS = "/v1.0/domains"


async def test_a_fault_can_be_for_one_question_among_those_to_one_address(
    graph: Simulator, call: Call
) -> None:
    graph.fail("/users", query="*$filter=accountEnabled eq false*", status=500, times=None)
    asked = "/v1.0/users?$top=1&$filter=accountEnabled eq "
    assert (await call(asked + "false")).status == 500
    assert (await call(asked + "true")).status == 200
    assert (await call("/v1.0/users?$top=1")).status == 200


async def test_an_answer_can_be_edited(graph: Simulator, call: Call) -> None:
    graph.fail("/domains", edit=lambda document: {**document, "value": len(document["value"])})
    whole = (await call(DOMAINS)).body
    again = (await call(DOMAINS)).body
    assert whole == again | {"value": len(again["value"])}


async def test_a_refusal_is_not_edited(graph: Simulator, call: Call) -> None:
    graph.fail("/domains", edit=lambda document: document["value"])
    assert (await call(DOMAINS, roles=[])).status == 403


async def test_a_connection_can_be_reset_in_mid_body(graph: Simulator, call: Call) -> None:
    rule = graph.fail("/domains", reset=True, times=None)
    with pytest.raises(aiohttp.ClientError):
        await call(DOMAINS)
    graph.heal()
    assert rule.sent == len((await call(DOMAINS)).raw) // 2 * rule.hits


async def test_an_answer_can_drip(session: aiohttp.ClientSession) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with Simulator(scenario("healthy"), sleep=sleep) as graph:
        rule = graph.fail("/domains", drip=0.5)
        headers = {"Authorization": f"Bearer {graph.token()}"}
        async with session.get(graph.endpoint + DOMAINS, headers=headers) as answer:
            raw = await answer.read()
    assert slept == [0.5] * len(raw)
    assert rule.sent == len(raw)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_an_answer_can_be_as_long_as_one_likes(
    graph: Simulator, call: Call, packed: bool
) -> None:
    rule = graph.fail("/domains", size=5_000_000, packed=packed)
    long, usual = await call(DOMAINS), await call(DOMAINS)
    assert len(long.raw) >= 5_000_000
    assert long.body == usual.body
    assert (rule.sent < 50_000) if packed else (rule.sent == len(long.raw))


async def test_who_stops_listening_is_sent_no_more(
    graph: Simulator, session: aiohttp.ClientSession
) -> None:
    rule = graph.fail("/domains", size=200_000_000)
    headers = {"Authorization": f"Bearer {graph.token()}"}
    async with session.get(graph.endpoint + DOMAINS, headers=headers) as answer:
        await answer.content.read(100_000)
        assert graph.connections
    assert rule.sent < 100_000_000


async def test_what_an_item_is_sent_like_its_batch_is_sent_like(
    graph: Simulator, call: Call
) -> None:
    rule = graph.fail("/domains", size=1_000_000)
    items = [{"id": name, "method": "GET", "url": f"/{name}"} for name in ("domains", "groups")]
    answer = await call("/v1.0/$batch", method="POST", json={"requests": items})
    assert len(answer.raw) >= 1_000_000
    assert rule.sent == len(answer.raw)
    assert {entry["status"] for entry in answer.body["responses"]} == {200}
