from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import ANY

import msgspec
import pytest

from checks.facts import Asked, Gathered
from checks.service_facts import (
    PORTALS,
    SECURE_SCORE,
    SERVICE_ISSUES,
    SERVICE_OVERVIEWS,
    Portal,
    SecureScore,
    ServiceIssue,
    ServiceOverview,
)
from shared.graph.client import open_graph
from shared.model import Known, Reason, Unavailable
from shared.settings import load
from simulator import ALL_ROLES, Simulator, scenario
from tests.checks.conftest import ENVIRONMENT

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SERVICE = (SERVICE_OVERVIEWS, SERVICE_ISSUES)


@pytest.fixture
async def simulator():
    async with Simulator(scenario("healthy"), clock=lambda: NOW) as simulator:
        yield simulator


@pytest.fixture
def connect(simulator):
    """Graph as a tenant shows it to an identity with these permissions."""

    def connect(name, *, roles=ALL_ROLES, cloud="global"):
        simulator.tenant = scenario(name)
        environment = {
            "SSPR_CLOUD": cloud,
            "SSPR_GRAPH_ENDPOINT": simulator.endpoint,
            "SSPR_GRAPH_TOKEN": simulator.token(roles),
        }
        return open_graph(load(ENVIRONMENT | environment), seconds=60)

    return connect


def entra(answers):
    overviews = answers[SERVICE_OVERVIEWS.name]
    assert isinstance(overviews, Known)
    (found,) = [item for item in overviews.value if item.id == "OrgLiveID"]
    return found


async def test_a_service_that_works_has_a_name_and_a_status(connect):
    async with connect("healthy") as graph:
        answers = await graph.ask(SERVICE)
    assert entra(answers).status == "serviceOperational"
    assert entra(answers).service


async def test_open_issues_name_the_service_as_the_overview_does(connect):
    async with connect("service-degraded") as graph:
        answers = await graph.ask(SERVICE)
    assert entra(answers).status.lower() == "servicedegradation"
    services = [issue.service for issue in answers[SERVICE_ISSUES.name].value]
    assert services.count(entra(answers).service) == 1


async def test_of_an_issue_only_three_things_are_asked_for(connect, simulator):
    async with connect("service-degraded") as graph:
        await graph.ask([SERVICE_ISSUES])
    ((item,),) = [request.items for request in simulator.requests]
    assert item.query["$select"] == "id,service,classification"
    assert item.query["$filter"] == "endDateTime eq null"


async def test_without_its_permission_service_health_is_refused(connect):
    roles = set(ALL_ROLES) - {"ServiceHealth.Read.All"}
    async with connect("healthy", roles=roles) as graph:
        answers = await graph.ask(SERVICE)
    assert {(answer.reason, answer.permission) for answer in answers.values()} == {
        (Reason.PERMISSION_MISSING, "ServiceHealth.Read.All")
    }


def test_an_overview_is_read_in_either_spelling_and_with_nulls():
    assert isinstance(SERVICE_OVERVIEWS, Asked)
    body = b"""{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata", "value": [
        {"service": "Identity Service", "status": "ServiceRestored", "id": "OrgLiveID"},
        {"service": null, "status": null, "id": "Mystery"}]}"""
    assert SERVICE_OVERVIEWS.decode(body) == (
        ServiceOverview("OrgLiveID", "Identity Service", "ServiceRestored"),
        ServiceOverview("Mystery"),
    )


def test_of_an_issue_nothing_that_was_written_about_it_is_kept():
    assert isinstance(SERVICE_ISSUES, Asked)
    body = b"""{"value": [{"id": "MO123456", "title": "Some users cannot reset", "endDateTime": null,
        "classification": "Incident", "service": "Microsoft Entra", "isResolved": false,
        "posts": [{"description": {"content": "Call +1 555 0100"}}]}]}"""
    assert SERVICE_ISSUES.decode(body) == (ServiceIssue("MO123456", "Microsoft Entra", "Incident"),)


@pytest.mark.parametrize("fact", SERVICE, ids=lambda fact: fact.name)
@pytest.mark.parametrize("body", [b"{}", b'{"value": null}', b'{"value": [{}]}', b"<html>"])
def test_a_body_of_another_shape_is_malformed(fact, body):
    with pytest.raises(msgspec.MsgspecError):
        fact.decode(body)


async def found(graph):
    assert isinstance(PORTALS, Gathered)
    answer = await PORTALS.gather(graph)
    assert isinstance(answer, Known)
    return answer.value.found


async def test_the_pages_that_users_need_are_asked(connect):
    async with connect("healthy") as graph:
        portals = await found(graph)
        assert [portal.url for portal in portals] == list(graph.portals.values())
    assert all(portal.status in range(200, 400) for portal in portals)


async def test_pages_that_are_down_are_not_reached(connect):
    async with connect("endpoints-down") as graph:
        portals = await found(graph)
    assert [portal.reached for portal in portals] == [False, False]


async def test_pages_are_asked_at_the_same_time_and_keep_their_names():
    both = asyncio.Barrier(2)
    answers = {
        "https://reset.example": Known(302),
        "https://login.example": Unavailable(Reason.TIMEOUT, detail="no answer in time"),
    }

    async def reach(url):
        await both.wait()
        return answers[url]

    graph = SimpleNamespace(portals=dict(zip("ab", answers, strict=True)), reach=reach)
    async with asyncio.timeout(5):
        portals = await found(graph)
    assert portals == (
        Portal("https://reset.example", 302),
        Portal("https://login.example", failure="no answer in time"),
    )


def test_the_pages_are_asked_anew_in_every_run():
    assert isinstance(PORTALS, Gathered)
    assert not PORTALS.every


