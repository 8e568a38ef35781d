"""Every question to Graph, and every batch, with every fault that it can meet."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

import monitor
from checks.facts import AUDIT_TRAIL, REGISTRATION, RESETS_ELSEWHERE
from collect.sweep import PASSING
from faults.asked import SCENARIOS, Place, Way, places
from faults.history import (
    Rows,
    Stored,
    different,
    inconsistent,
    put,
    read,
    said,
    same,
    taken,
    touched,
)
from faults.kinds import KINDS, Comes, Kind
from faults.scene import Scene
from faults.trial import Outcome, Trial
from faults.world import NOW, STEP, World, anybody, impatient
from shared.graph.client import REQUEST_TIMEOUT, Graph
from shared.graph.connection import MOST_BYTES
from shared.model import LASTING, Reason, Run, State, Verdict
from shared.store import AUDIT, GATHERED, SWEEP
from simulator.faults import Fault

PART = "graph"

WORDS = {
    Reason.SIGN_IN_FAILED: "sign-in",
    Reason.PERMISSION_MISSING: "role",
    Reason.LICENCE_MISSING: "licence",
    Reason.UNSUPPORTED: "absent",
    Reason.THROTTLED: "busy",
    Reason.UNREACHABLE: "down",
    Reason.TIMEOUT: "late",
    Reason.REFUSED: "refused",
    Reason.MALFORMED: "odd",
    Reason.NOT_COLLECTED: "waiting",
}
"""Reasons, as short as a cell is narrow."""

# Where no check becomes unknown: issues are only counted beside the status of the service.
_ASIDE = frozenset({"service_issues"})
# What a check says when its first source cannot be read, and a second one can; and when what is
# looked up beside the report was refused for good, so that the report is told without it.
_INSTEAD = frozenset(
    {("sspr_enabled", "enabled_by_score"), ("directory_contact_data", "not_looked_up")}
)


@dataclass(frozen=True)
class Reference:
    """A past, and how two runs go after it when nothing is wrong; `asked`: by the first of them."""

    past: Rows
    now: Run
    later: Run
    stored: Stored
    asked: Sequence[tuple[str, str, str, Mapping[str, str]]]

    def asks(self, place: Place) -> bool:
        rule = Fault(path=place.path, query=place.query, when=place.version, times=None)
        return any(rule.meets(*asked) for asked in self.asked)


async def reference(world: World, scenario: str, *, anew: bool) -> Reference:
    """Two runs for a past, of which everything is kept but what would not be asked for again."""
    world.show(scenario, NOW - 2 * STEP)
    tenant = anybody()
    await _run(world, tenant, -2)
    await _run(world, tenant, -1)
    gone = {SWEEP, GATHERED, AUDIT} if anew else {SWEEP, GATHERED}
    past = await taken(world.store(tenant), gone)
    world.show(scenario)
    tenant = anybody()
    await put(world.store(tenant), past)
    now, asked = await _run(world, tenant, 0), list(_asked(world))
    later = await _run(world, tenant, 1)
    stored = await read(world.store(tenant), NOW)
    if wrong := tuple(inconsistent(stored, world.settings(tenant))):
        raise AssertionError(f"without any fault, in {scenario}: {wrong}")
    return Reference(past, now, later, stored, asked)


def _asked(world: World) -> Iterator[tuple[str, str, str, Mapping[str, str]]]:
    """Method, version, path and query of all that was asked."""
    for request in world.graph.requests:
        _, version, path = request.path.split("/", 2)
        yield request.method, version, f"/{path}", request.query
        yield from ((item.method, version, item.path, item.query) for item in request.items)


async def _run(
    world: World,
    tenant: str,
    step: int,
    connect: Callable[..., AbstractAsyncContextManager[Graph]] | None = None,
) -> Run:
    """A run as a new instance of the app makes it, so many steps from NOW."""
    at = world.clock.at = NOW + step * STEP
    return await monitor.run(
        world.settings(tenant), world.store(tenant), at, connect=connect or world.connect
    )


class References:
    """One for each scenario, and one more for what is only asked to read the audit log anew."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[tuple[str, bool], Reference] = {}

    async def of(self, place: Place) -> Reference:
        for anew in (False, True):
            key = place.scenario, anew
            if key not in self._made:
                self._made[key] = await reference(self._world, place.scenario, anew=anew)
            if self._made[key].asks(place):
                return self._made[key]
        raise AssertionError(f"no run asks for {place.name}")


