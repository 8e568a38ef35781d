from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from checks.facts import METHODS_POLICY, ORGANIZATION, SYNCED_USERS, Asked
from collect.audit import _page
from shared.graph.connection import MOST_BYTES
from shared.model import Known, Reason, Unavailable
from simulator import EMPTY, HTML, TRUNCATED
from tests.conftest import NOW


def audit_page(since):
    return _page("loggedByService eq 'Self-service Password Management'", since)


TWO = (ORGANIZATION, SYNCED_USERS)
NAMES = {fact.name for fact in TWO}
FORBIDDEN = {"error": {"code": "Authorization_RequestDenied"}}


@pytest.fixture
async def graph(world):
    async with world.connect(world.settings(), seconds=100) as graph:
        yield graph


def reasons(answers):
    return {name: a.reason for name, a in answers.items() if isinstance(a, Unavailable)}


async def test_many_questions_are_one_request(world, graph):
    answers = await graph.ask(TWO)
    assert answers.keys() == NAMES
    assert reasons(answers) == {}
    assert [(r.method, r.path, len(r.items)) for r in world.graph.requests] == [
        ("POST", "/v1.0/$batch", 2)
    ]


async def test_more_than_twenty_questions_are_split(world, graph):
    assert isinstance(ORGANIZATION, Asked)
    questions = [replace(ORGANIZATION, name=f"organization_{index}") for index in range(41)]
    answers = await graph.ask(questions)
    assert len(answers) == 41
    assert sorted(len(r.items) for r in world.graph.requests) == [1, 20, 20]


@pytest.mark.parametrize("retry_after", ["7", "2.128"])
async def test_only_the_throttled_item_is_asked_again_after_the_time_it_names(
    world, graph, retry_after
):
    world.graph.fail("/organization", status=429, headers={"Retry-After": retry_after})
    answers = await graph.ask(TWO)
    assert reasons(answers) == {}
    assert [[i.path for i in r.items] for r in world.graph.requests][1] == ["/organization"]
    assert world.waits == [float(retry_after)]


async def test_without_a_time_the_waits_grow(world, graph):
    world.graph.fail("/organization", status=503, times=None)
    answers = await graph.ask(TWO)
    assert reasons(answers) == {"organization": Reason.UNREACHABLE}
    assert isinstance(answers["synced_users"], Known)
    assert len(world.waits) == 3
    assert world.waits == sorted(world.waits)


async def test_a_wait_beyond_the_deadline_is_not_begun(world, graph):
    world.graph.fail("/organization", status=429, headers={"Retry-After": "3600"})
    assert reasons(await graph.ask(TWO)) == {"organization": Reason.THROTTLED}
    assert world.waits == []


async def test_after_the_deadline_nothing_is_waited_for(world):
    async with world.connect(world.settings(), seconds=0) as graph:
        assert set(reasons(await graph.ask(TWO)).values()) == {Reason.TIMEOUT}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 200, "body": HTML}, Reason.MALFORMED),
        ({"status": 200, "body": TRUNCATED}, Reason.MALFORMED),
        ({"status": 200, "body": EMPTY}, Reason.MALFORMED),
        ({"status": 200, "body": {"responses": None}}, Reason.MALFORMED),
        ({"status": 200, "body": {"responses": []}}, Reason.MALFORMED),
        ({"status": 502, "body": HTML}, Reason.UNREACHABLE),
        ({"status": 500}, Reason.UNREACHABLE),
        ({"status": 401}, Reason.SIGN_IN_FAILED),
        ({"status": 403, "body": FORBIDDEN}, Reason.PERMISSION_MISSING),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, Reason.REFUSED),
        ({"drop": True}, Reason.UNREACHABLE),
    ],
    ids=[
        "html", "truncated", "empty", "null", "no answers", "502 html", "500", "401", "403",
        "redirect", "dropped",
    ],
)  # fmt: skip
async def test_a_batch_that_fails_whole_gives_every_question_its_reason(
    world, graph, fault, reason
):
    world.graph.fail("/$batch", times=None, **fault)
    assert reasons(await graph.ask(TWO)) == dict.fromkeys(NAMES, reason)


@pytest.mark.parametrize(
    "body",
    [
        {"value": []},
        {"value": [{"onPremisesSyncEnabled": "yes"}]},
        {"value": [{"onPremisesSyncEnabled": True, "onPremisesLastSyncDateTime": "2026-11-21"}]},
        {"value": [{}]},
        {"value": None},
        [],
        "text",
        None,
    ],
    ids=["no row", "wrong type", "no time zone", "no key", "null rows", "list", "text", "null"],
)
async def test_an_item_of_the_wrong_shape_harms_no_other(world, graph, body):
    world.graph.fail("/organization", status=200, body=msgspec.json.encode(body), times=None)
    answers = await graph.ask(TWO)
    assert reasons(answers) == {"organization": Reason.MALFORMED}


@pytest.mark.parametrize(
    "entry",
    [
        {"status": None},
        {"status": "200"},
        {"headers": None},
        {"headers": {"Retry-After": 7}},
        {"id": 1},
    ],
    ids=["no status", "text", "no headers", "number", "no such id"],
)
async def test_an_item_that_its_batch_tells_oddly_harms_no_other(world, graph, entry):
    def edit(batch):
        for item in batch["responses"]:
            if item["id"] == "organization":
                item |= entry
        return batch

    world.graph.fail("/$batch", edit=edit, times=None)
    assert reasons(await graph.ask(TWO)) == {"organization": Reason.MALFORMED}


