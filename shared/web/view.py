"""What the pages show: stored values, made into words and shapes. Pure; templates arrange them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Protocol

from shared.history import OVERALL
from shared.model import Change, Current, Evidence, Standing, State, Verdict
from shared.settings import CONFIRM_AFTER, RECOVER_AFTER, Settings
from shared.text import Words
from shared.text.choose import Lang
from shared.text.links import localized
from shared.text.sentences import UNREADABLE
from shared.trend import History, Trend
from shared.web import labels
from shared.web.changes import title
from shared.web.check import Watched
from shared.web.figures import Figures, Past

PROBLEMS = frozenset({State.WARNING, State.CRITICAL})

# As checks write what they compare with: "2 h / 24 h".
_UNITS = {"h": "hours", "d": "days", "%": "percent"}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ([hd%])")
_AMOUNTS = re.compile(rf"{_AMOUNT.pattern}(?: / {_AMOUNT.pattern})*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(rf"{_DAY.pattern}T[\d:.]+(?:Z|[+-]\d\d:\d\d)")


class Ending(Protocol):
    """A date that approaches: see `checks.deadlines`."""

    @property
    def name(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def check(self) -> str: ...
    @property
    def touches(self) -> int | None: ...


@dataclass(frozen=True)
class House:
    """What the floor above knows, and the pages tell."""

    checks: Mapping[str, Watched]
    cause_of: Callable[[Verdict], str]
    deadlines: Callable[[Iterable[Verdict], datetime], Sequence[Ending]]


@dataclass(frozen=True, slots=True)
class Fact:
    """How something is known: where it was read, what it was, and what it is compared with."""

    source: str
    observed: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Guide:
    """A page that tells how to fix something; `lang` is the language it is written in."""

    link: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. `known`: it is in the catalogue, and has a page."""

    id: str
    known: bool
    title: str
    state: State
    code: str
    sentence: str
    fix: str | None
    guide: Guide | None
    since: str
    facts: Sequence[Fact]
    age: str
    permission: str | None
    past: Past | None


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with one cause; `lead` says most about it."""

    lead: Finding
    others: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Event:
    """A confirmed change."""

    at: str
    check: str
    known: bool
    title: str
    before: State
    after: State
    lasted: float


@dataclass(frozen=True, slots=True)
class Registered:
    """A row of the registration panel: numbers as in the portal's overview of methods."""

    who: str
    enabled: str
    registered: str
    capable: str
    coverage: str
    percent: float


@dataclass(frozen=True, slots=True)
class Date:
    """A date that approaches, or has passed and still touches somebody."""

    day: str
    when: str
    passed: bool
    told: str
    touches: str
    check: str