async def trials(scene: Scene, *, short: bool) -> list[Trial]:
    world = scene.world
    found = await places(world, SCENARIOS[:1] if short else SCENARIOS)
    references = References(world)
    pairs = [(place, kind) for kind in KINDS for place in found if fits(place, kind)]
    return [
        Trial(
            PART,
            kind.group,
            place.name,
            kind.name,
            partial(_attempt, world, await references.of(place), place, kind),
        )
        for place, kind in (thinned(pairs) if short else pairs)
    ]


def fits(place: Place, kind: Kind) -> bool:
    return place.way in kind.on and (place.paged or not kind.paged)


def thinned(pairs: Sequence[tuple[Place, Kind]]) -> list[tuple[Place, Kind]]:
    """Few of them: of kinds that should come to the same one, each at another place."""
    kept: list[tuple[Place, Kind]] = []
    uses: dict[str, int] = {}
    for kind in {kind.alike: kind for _, kind in reversed(pairs)}.values():
        place = min(
            (place for place, other in pairs if other is kind),
            key=lambda place: uses.get(place.name, 0),
        )
        uses[place.name] = uses.get(place.name, 0) + 1
        kept.append((place, kind))
    return kept


async def _attempt(world: World, known: Reference, place: Place, kind: Kind) -> Outcome:
    world.show(place.scenario)
    tenant = anybody()
    await put(world.store(tenant), known.past)
    with ExitStack() as stack:
        connect = world.connect
        if kind.refuses:
            rules = [Fault(path=place.path, query=place.query, when=place.version, times=None)]
            connect = partial(_refused, world, rules[0], stack.enter_context(_closed_port()))
        else:
            rules = [
                world.graph.fail(**_where(place, kind) | rule) for rule in kind.rules(world, place)
            ]
        stack.enter_context(impatient() if kind.slow else nullcontext())
        seen = await _run(world, tenant, 0, connect)
    spent = (world.clock.at - NOW).total_seconds()
    waits = list(world.clock.waits)
    world.graph.heal()
    later = await _run(world, tenant, 1)
    stored = await read(world.store(tenant), NOW)
    wrong = [
        *_of_the_fault(world, kind, rules, spent, waits),
        *_of_the_run(known.now, seen, place, kind, spent),
        *_of_the_next(known, later, place, kind),
        *inconsistent(stored, world.settings(tenant)),
        *_of_the_tables(known, stored, place, kind),
    ]
    return Outcome(_word(known.now, seen), tuple(wrong))


def _where(place: Place, kind: Kind) -> dict[str, Any]:
    return {
        "path": place.path,
        "query": place.query,
        "when": place.version,
        "times": kind.times,
    }


def _word(clean: Run, seen: Run) -> str:
    """What those checks say that say something else."""
    codes = [
        verdict.code
        for verdict, before in zip(seen.verdicts, clean.verdicts, strict=True)
        if not same(verdict, before)
    ]
    if not codes:
        return "="
    code = max(set(codes), key=codes.count)
    return WORDS[Reason(code)] if code in set(Reason) else code.split("_")[-1]


def _of_the_fault(
    world: World, kind: Kind, rules: Sequence[Fault], spent: float, waits: Sequence[float]
) -> Iterator[str]:
    """The fault was met, cost what it may, and sent us nowhere."""
    if not rules[0].hits:
        yield "unmet: nothing asked for it"
    if spent > monitor.RUN_SECONDS + REQUEST_TIMEOUT:
        yield f"budget: {spent:.0f} s"
    if kind.waits and not any(kind.waits[0] <= wait <= kind.waits[1] + 0.001 for wait in waits):
        yield f"wait: {waits} instead of {kind.waits}"
    if world.foreign.heard:
        yield f"token: {world.foreign.heard[0][:200]!r} went elsewhere"
    if any(rule.sent > rule.hits * _MOST_SENT for rule in rules):
        yield f"huge: {sum(rule.sent for rule in rules)} bytes were read"


# Of one answer: what is read at most, and as much again that may be on its way by then.
_MOST_SENT = 2 * MOST_BYTES


