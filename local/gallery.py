"""Pages to look at: tenants with real runs of now and an invented past, without app or storage.

The past is not lived through: states come in spells and metrics in curves, the same at every start.
Each tenant has a host of its own, so that links lead from page to page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from math import ceil, pi, sin
from random import Random
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import msgspec

import checks
import monitor
from checks.causes import cause_of
from checks.deadlines import deadlines
from local.session import RunError
from shared.graph.client import open_graph
from shared.history import OVERALL, Day, Digest, digest, roll_up
from shared.model import Change, Current, Metric, Run, State, Verdict
from shared.settings import load
from shared.store import store_for
from shared.text import Lang, Words, words
from shared.text.choose import choose
from shared.trend import By, Trend, Window, bounds, of_days, of_runs
from shared.web import page
from shared.web.answers import Answer, storage_unreachable
from shared.web.asked import Asked
from shared.web.status import no_run_yet
from shared.web.view import House
from simulator import ALL_ROLES, TENANT_ID, Simulator, Tenant

HOST = "gallery.example"
HOUSE = House(checks.BY_ID, cause_of, deadlines)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RUN = timedelta(minutes=15)
EMPTY = ("new", "pending")
_BAD = (State.WARNING, State.WARNING, State.CRITICAL, State.UNKNOWN)


@dataclass(frozen=True)
class Spell:
    """A state of a check for a while."""

    state: State
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


async def watched(
    storage: str, tenant: Tenant, now: datetime, *, lacks: str | None = None
) -> Current:
    """What three runs up to now make of a simulated tenant, one permission withheld if named."""
    async with Simulator(tenant, clock=lambda: now) as graph:
        roles = set(ALL_ROLES) - {lacks}
        settings = load(
            {
                "AzureWebJobsStorage": storage,
                "SSPR_TENANT_ID": str(uuid4()),
                "SSPR_GRAPH_ENDPOINT": graph.endpoint,
                "SSPR_GRAPH_TOKEN": graph.token(roles),
            },
            checks.THRESHOLDS,
        )

        async def sleep(seconds: float) -> None:
            graph.advance(timedelta(seconds=seconds))

        connect = partial(open_graph, sleep=sleep, clock=lambda: now.timestamp(), now=lambda: now)
        store = store_for(settings)
        for n in (2, 1, 0):
            await monitor.run(settings, store, now - n * RUN, connect=connect)
        current = (await store.current()).value
    if current is None:
        raise RunError("the runs were not stored")
    return msgspec.structs.replace(
        current, run=msgspec.structs.replace(current.run, tenant=TENANT_ID)
    )


class Past:
    """What has been of a tenant before `now`; `spells` is how many each check had in a year.

    What is wrong now began some hours ago; `current` says so.
    """

    def __init__(self, current: Current, now: datetime, *, spells: int = 4) -> None:
        self._now = now
        self._run = current.run
        self._metrics = {verdict.check: verdict.metrics for verdict in current.run.verdicts}
        self._spells = {
            verdict.check: list(_invented(verdict, now, spells)) for verdict in current.run.verdicts
        }
        self._trends: dict[Window, Trend] = {}
        self._off = [(now - n * DAY, now - n * DAY + 9 * HOUR) for n in (17, 61)]
        self.current = msgspec.structs.replace(
            current,
            standings=tuple(
                msgspec.structs.replace(one, since=self._spells[one.latest.check][-1].start)
                for one in current.standings
            ),
        )

    def trend(self, window: Window, check: str | None = None) -> Trend:
        """Of one check, or of everything; as the app makes it, by run up to 30 days."""
        made = self._trends.get(window) or self._trends.setdefault(window, self._trend(window))
        return (
            made
            if check is None
            else replace(
                made, checks=[history for history in made.checks if history.check == check]
            )
        )

    def _trend(self, window: Window) -> Trend:
        by = By.RUN if window.days <= Window.MONTH.days else By.DAY
        start, end = bounds(window, by, self._now)
        changes, ids = self._changes(start), [OVERALL, *self._spells]
        if by is By.RUN:
            return of_runs(window, self._now, self._digests(start, end, RUN), ids, changes)
        return of_days(window, self._now, self._days(start, end), ids, changes)

    def _changes(self, since: datetime) -> list[Change]:
        return [
            Change(check, after.start, after.start, before.state, after.state, "", before.seconds)
            for check, spells in self._spells.items()
            for before, after in pairwise(spells)
            if after.start >= since
        ]

    def _days(self, start: datetime, end: datetime) -> Iterator[Day]:
        day = start
        while day < end:
            yield roll_up(day.date(), self._digests(day, min(day + DAY, end), HOUR))
            day += DAY

    def _digests(self, start: datetime, end: datetime, step: timedelta) -> list[Digest]:
        """A run at every full step, but for the hours that the monitor was off."""
        slots = (start + n * step for n in range(ceil((end - start) / step)))
        watched = (slot for slot in slots if not any(off <= slot < on for off, on in self._off))
        return [self._digest(slot, step.total_seconds()) for slot in watched]

    def _digest(self, slot: datetime, interval: float) -> Digest:
        verdicts = tuple(self._verdict(check, slot) for check in self._spells)
        return digest(Run(self._run.tenant, slot, slot, 1.0, 4, verdicts, interval))

    def _verdict(self, check: str, slot: datetime) -> Verdict:
        spells = self._spells[check]
        spell = next((one for one in reversed(spells) if one.start <= slot), spells[0])
        if spell.state is State.UNKNOWN:
            return Verdict(check, spell.state, "")
        age = self._now - slot
        metrics = {
            name: Metric(_curve(name, metric, age, slot - spell.start, spell.state), metric.unit)
            for name, metric in self._metrics[check].items()
        }
        return Verdict(check, spell.state, "", metrics=metrics)


def _invented(latest: Verdict, now: datetime, number: int) -> Iterator[Spell]:
    """States one after another, from more than a year ago until now; the last is the latest."""
    random = Random(latest.check)  # noqa: S311 - invented, not secret
    at, last = now - 400 * DAY, now - random.uniform(5, 9) * HOUR
    if latest.state is State.NOT_APPLICABLE:
        yield Spell(latest.state, at, now)
        return
    for days in sorted((random.uniform(3, 390) for _ in range(number)), reverse=True):
        start = now - days * DAY
        end = start + random.choice((3, 7, 20, 40)) * HOUR
        if at < start and end < last:
            yield Spell(State.HEALTHY, at, start)
            yield Spell(random.choice(_BAD), start, end)
            at = end
    if latest.state is State.HEALTHY:
        last = now
    yield Spell(State.HEALTHY, at, last)
    if last < now:
        yield Spell(latest.state, last, now)


def _curve(name: str, metric: Metric, age: timedelta, lasted: timedelta, state: State) -> float:
    """What a metric was so long before it is what it is, in a state that had lasted so long."""
    days = age / DAY
    wave = sin(days * 2 * pi) * 0.01 + sin(days / 9) * 0.05
    match metric.unit:
        case "seconds" if name.endswith("_left"):
            return metric.value + age.total_seconds()
        case "seconds" if state in _BAD:
            return max(lasted.total_seconds(), metric.value - age.total_seconds())
        case "seconds":
            return (age % (2 * RUN)).total_seconds()
        case "ratio" if name.endswith("coverage"):
            return metric.value * (1 - 0.25 * min(1.0, days / 365))
        case "ratio" if name == "success" and state not in _BAD:
            return 0.94 + wave / 2
        case "ratio":
            return min(1.0, metric.value * (1 + wave))
        case _:
            return float(round(metric.value * (1 + wave)))


class Gallery:
    """Answers as the app would, for tenants by name, at `http://<name>.<HOST>/api/...`.

    The tenants `pending` and `unreachable` are those that nothing can be shown of yet. `new` is
    `tenants[0]` without a past, and `stopped` is it when its monitor has not run for hours.
    """

    def __init__(self, tenants: Mapping[str, Current], now: datetime) -> None:
        self._now = now
        self._pasts = {name: Past(current, now) for name, current in tenants.items()}
        self._first = next(iter(tenants.values()))
        self._settings = load(
            {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "SSPR_TENANT_ID": TENANT_ID},
            checks.THRESHOLDS,
        )

    def answer(self, url: str, reader: Words | None = None) -> Answer:
        """What the app would answer to a browser; in other words than asked for, if given."""
        parts = urlsplit(url)
        params = dict(parse_qsl(parts.query))
        tenant, path = (parts.hostname or "").removesuffix(f".{HOST}"), parts.path[len("/api/") :]
        reader = reader or words(choose(params.get("lang"), None, Lang.EN))
        now = self._now + 3 * HOUR if tenant == "stopped" else self._now
        asked = Asked(self._settings, reader, now, params, "text/html")
        if path == "explain":
            question, has_key = page.asked_of(url)
            to = page.links(url, path, reader, has_key=has_key)
            return page.explain(reader, to, HOUSE, question)
        to = page.links(url, path, reader)
        if tenant == "pending" and path == "status":
            return page.trouble(reader, to, no_run_yet(asked), due=page.next_run(asked))
        if tenant == "unreachable":
            return page.trouble(reader, to, storage_unreachable(reader))
        past = self._pasts.get(tenant) or next(iter(self._pasts.values()))
        window = Window(params.get("window", Window.DAY if tenant in EMPTY else Window.QUARTER))
        if path == "status":
            if tenant == "new":
                return page.status(asked, to, HOUSE, self._first, _nothing(window, now))
            return page.status(asked, to, HOUSE, past.current, past.trend(window))
        check = path.removeprefix("checks/")
        if tenant == "pending":
            trends = {each: _nothing(each, now, check) for each in Window}
            return page.check(asked, to, HOUSE, check, None, trends[window], trends)
        trends = {each: past.trend(each, check) for each in Window}
        return page.check(asked, to, HOUSE, check, past.current, trends[window], trends)


def _nothing(window: Window, now: datetime, *checks: str) -> Trend:
    """The trend of a monitor that has just begun."""
    return of_days(window, now, [], checks or [OVERALL, *HOUSE.checks])
