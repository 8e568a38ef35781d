"""The past that `dev.py run --history` lives through."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import monitor
from local import arguments, past, session
from local.past import Stretch, live_through
from local.story import PLOTS, Scene, Story
from shared import history
from shared.history import OVERALL
from shared.model import State
from shared.settings import Settings
from simulator import scenario
from simulator.tenant import Pages
from tests.conftest import NOW, World
from tests.local.test_session import folder, start

__all__ = ["folder"]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YEAR = 365 * DAY
SPAN = 3 * DAY
MIDNIGHT = NOW.replace(hour=0, minute=0)
EXPIRED = (NOW - 65 * HOUR, NOW - 47 * HOUR)
OFF = (NOW - 34 * HOUR, NOW - 14 * HOUR)


@pytest.fixture(autouse=True)
def rare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few runs, so that three days take seconds: every 6 hours, every 4 hours on the last day."""
    stretch = Stretch(DAY, run="0 0 */6 * * *", sweep="0 7 0 * * *", purge="0 37 2 * * *")
    monkeypatch.setattr(past, "STRETCHES", (stretch,))


def scene_at(moment: datetime) -> Scene:
    """The licence expires for some hours, and later the monitor is off for some."""
    expired = EXPIRED[0] <= moment < EXPIRED[1]
    tenant = scenario("licence-expired" if expired else "healthy")
    return Scene(tenant, watched=not OFF[0] <= moment < OFF[1])


async def live(
    world: World,
    scenes: Callable[[datetime], Scene] = scene_at,
    progress: Callable[[datetime], object] = lambda moment: None,
) -> int:
    settings = world.settings(SSPR_SCHEDULE="0 0 */4 * * *")
    return await live_through(
        settings, world.store(), world.graph, scenes, NOW - SPAN, NOW, progress=progress
    )


async def stored(world: World) -> tuple[Any, ...]:
    digests = await world.store().digests(NOW - SPAN, NOW)
    days = await world.store().days((NOW - SPAN).date(), NOW.date())
    changes, _ = await world.store().changes(NOW - SPAN)
    return digests, days, changes


async def test_the_past_is_what_the_real_loop_makes_of_its_scenes(world: World) -> None:
    runs = await live(world)
    digests, days, changes = await stored(world)
    older = (MIDNIGHT - 3 * DAY + hours * HOUR for hours in range(18, 61, 6))
    newer = (MIDNIGHT - DAY + hours * HOUR for hours in range(16, 36, 4))
    slots = [slot for slot in (*older, *newer) if scene_at(slot).watched]
    assert [digest.slot for digest in digests] == slots
    assert runs == len(slots)
    for day in days:
        assert day == history.roll_up(day.day, [d for d in digests if d.slot.date() == day.day])
    expires, renewed = reversed([c for c in changes if c.check == "premium_licence"])
    assert (expires.after, expires.code) == (State.CRITICAL, "licence_suspended")
    assert expires.since == min(slot for slot in slots if slot >= EXPIRED[0])
    assert renewed.after is State.HEALTHY
    assert renewed.since == min(slot for slot in slots if slot >= EXPIRED[1])


async def test_of_the_time_when_the_monitor_was_off_nothing_is_known(world: World) -> None:
    await live(world)
    digests, days, _ = await stored(world)
    assert max(b.slot - a.slot for a, b in pairwise(digests)) > OFF[1] - OFF[0]
    known = {day.day: sum(day.checks[OVERALL].seconds.values()) for day in days}
    assert known[(NOW - DAY).date()] == 6 * HOUR.total_seconds()


ASKED = {
    "object": "/v1.0/organization",
    "query": "/v1.0/users?$count=true&$filter=accountEnabled%20eq%20true&$top=2&$select=id",
    "refusal": "/v1.0/users?$select=shoeSize",
    "public page": "/_public/login",
}


@pytest.mark.parametrize("path", ASKED.values(), ids=ASKED)
async def test_without_a_connection_the_answer_is_the_same(world: World, path: str) -> None:
    headers = {"Authorization": f"Bearer {world.graph.token()}", "ConsistencyLevel": "eventual"}
    answers = []
    for transport in (None, past._Within(world.graph)):
        async with httpx.AsyncClient(transport=transport, headers=headers) as client:
            answer = await client.get(world.graph.endpoint + path)
        ids = {answer.headers[name] for name in ("request-id", "client-request-id")}
        told = re.sub("|".join(ids), "id", answer.text)
        answers.append((answer.status_code, answer.headers["Content-Type"], told))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("within", [False, True], ids=["over HTTP", "within"])
async def test_no_answer_is_a_failure_of_the_connection(world: World, within: bool) -> None:
    world.graph.tenant = replace(scenario("healthy"), pages=Pages.DROP)
    transport = past._Within(world.graph) if within else None
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{world.graph.endpoint}/_public/login")


async def test_a_second_start_adds_nothing(world: World) -> None:
    await live(world)
    before, asked = await stored(world), len(world.graph.requests)
    assert await live(world) == 0
    assert await stored(world) == before
    assert len(world.graph.requests) == asked