def _of_the_run(clean: Run, seen: Run, place: Place, kind: Kind, spent: float) -> Iterator[str]:
    """Only checks that need what failed say something else, and they say why."""
    told = 0
    comes = kind.comes
    if place.way is Way.PUBLIC:
        comes = Comes.NO_ALARM if kind.lost else Comes.NOTHING
    # Two minutes are all there is: what was not asked by then is told to have come too late.
    exhausted = spent > monitor.RUN_SECONDS - REQUEST_TIMEOUT
    for before, verdict in zip(clean.verdicts, seen.verdicts, strict=True):
        if same(before, verdict):
            continue
        code = f"{verdict.check} {verdict.state} {verdict.code}"
        if exhausted and verdict.code == Reason.TIMEOUT:
            told += 1
        elif not touched(verdict.check, place.facts):
            yield f"others: {code}"
        elif comes is Comes.NOTHING:
            yield f"changed: {code}"
        elif place.way is Way.PUBLIC:
            told += verdict.code == "some_unreachable"
        elif comes in (Comes.NO_ALARM, Comes.BELIEVED):
            if verdict.code == "internal_error" or (
                comes is Comes.NO_ALARM and _alarming(before, verdict)
            ):
                yield f"alarm: {code}"
        elif (verdict.check, verdict.code) in _INSTEAD:
            told += 1
        elif verdict.state is not State.UNKNOWN or verdict.code != comes:
            yield f"reason: {code} instead of {comes}"
        elif not _named(verdict, place, kind):
            yield f"permission: {code} names {verdict.permission}"
        else:
            told += 1
    needed = place.name not in _ASIDE and not place.optional
    if needed and not told and (isinstance(comes, Reason) or kind.lost):
        yield "silent: no check says so"


def _alarming(before: Verdict, verdict: Verdict) -> bool:
    """Worse than before for what could not be read, or better."""
    if verdict.state is State.HEALTHY:
        return before.state is not State.HEALTHY
    return verdict.state.rank > max(before.state.rank, State.UNKNOWN.rank)


def _named(verdict: Verdict, place: Place, kind: Kind) -> bool:
    if kind.comes is not Reason.PERMISSION_MISSING:
        return verdict.permission is None
    if place.way is Way.BATCH and kind.permission is None:
        return verdict.permission is not None
    return verdict.permission == (kind.permission or place.permission)


def _of_the_next(known: Reference, later: Run, place: Place, kind: Kind) -> Iterator[str]:
    """The next run is as if nothing had been."""
    for before, verdict in zip(known.later.verdicts, later.verdicts, strict=True):
        if touched(verdict.check, _remembered(place, kind)):
            continue
        if said(verdict) != said(before):
            yield f"next: {said(verdict)} instead of {said(before)}"


def _of_the_tables(known: Reference, stored: Stored, place: Place, kind: Kind) -> Iterator[str]:
    if [run.slot for run in stored.runs] != [run.slot for run in known.stored.runs]:
        yield f"lost: runs {[run.slot for run in stored.runs]}"
    if _remembered(place, kind):
        return
    if {(c.check, c.slot) for c in stored.changes} != {
        (c.check, c.slot) for c in known.stored.changes
    }:
        yield "change: one odd run was confirmed"
    yield from different(stored, known.stored)


def _remembered(place: Place, kind: Kind) -> frozenset[str]:
    """The facts that the next run does not find out anew.

    What is optional, and refused, is not asked for again before a day has passed. What was read of
    a log or a report is not read again, so what was believed of it stays until there is more.
    """
    if place.optional and kind.comes in LASTING:
        return place.facts
    # What is looked up beside the report, and refused, is left out of it.
    beside = REGISTRATION.name in place.facts and place.way is not Way.ALONE
    if beside and isinstance(kind.comes, Reason) and kind.comes not in PASSING:
        return frozenset({REGISTRATION.name})
    if kind.comes in (Comes.NO_ALARM, Comes.BELIEVED):
        return place.facts & {fact.name for fact in (AUDIT_TRAIL, RESETS_ELSEWHERE, REGISTRATION)}
    return frozenset()


@asynccontextmanager
async def _refused(
    world: World, rule: Fault, port: int, *args: Any, **options: Any
) -> AsyncIterator[Graph]:
    """Graph whose questions that a rule meets are sent where nobody listens."""

    async def led_astray(request: httpx.Request) -> None:
        _, version, path = request.url.path.split("/", 2)
        if rule.meets(request.method, version, f"/{path}", dict(request.url.params)):
            rule.hits += 1
            request.url = request.url.copy_with(port=port)

    async with world.connect(*args, **options) as graph:
        graph._public.event_hooks = {"request": [led_astray]}
        yield graph


class _closed_port:  # noqa: N801
    """A port that is taken, and where nobody listens."""

    def __enter__(self) -> int:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return int(self._socket.getsockname()[1])

    def __exit__(self, *exc: object) -> None:
        self._socket.close()