SYNCED = NOW.replace(hour=13) - timedelta(days=2)
CREATED = NOW.replace(hour=0)


@pytest.fixture
def score(connect):
    """What is gathered of Secure Score."""

    async def score(name="healthy", **options):
        assert isinstance(SECURE_SCORE, Gathered)
        async with connect(name, **options) as graph:
            return await SECURE_SCORE.gather(graph)

    return score


def answer_with(simulator, control, **more):
    """Let Secure Score have this control after another one with the same keys and odd values."""
    other = {"controlName": "RoleOverlap", "count": "some", "total": [], "lastSynced": ""}
    newest = {"createdDateTime": "2026-11-21T00:00:00Z", "controlScores": [other, control]} | more
    simulator.fail("/security/secureScores", status=200, body={"value": [newest]})


SSPR = {
    "controlName": "SelfServicePasswordReset",
    "count": "1900",
    "total": "2000",
    "score": 0.95,
    "scoreInPercentage": 95.0,
    "lastSynced": "2026-11-19T13:00:00Z",
}


async def test_the_score_tells_how_many_are_enabled_and_how_old_that_is(score):
    answer = await score()
    assert isinstance(answer, Known)
    found = answer.value
    assert found.counted == (1662, 1702)
    assert (found.synced_at, found.created_at, found.as_of) == (SYNCED, CREATED, SYNCED)


async def test_one_score_is_asked_for_and_no_further_page(score, simulator):
    await score()
    ((path, query),) = [(r.path, r.query) for r in simulator.requests]
    assert (path, query) == ("/v1.0/security/secureScores", {"$top": "1"})


async def test_numbers_are_read_from_text_and_from_numbers(score, simulator):
    whole = SecureScore(1900, 2000, 95.0, SYNCED, CREATED)
    for numbers in ({}, {"count": 1900, "total": 2000}):
        answer_with(simulator, SSPR | numbers)
        assert (await score()).value == whole


@pytest.mark.parametrize(
    ("control", "counted"),
    [
        ({"count": "0", "scoreInPercentage": 0.0}, (0, 2000)),
        ({"scoreInPercentage": 95.9}, (1900, 2000)),
        ({"scoreInPercentage": None}, (1900, 2000)),
        ({"scoreInPercentage": 96.1}, None),
        ({"count": "0", "scoreInPercentage": 100.0}, None),
        ({"count": "0", "total": "0", "scoreInPercentage": 100.0}, None),
        ({"count": "2001", "scoreInPercentage": 100.0}, None),
        ({"count": None}, None),
        ({"total": None}, None),
        ({"controlName": "SelfServicePasswordReset2"}, None),
    ],
    ids=[
        "nobody enabled", "percentage rounded", "no percentage", "another percentage",
        "full marks for nobody", "nobody counted", "more than all", "count null", "total null",
        "no such control",
    ],
)  # fmt: skip
async def test_numbers_that_say_nothing_are_not_counted(score, simulator, control, counted):
    answer_with(simulator, SSPR | control)
    assert (await score()).value.counted == counted


async def test_a_control_without_any_of_its_numbers_says_nothing(score, simulator):
    answer_with(simulator, {"controlName": "SelfServicePasswordReset", "description": None})
    assert (await score()).value == SecureScore(created_at=CREATED)


async def test_without_a_date_of_its_own_the_control_is_as_old_as_the_score(score, simulator):
    answer_with(simulator, SSPR | {"lastSynced": None})
    assert (await score()).value.as_of == CREATED


async def test_a_tenant_without_a_premium_plan_counts_nobody(score):
    assert (await score("free-tier")).value.counted is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"value": []}, SecureScore()),
        ({"value": [{"controlScores": None}]}, SecureScore()),
        ({"value": [{"controlScores": [{}]}]}, SecureScore()),
    ],
    ids=["no score yet", "no controls", "nameless control"],
)
async def test_where_there_is_no_score_nothing_is_known_of_it(score, simulator, body, found):
    simulator.fail("/security/secureScores", status=200, body=body)
    assert await score() == Known(found, as_of=ANY)


@pytest.mark.parametrize("number", ["", "many", "-1", "1.5", []], ids=repr)
async def test_a_number_that_is_none_is_malformed(score, simulator, number):
    for _ in range(2):
        answer_with(simulator, SSPR | {"count": number})
    answer = await score()
    assert isinstance(answer, Unavailable)
    assert answer.reason is Reason.MALFORMED


async def test_without_its_permission_the_score_is_refused(score):
    answer = await score(roles=set(ALL_ROLES) - {"SecurityEvents.Read.All"})
    assert isinstance(answer, Unavailable)
    assert (answer.reason, answer.permission) == (
        Reason.PERMISSION_MISSING,
        "SecurityEvents.Read.All",
    )


@pytest.mark.parametrize(
    ("cloud", "reason"),
    [("global", None), ("usgov", None), ("usgovdod", None), ("china", Reason.UNSUPPORTED)],
)
async def test_china_has_no_score_and_is_not_asked_for_one(score, simulator, cloud, reason):
    answer = await score(cloud=cloud)
    assert (answer.reason if isinstance(answer, Unavailable) else None) == reason
    assert len(simulator.requests) == (reason is None)


def test_a_score_is_kept_for_a_day_and_read_back_whole():
    assert isinstance(SECURE_SCORE, Gathered)
    assert SECURE_SCORE.every == timedelta(days=1)
    whole = SecureScore(1900, 2000, 95.0, SYNCED, CREATED)
    kept = msgspec.json.encode(whole)
    assert msgspec.json.decode(kept, type=SECURE_SCORE.shape) == whole
