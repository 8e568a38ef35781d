from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from checks.facts import Asked, Gathered
from checks.service_facts import (
    PORTALS,
    SERVICE_ISSUES,
    SERVICE_OVERVIEWS,
    Portal,
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

    def connect(name, *, roles=ALL_ROLES):
        simulator.tenant = scenario(name)
        environment = {
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