class View:
    """Makes what is stored into what is shown, for one reader at one time."""

    def __init__(self, house: House, settings: Settings, words: Words, now: datetime) -> None:
        self.figures = Figures(house.checks, settings, words)
        self._house = house
        self._settings = settings
        self._words = words
        self._now = now
        self._places = {check: place for place, check in enumerate(house.checks)}

    def findings(self, current: Current, trend: Trend) -> list[Finding]:
        """All checks, worst first, then as in the catalogue."""
        pasts = {history.check: self.figures.past(history) for history in trend.checks}
        standings = sorted(current.standings, key=lambda standing: self._order(standing.latest))
        return [self.finding(standing, pasts.get(standing.latest.check)) for standing in standings]

    def finding(self, standing: Standing, past: Past | None) -> Finding:
        words, verdict = self._words, standing.latest
        as_of = verdict.as_of
        return Finding(
            id=verdict.check,
            known=verdict.check in self._house.checks,
            title=words.title(verdict.check),
            state=verdict.state,
            code=verdict.code,
            sentence=words.sentence(verdict),
            fix=words.fix(verdict),
            guide=self._guide(verdict),
            since=self._since(standing),
            facts=[self._fact(evidence) for evidence in verdict.evidence],
            age=words.say(
                "This data is {age_seconds} old, of {as_of_at}.",
                age_seconds=max(0.0, (self._now - as_of).total_seconds()),
                as_of_at=as_of.isoformat(),
            )
            if as_of
            else "",
            permission=verdict.permission,
            past=past,
        )

    def problems(self, findings: Iterable[Finding], current: Current) -> list[Group]:
        """Warnings and worse, grouped by cause; worst first."""
        verdicts = {verdict.check: verdict for verdict in current.run.verdicts}
        groups: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.state in PROBLEMS:
                cause = self._house.cause_of(verdicts[finding.id])
                groups.setdefault(cause, []).append(finding)
        return [
            _led(sorted(found, key=lambda one: (-one.state.rank, one.id != cause)))
            for cause, found in groups.items()
        ]

    def unknowns(self, findings: Iterable[Finding]) -> list[Group]:
        """What could not be read, grouped by what would have to be so; else each on its own."""
        groups: dict[tuple[str, ...], list[Finding]] = {}
        for finding in findings:
            if finding.state is State.UNKNOWN:
                shared = finding.code in UNREADABLE
                key = (finding.code, finding.permission or "") if shared else (finding.id,)
                groups.setdefault(key, []).append(finding)
        return [_led(found) for found in groups.values()]

    def events(self, changes: Iterable[Change]) -> list[Event]:
        words = self._words
        return [
            Event(
                words.at(change.since),
                change.check,
                change.check in self._house.checks,
                title(change.check, words),
                change.before,
                change.after,
                change.lasted_seconds,
            )
            for change in changes
        ]

    def registered(self, current: Current) -> list[Registered]:
        """Users and administrators; none when the report could not be read."""
        verdicts = {verdict.check: verdict for verdict in current.run.verdicts}
        metrics = verdicts["registration"].metrics if "registration" in verdicts else {}
        words = self._words
        found = []
        for who, label in (
            ("users", words.say("Users")),
            ("administrators", words.say("Administrators")),
        ):
            counts = [metrics.get(f"{who}_{what}") for what in ("enabled", "registered", "capable")]
            enabled, registered, capable = (
                words.number(metric.value) if metric else "" for metric in counts
            )
            coverage = metrics.get(f"{who}_coverage")
            if counts[0]:
                found.append(
                    Registered(
                        label,
                        enabled,
                        registered,
                        capable,
                        words.percent(coverage.value) if coverage else "",
                        round(coverage.value * 100, 1) if coverage else 0.0,
                    )
                )
        return found

    def dates(self, current: Current) -> list[Date]:
        words, now = self._words, self._now
        told = labels.deadlines(words)
        found = []
        for ending in self._house.deadlines(current.run.verdicts, now):
            left = (datetime.combine(ending.day, time(), UTC) - now).total_seconds()
            found.append(
                Date(
                    words.day(ending.day),
                    words.say("in {left_seconds}", left_seconds=left)
                    if left > 0
                    else words.ago(-left),
                    left <= 0,
                    told[ending.name],
                    self._touches(ending.touches),
                    ending.check,
                )
            )
        return found

    def _touches(self, users: int | None) -> str:
        if users is None:
            return ""
        words = self._words
        if not users:
            return words.say("It touches nobody here.")
        return words.count("It touches {n} user.", "It touches {n} users.", users)

    def _order(self, verdict: Verdict) -> tuple[int, int]:
        return -verdict.state.rank, self._places.get(verdict.check, len(self._places))

    def _guide(self, verdict: Verdict) -> Guide | None:
        check = self._house.checks.get(verdict.check)
        return guide(check.link_for(verdict.code), self._words) if check else None

    def _since(self, standing: Standing) -> str:
        words, confirmed = self._words, standing.confirmed
        if confirmed is standing.latest.state:
            return words.say(
                "Seen since {since_at}, {lasted_seconds} by now.",
                since_at=standing.since.isoformat(),
                lasted_seconds=max(0.0, (self._now - standing.since).total_seconds()),
            )
        worse = standing.latest.state.rank > confirmed.rank
        runs = self._settings[CONFIRM_AFTER if worse else RECOVER_AFTER]
        return words.say(
            "Seen just now. It counts after {runs} runs in a row; confirmed so far: {state}.",
            runs=runs,
            state=words.state(confirmed),
        )

    def _fact(self, evidence: Evidence) -> Fact:
        return Fact(
            evidence.source, self._value(evidence.observed), self._value(evidence.threshold)
        )

    def _value(self, value: str | float | bool | None) -> str:
        words = self._words
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return words.number(value)
        if _AMOUNTS.fullmatch(value):
            return _AMOUNT.sub(
                lambda found: words.quantity(float(found[1]), _UNITS[found[2]]), value
            )
        try:
            if _DAY.fullmatch(value):
                return words.day(date.fromisoformat(value))
            if _MOMENT.fullmatch(value):
                return words.at(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            pass  # it only looks like a time, and is shown as it came
        return value


def guide(link: str, words: Words) -> Guide:
    """A page of Microsoft's in the reader's language, if there is one."""
    found, translated = localized(link, words.lang)
    return Guide(found, words.lang if translated else Lang.EN)


def overall(trend: Trend) -> History | None:
    return next((history for history in trend.checks if history.check == OVERALL), None)


def _led(found: Sequence[Finding]) -> Group:
    lead, *others = found
    return Group(lead, others)