async def test_an_interrupted_past_is_gone_on_with(world: World) -> None:
    class Stop(Exception):  # noqa: N818 - nothing went wrong
        pass

    def interrupt(moment: datetime) -> None:
        if moment > NOW - 50 * HOUR:
            raise Stop

    with pytest.raises(Stop):
        await live(world, progress=interrupt)
    first, _, _ = await stored(world)
    second = await live(world)
    digests, _, changes = await stored(world)
    assert digests[: len(first)] == first
    assert len({digest.slot for digest in digests}) == len(first) + second
    states = [change.after for change in changes if change.check == "premium_licence"]
    assert states == [State.HEALTHY, State.CRITICAL]


@pytest.mark.parametrize("name", ["contoso", "connector-down", "scope-dropped", "cloud-sync"])
async def test_after_its_past_a_scenario_is_what_it_is_without_one(world: World, name: str) -> None:
    async def codes(settings: Settings) -> dict[str, str]:
        done = await monitor.run(settings, world.store(), NOW, connect=world.connect)
        current = (await world.store().current()).value
        assert current is not None
        assert current.run == done
        return {verdict.check: verdict.code for verdict in done.verdicts}

    world.graph.tenant = scenario(name)
    without = await codes(world.settings())
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    await live(world, Story(scenario(name), NOW - SPAN, NOW).at)
    assert world.graph.now() == NOW
    assert await codes(world.settings()) == without


# What gives each problem away, shortly before it ends.
NOTICED = {
    "writeback unreachable": ("writeback", "writeback_failing"),
    "writeback switched off by mistake": ("writeback", "writeback_disabled"),
    "every other reset refused": ("writeback_attempts", "attempts_fail"),
    "no synchronisation over a weekend": ("directory_sync", "sync_stopped"),
    "no password hashes": ("password_hash_sync", "hashes_stopped"),
    "licence expired": ("premium_licence", "licence_suspended"),
    "permission withdrawn": ("writeback", "permission_missing"),
    "reset service disabled": ("reset_service_principal", "principal_disabled"),
    "Entra degraded": ("service_health", "service_degraded"),
    "public pages down": ("endpoints", "none_reachable"),
    "Graph down": ("directory_sync", "unreachable"),
}


async def test_every_kind_of_problem_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest of each kind, in one run."""
    story = Story(scenario("healthy"), NOW - YEAR, NOW)
    moments = {problem.plot.name: problem.ends - HOUR for problem in story.problems}
    deeds = [(moments[name], past._run, world.settings()) for name in NOTICED]
    monkeypatch.setattr(past, "_due", lambda *_: sorted(deeds, key=lambda due: due[0]))
    await live(world, story.at)
    runs = {run.started_at: run.verdicts for run in await world.store().runs(NOW - YEAR, NOW)}
    for name, (check, code) in NOTICED.items():
        verdicts = {verdict.check: verdict.code for verdict in runs[moments[name]]}
        assert (name, verdicts[check]) == (name, code)


def test_there_is_a_problem_a_week_of_every_kind() -> None:
    problems = Story(scenario("healthy"), NOW - YEAR, NOW).problems
    mondays = [problem.begins - problem.plot.begins for problem in problems]
    assert {monday.weekday() for monday in mondays} == {0}
    assert len(set(mondays)) == len(mondays) > 50
    assert {problem.plot for problem in problems} == set(PLOTS)
    assert {plot.name for plot in PLOTS} - {"nothing", "monitor off"} == set(NOTICED)


def test_a_problem_keeps_its_time_when_now_moves_on() -> None:
    tenant = scenario("healthy")
    before = Story(tenant, NOW - 300 * DAY, NOW).problems
    after = Story(tenant, NOW - 300 * DAY, NOW + 20 * DAY).problems
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_registration_grows_over_the_year() -> None:
    story = Story(scenario("healthy"), NOW - YEAR, NOW)

    def registered(days: int) -> int:
        cohorts = story.at(NOW - days * DAY).tenant.cohorts
        assert sum(cohort.size for cohort in cohorts) == 2000
        return sum(cohort.size for cohort in cohorts if cohort.sspr_registered)

    assert registered(360) < registered(250) < registered(160) < registered(150) == registered(0)


@pytest.mark.parametrize("text", ["", "0d", "5", "d", "-1d", "1.5d", "9999d", "3 days"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(repr(text))):
        arguments.span(text)


@pytest.mark.parametrize(("text", "name"), [("2W", "14d"), ("48h", "2d"), ("36h", "36h")])
def test_a_span_names_its_folder(text: str, name: str) -> None:
    assert session.span_name(arguments.span(text)) == name


@pytest.mark.parametrize("whose", ["--tenant", "SSPR_GRAPH_ENDPOINT"])
async def test_only_a_simulated_tenant_has_a_past(
    whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSPR_GRAPH_ENDPOINT", "http://127.0.0.1:1")
    given = ["--tenant", str(uuid4())] if whose == "--tenant" else []
    parser = arguments.add_to(argparse.ArgumentParser())
    options = parser.parse_args(["--history", "3d", *given])
    with pytest.raises(session.RunError, match=f"--history .* {whose}"):
        async with session.watched(options):
            pass


def test_a_start_with_history_lives_through_it_once(folder: Path) -> None:
    runs = []
    for _ in range(2):
        with start(folder, "--once", "--history", "2h") as process:
            output, errors = process.communicate()
        assert process.returncode == 0, errors
        found = re.search(r"^Past: (\d+) runs in", output, re.MULTILINE)
        assert found, output
        runs.append(int(found[1]))
    # A quarter of an hour may have ended in between.
    assert runs[0] >= 1 >= runs[1]
