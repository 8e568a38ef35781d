"""A tenant seen before it began to be shown: how it came to be what it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator import Simulator, scenario

Call = Callable[..., Awaitable[Any]]
AGO = timedelta(minutes=10)


def show(graph: Simulator, name: str, before: timedelta) -> None:
    """The scenario so long before something came to be in it."""
    graph.tenant = scenario(name)
    graph.advance(-before - AGO)


async def organization(graph: Simulator, call: Call, name: str, *, beta: bool = False) -> timedelta:
    """How old the newest of a kind of synchronisation is."""
    [row] = (await call(f"/{'beta' if beta else 'v1.0'}/organization")).rows
    return graph.now() - datetime.fromisoformat(row[name])


async def test_until_its_last_run_synchronisation_ran_as_usual(
    graph: Simulator, call: Call
) -> None:
    show(graph, "sync-stale", timedelta(hours=26))
    age = await organization(graph, call, "onPremisesLastSyncDateTime")
    assert timedelta() <= age <= timedelta(minutes=30)
    graph.advance(2 * AGO)
    assert await organization(graph, call, "onPremisesLastSyncDateTime") == AGO


async def test_until_they_stopped_password_hashes_were_synchronised(
    graph: Simulator, call: Call
) -> None:
    show(graph, "password-sync-stale", timedelta(hours=5))
    newest = ("onPremisesLastPasswordSyncDateTime",)
    age = await organization(graph, call, *newest, beta=True)
    assert timedelta() <= age <= timedelta(minutes=2)
    graph.advance(2 * AGO)
    assert await organization(graph, call, *newest, beta=True) == AGO


async def test_until_it_was_quarantined_a_job_was_active(graph: Simulator, call: Call) -> None:
    async def codes() -> set[str]:
        principals = (await call("/v1.0/servicePrincipals")).rows
        jobs = [
            job
            for principal in principals
            for job in (
                await call(f"/v1.0/servicePrincipals/{principal['id']}/synchronization/jobs")
            ).rows
        ]
        return {job["status"]["code"] for job in jobs}

    show(graph, "cloud-sync-quarantine", timedelta(hours=7))
    assert await codes() == {"Active"}
    graph.advance(2 * AGO)
    assert await codes() == {"Active", "Quarantine"}


async def test_until_it_was_degraded_the_service_was_operational(
    graph: Simulator, call: Call
) -> None:
    async def state() -> tuple[str, int]:
        overviews = (await call("/v1.0/admin/serviceAnnouncement/healthOverviews")).rows
        issues = await call("/v1.0/admin/serviceAnnouncement/issues?$filter=endDateTime eq null")
        [entra] = [row["status"] for row in overviews if row["id"] == "OrgLiveID"]
        return entra, sum(row["service"] == "Microsoft Entra" for row in issues.rows)

    show(graph, "service-degraded", timedelta(hours=3))
    assert await state() == ("ServiceOperational", 0)
    graph.advance(2 * AGO)
    assert await state() == ("ServiceDegradation", 1)


@pytest.mark.parametrize("days", [0, 20, 100, 300])
async def test_there_was_always_a_certificate_in_its_life(
    graph: Simulator, call: Call, days: int
) -> None:
    show(graph, "certificate-expired", timedelta(days=days, hours=2))
    keys = [
        key
        for application in (await call("/v1.0/applications")).rows
        for key in application["keyCredentials"]
    ]
    begins = [datetime.fromisoformat(key["startDateTime"]) for key in keys]
    ends = [datetime.fromisoformat(key["endDateTime"]) for key in keys]
    assert max(begins) <= graph.now() < max(ends) <= graph.now() + timedelta(days=90)


async def test_what_was_asked_later_is_not_throttled_now(graph: Simulator, call: Call) -> None:
    reports = "/v1.0/auditLogs/directoryAudits"
    while (await call(reports)).status == 200:
        pass
    await call("/v1.0/organization")
    graph.advance(-timedelta(days=3))
    assert (await call(reports)).status == 200
    assert (await call("/v1.0/organization")).status == 200


@pytest.mark.parametrize("days", [1, 50, 200])
async def test_a_policy_was_never_changed_in_time_to_come(
    graph: Simulator, call: Call, days: int
) -> None:
    show(graph, "contoso", timedelta(days=days))
    policy = (await call("/v1.0/policies/authenticationMethodsPolicy")).body
    assert datetime.fromisoformat(policy["lastModifiedDateTime"]) <= graph.now()
