"""That the matrix of faults is right in its short form, and that it would show what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import checks
from checks.facts import Asked
from faults import graph
from faults.asked import Place, Way, places
from faults.history import Stored, digest_of, inconsistent
from faults.kinds import KINDS
from faults.trial import Cell, Outcome, Trial, made
from faults.world import NOW, World, opened
from shared.confirm import fold
from shared.graph import client
from shared.graph.client import Graph
from shared.history import roll_up
from shared.model import Current, Run, State, Verdict
from shared.settings import load
from shared.store import close_stores

ROOT = Path(__file__).parent.parent
PARTS = {"graph", "sign-in", "clock", "killed", "storage"}


def faults(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "faults", *map(str, arguments))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    """What the short form prints, and its cells."""
    file = tmp_path_factory.mktemp("faults") / "deeper" / "faults.json"
    done = faults("--short", "--json", file)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(file.read_text("utf-8"))["cells"]


def test_nothing_is_wrong_in_any_part(short: tuple[str, list[dict[str, Any]]]) -> None:
    _, cells = short
    elsewhere = {"killed"} if os.name != "posix" else set()
    assert {cell["part"] for cell in cells} == PARTS - elsewhere
    assert [cell for cell in cells if cell["wrong"]] == []


def test_every_word_of_a_cell_that_may_need_it_is_explained(
    short: tuple[str, list[dict[str, Any]]],
) -> None:
    printed, cells = short
    assert "none wrong" in printed
    assert "unknown: unreachable" in printed
    assert {"=", "down", "held"} <= {cell["word"] for cell in cells}


def test_a_part_that_does_not_exist_is_refused() -> None:
    done = faults("weather")
    assert done.returncode == 2
    assert "no part weather" in done.stderr


@pytest.fixture(scope="module")
async def world(storage: str) -> Any:
    async with opened(storage) as world:
        yield world
    await close_stores()


@pytest.fixture(scope="module")
async def asked(world: World) -> dict[str, Place]:
    return {place.name: place for place in await places(world, ["healthy"])}


def test_every_fact_is_asked_for_somewhere(asked: dict[str, Place]) -> None:
    facts = checks.needed(checks.CATALOGUE)
    by_question = {name for place in asked.values() for name in place.facts}
    asked_for = {fact.name for fact in facts} - {"contact_data"}  # read with the report
    assert asked_for == by_question
    items = {place.name for place in asked.values() if place.way is Way.ITEM}
    assert {fact.name for fact in facts if isinstance(fact, Asked)} <= items


def test_every_kind_of_fault_has_a_place(asked: dict[str, Place]) -> None:
    homeless = [k.name for k in KINDS if not any(graph.fits(p, k) for p in asked.values())]
    assert homeless == []


def test_the_short_form_has_one_of_each_kind_that_is_alike(asked: dict[str, Place]) -> None:
    pairs = [(place, kind) for kind in KINDS for place in asked.values() if graph.fits(place, kind)]
    few = graph.thinned(pairs)
    assert {kind.alike for _, kind in few} == {kind.alike for kind in KINDS}
    assert len(few) < len(KINDS)


async def attempt(world: World, place: Place, name: str) -> Cell:
    """The cell of a place and a kind."""
    (kind,) = (kind for kind in KINDS if kind.name == name)
    known = await graph.reference(world, place.scenario, anew=False)

    async def attempted() -> Outcome:
        return await graph._attempt(world, known, place, kind)

    return await made(Trial("graph", kind.group, place.name, name, attempted), world)


def follow_anything(self: Graph, link: str) -> bool:
    return True


async def test_a_token_that_is_sent_elsewhere_is_seen(
    world: World, asked: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Graph, "_is_ours", follow_anything)
    cell = await attempt(world, asked["role_assignments"], "port")
    assert any(what.startswith("token: ") for what in cell.wrong)


async def test_a_wrong_reason_is_seen(
    world: World, asked: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.graph.failures._TRANSIENT", frozenset())
    cell = await attempt(world, asked["organization"], "503")
    assert any(what.startswith("reason: directory_sync") for what in cell.wrong)


async def test_a_fault_that_harms_others_is_seen(
    world: World, asked: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = client._readable

    def all_or_none(batch: Any) -> Iterator[Any]:
        replies = list(readable(batch))
        return iter(replies if len(replies) == len(batch.responses) else ())

    monkeypatch.setattr(client, "_readable", all_or_none)
    cell = await attempt(world, asked["organization"], "no status")
    assert any(what.startswith("others: ") for what in cell.wrong)


def made_of(*states: State) -> Stored:
    """What is stored of runs that were all told well."""
    runs = [
        Run("t", NOW + index * timedelta(minutes=15), NOW, 1.0, 4, (Verdict("writeback", s, "c"),))
        for index, s in enumerate(states)
    ]
    current = fold(None, runs[:-1], runs[-1], confirm_after=2, recover_after=2)
    day = roll_up(NOW.date(), [digest_of(run) for run in runs])
    return Stored(runs, [day], current.changes, current, None, None, {})


GONE_BAD = made_of(State.HEALTHY, State.CRITICAL, State.CRITICAL)


def changed(stored: Stored, **values: Any) -> Stored:
    return Stored(**{**vars(stored), **values})


def earlier(current: Current | None) -> Current:
    assert current
    return msgspec.structs.replace(current, run=GONE_BAD.runs[0])


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        (GONE_BAD, []),
        (changed(GONE_BAD, changes=[]), ["lost"]),
        (changed(made_of(State.HEALTHY), changes=GONE_BAD.changes), ["doubled"]),
        (changed(GONE_BAD, current=None), ["lost"]),
        (changed(GONE_BAD, current=earlier(GONE_BAD.current)), ["back"]),
        (changed(GONE_BAD, days=[]), ["day"]),
        (changed(GONE_BAD, days=made_of(State.HEALTHY).days), ["day"]),
    ],
    ids=["right", "change", "doubled", "status", "backwards", "no day", "old day"],
)
def test_what_contradicts_the_runs_is_seen(stored: Stored, wrong: list[str]) -> None:
    settings = load(
        {
            "SSPR_TENANT_ID": "00000000-0000-4000-8000-000000000000",
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        },
        checks.THRESHOLDS,
    )
    assert [what.partition(":")[0] for what in inconsistent(stored, settings)] == wrong