NESTED = b'{"value": [], "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "body", [b'{"value": [{"id": "\xff"}]}', NESTED], ids=["no text", "too deep"]
)
@pytest.mark.parametrize("status", [200, 400], ids=["answer", "refusal"])
async def test_bytes_that_trip_the_decoder_are_an_answer_that_cannot_be_read(
    world, graph, body, status
):
    world.graph.fail("/auditLogs/directoryAudits", status=status, body=body, times=None)
    answer = await graph.get(audit_page(NOW))
    assert isinstance(answer, Unavailable)
    assert answer.reason is (Reason.MALFORMED if status == 200 else Reason.UNSUPPORTED)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_an_answer_without_end_is_not_read_to_its_end(world, graph, packed):
    rule = world.graph.fail(
        "/auditLogs/directoryAudits", size=20 * MOST_BYTES, packed=packed, times=None
    )
    answer = await graph.get(audit_page(NOW))
    assert answer == Unavailable(Reason.MALFORMED, detail=f"more than {MOST_BYTES:,} bytes")
    assert rule.hits == 1
    assert rule.sent < 2 * MOST_BYTES


async def test_an_answer_that_is_long_is_read(world, graph):
    world.graph.fail("/auditLogs/directoryAudits", size=MOST_BYTES - 2**20, packed=True)
    assert isinstance(await graph.get(audit_page(NOW)), Known)


async def test_a_challenge_that_cannot_be_read_is_a_failed_sign_in(world, graph):
    challenge = {"WWW-Authenticate": 'Bearer claims="/w=="'}
    world.graph.fail("/organization", status=401, headers=challenge, times=None)
    world.graph.fail("/$batch", status=401, headers=challenge, times=None)
    assert set(reasons(await graph.ask(TWO)).values()) == {Reason.SIGN_IN_FAILED}


async def test_a_public_page_is_not_read_and_needs_no_time_of_graph(world):
    rule = world.graph.fail("/_public/login", size=20 * MOST_BYTES)
    async with world.connect(world.settings(), seconds=0) as graph:
        assert (await graph.reach(graph.portals["sign_in"])).value == 200
    assert rule.sent < MOST_BYTES


async def test_a_public_page_that_drips_is_reached(world):
    world.graph.fail("/_public/login", drip=3600, delay=0)
    async with world.connect(world.settings(), seconds=100) as graph:
        assert (await graph.reach(graph.portals["sign_in"])).value == 200


async def test_a_passing_fault_leaves_no_trace(world, graph):
    world.graph.fail("/$batch", status=200, body=TRUNCATED)
    assert reasons(await graph.ask(TWO)) == {}


async def test_what_a_cloud_does_not_have_is_not_asked(world):
    settings = world.settings(SSPR_CLOUD="china")
    async with world.connect(settings, seconds=100) as graph:
        answers = await graph.ask([METHODS_POLICY, ORGANIZATION])
    assert reasons(answers) == {"methods_policy": Reason.UNSUPPORTED}
    (request,) = world.graph.requests
    assert [item.path for item in request.items] == ["/organization"]


async def test_pages_are_followed_to_the_end(world, graph):
    question = audit_page(NOW.replace(year=2020))
    pages = [page async for page in graph.pages(question)]
    assert all(isinstance(page, Known) for page in pages)
    assert len(pages) > 1
    assert pages[-1].value.next_link is None


ELSEWHERE = Unavailable(Reason.MALFORMED, detail="the next page is on another host")
LINKS = {
    "host": "https://attacker.example/v1.0/next",
    "port": "http://127.0.0.1:9/v1.0/next",
    "scheme": "https://127.0.0.1/v1.0/next",
    "relative": "/v1.0/next",
    "no address": "http://[::1",
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
async def test_a_page_cannot_send_the_token_to_another_host(world, graph, link):
    elsewhere = {"value": [], "@odata.nextLink": link}
    world.graph.fail("/auditLogs/directoryAudits", status=200, body=elsewhere)
    assert [page async for page in graph.pages(audit_page(NOW))] == [ELSEWHERE]
    assert len(world.graph.requests) == 1


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
async def test_a_link_that_was_kept_cannot_either(world, graph, link):
    pages = graph.pages(audit_page(NOW), link=link)
    assert [page async for page in pages] == [ELSEWHERE]
    assert world.graph.requests == []


async def test_a_page_that_leads_to_itself_is_not_read_for_ever(world, graph):
    link = f"{world.graph.endpoint}/v1.0/auditLogs/directoryAudits?again"
    circle = {"value": [], "@odata.nextLink": link}
    world.graph.fail("/auditLogs/directoryAudits", status=200, body=circle, times=None)
    first, last = [page async for page in graph.pages(audit_page(NOW))]
    assert isinstance(first, Known)
    assert last == Unavailable(Reason.MALFORMED, detail="the next page is the same one")


async def test_report_requests_keep_below_the_limit_of_reports(world, graph):
    for _ in range(11):
        answer = await graph.get(audit_page(NOW))
        assert isinstance(answer, Known)
    assert all(request.status == 200 for request in world.graph.requests)
    assert len(world.waits) >= 2
