"""What has been: time shares of states, uptime, and metrics over a window, from what is stored.

Time belongs to runs: each speaks for a while (see `shared.history`), and what no run speaks for is
a gap. A gap is a share of its own: never filled in from its neighbours, never healthy, never down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import fsum

from shared.history import Day, Digest, Rollup, Spread, spoken_for
from shared.model import Change, Metric, State

ONE_DAY = timedelta(days=1)
_KNOWN = frozenset({State.HEALTHY, State.WARNING, State.CRITICAL})


class Window(StrEnum):
    """How far back a trend reaches."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "365d"

    @property
    def days(self) -> int:
        return 1 if self is Window.DAY else int(self.removesuffix("d"))


class By(StrEnum):
    """What a trend is made of: every run, or what was summed up of every day (UTC)."""

    RUN = "run"
    DAY = "day"


# Of what is shown as a strip: at most 91 periods, that begin at full hours of the clock.
_STEPS: Mapping[Window, timedelta] = {
    Window.DAY: timedelta(hours=1),
    Window.WEEK: timedelta(hours=2),
    Window.MONTH: timedelta(hours=8),
}


@dataclass(frozen=True, slots=True)
class Period:
    """What was so over a stretch of time: seconds by state. The rest is a gap."""

    start: datetime
    end: datetime
    seconds: Mapping[State, float]

    @property
    def length(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def gap(self) -> float:
        return max(0.0, self.length - fsum(self.seconds.values()))

    @property
    def state(self) -> State | None:
        """The worst state in it; None when all of it is a gap."""
        return max(self.seconds, key=lambda state: state.rank, default=None)

    @property
    def uptime(self) -> float | None:
        """Time that is known and not critical, of all time that is known (0 to 1)."""
        known = fsum(self.seconds.get(state, 0.0) for state in _KNOWN)
        return 1 - self.seconds.get(State.CRITICAL, 0.0) / known if known else None

    def share(self, state: State) -> float:
        """Of the whole period (0 to 1). All shares and that of the gap make 1."""
        return self._of_whole(self.seconds.get(state, 0.0))

    @property
    def gap_share(self) -> float:
        return self._of_whole(self.gap)

    def _of_whole(self, seconds: float) -> float:
        # Sums of parts may exceed the whole by the last digit of a float.
        whole = max(self.length, fsum(self.seconds.values()))
        return seconds / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """A metric, one value for each of the trend's periods; None where there is none.

    By day a value is the mean, beside the `least` and the `most` of the day.
    """

    metric: str
    unit: str
    values: Sequence[float | None]
    least: Sequence[float | None] | None = None
    most: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A check over a window. `periods` are those of the trend; `strip` are few enough to show."""

    check: str
    whole: Period
    periods: Sequence[Period]
    strip: Sequence[Period]
    series: Sequence[Series]
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Trend:
    """Checks over a window, in periods without a break from `start` to `end`.

    By run, a period is what one run speaks for, or a gap between two. `gaps` are periods for which
    nothing is stored of any check.
    """

    window: Window
    by: By
    start: datetime
    end: datetime
    periods: Sequence[Period]
    gaps: Sequence[Period]
    checks: Sequence[History]


def bounds(window: Window, by: By, now: datetime) -> tuple[datetime, datetime]:
    """Start and end: by run the time up to now, by day whole days and what there is of today.

    Now is the last full minute, so that the same is answered for a while.
    """
    end = now.replace(second=0, microsecond=0)
    if by is By.RUN:
        return end - timedelta(days=window.days), end
    return _midnight(end.date()) - (window.days - 1) * ONE_DAY, end


def of_runs(
    window: Window,
    now: datetime,
    digests: Sequence[Digest],
    checks: Iterable[str],
    changes: Iterable[Change] = (),
    metrics: Collection[str] | None = None,
) -> Trend:
    """The trend of these checks from runs, oldest first.

    The last run before the window belongs to them, as it may speak into it.
    """
    start, end = bounds(window, By.RUN, now)
    stretches = list(_stretches(digests, start, end))
    seen = [run.seen if run else {} for _, _, run in stretches]
    # A period is the same for all checks in the same state, and there are thousands.
    made: dict[tuple[datetime, State | None], Period] = {}

    def period(start: datetime, end: datetime, state: State | None) -> Period:
        known = made.get((start, state))
        if known is None:
            spent = {state: (end - start).total_seconds()} if state else {}
            known = made[start, state] = Period(start, end, spent)
        return known

    def states(check: str) -> list[Period]:
        return [
            period(start, end, of[check].state if check in of else None)
            for (start, end, _), of in zip(stretches, seen, strict=True)
        ]

    def series(check: str) -> list[Series]:
        found = [of[check].metrics if check in of else {} for of in seen]
        return [_by_run(name, found) for name in _names(found, metrics)]

    return _trend(
        window,
        By.RUN,
        [period(start, end, None) for start, end, _ in stretches],
        [period(start, end, None) for start, end, run in stretches if run is None],
        {check: (states(check), series(check)) for check in checks},
        changes,
    )


def of_days(
    window: Window,
    now: datetime,
    days: Iterable[Day],
    checks: Iterable[str],
    changes: Iterable[Change] = (),
    metrics: Collection[str] | None = None,
) -> Trend:
    """The trend of these checks from days, of which some may lie before the window."""
    start, end = bounds(window, By.DAY, now)
    stored = {day.day: day.checks for day in days}
    today = start.date() + (window.days - 1) * ONE_DAY
    first = min([*stored, start.date()])
    dates = [first + n * ONE_DAY for n in range((today - first).days + 1)]
    all_days = [Period(_midnight(day), min(_midnight(day + ONE_DAY), end), {}) for day in dates]
    before = len(dates) - window.days

    def found(check: str) -> list[Rollup | None]:
        return [stored[day].get(check) if day in stored else None for day in dates]

    def states(rollups: Iterable[Rollup | None]) -> list[Period]:
        seconds = [rollup.seconds if rollup else {} for rollup in rollups]
        return list(_spilled(all_days, seconds))[before:]

    def series(rollups: Iterable[Rollup | None]) -> list[Series]:
        measured = [rollup.metrics if rollup else {} for rollup in rollups]
        return [_by_day(name, measured) for name in _names(measured, metrics)]

    of_checks = {check: found(check) for check in checks}
    return _trend(
        window,
        By.DAY,
        all_days[before:],
        [all_days[n] for n in range(before, len(dates)) if dates[n] not in stored],
        {check: (states(of), series(of[before:])) for check, of in of_checks.items()},
        changes,
    )


def joined(periods: Sequence[Period]) -> Period:
    """Periods that follow each other as one."""
    return Period(periods[0].start, periods[-1].end, _total(period.seconds for period in periods))


def coarser(periods: Iterable[Period], step: timedelta) -> Iterator[Period]:
    """The same time in periods that end at multiples of `step` since midnight (UTC)."""
    pieces: list[Period] = []
    edge: datetime | None = None
    for period in periods:
        edge = edge or _edge(period.start, step)
        rest = period
        while rest.end > edge:
            if rest.start < edge:
                piece, rest = _cut(rest, edge)
                pieces.append(piece)
            yield joined(pieces)
            pieces, edge = [], edge + step
        pieces.append(rest)
    if pieces:
        yield joined(pieces)


def _trend(
    window: Window,
    by: By,
    periods: Sequence[Period],
    gaps: Sequence[Period],
    found: Mapping[str, tuple[Sequence[Period], Sequence[Series]]],
    changes: Iterable[Change],
) -> Trend:
    start, end = periods[0].start, periods[-1].end
    within = [change for change in changes if start <= change.slot <= end]
    return Trend(
        window,
        by,
        start,
        end,
        periods,
        gaps,
        [
            History(
                check,
                joined(of_check),
                of_check,
                of_check if by is By.DAY else list(coarser(of_check, _STEPS[window])),
                series,
                [change for change in within if change.check == check],
            )
            for check, (of_check, series) in found.items()
        ],
    )


def _stretches(
    digests: Sequence[Digest], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, Digest | None]]:
    """From start to end without a break: what each run speaks for, and what none does."""
    at = start
    for span, run in zip(spoken_for(digests), digests, strict=True):
        until = min(run.slot + timedelta(seconds=span), end)
        if until <= at:
            continue
        if run.slot > at:
            yield at, run.slot, None
        yield max(run.slot, at), until, run
        at = until
    if at < end:
        yield at, end, None


def _spilled(days: Iterable[Period], found: Iterable[Mapping[State, float]]) -> Iterator[Period]:
    """Days with what was found of them. A run counts on the day of its slot, but may speak into the
    next ones.

    With no run at the weekend, the last one on Friday speaks until Monday. So what a day has too
    much fills the days that follow, until one with runs of its own. Of today it is cut off, of
    every state in proportion, as a day does not know which state was the last.
    """
    over: Mapping[State, float] = {}
    for day, seconds in zip(days, found, strict=True):
        if over or fsum(seconds.values()) > day.length:
            own, rest = _split(seconds, day.length)
            filling, left = _split(over, day.length - fsum(own.values()))
            over = rest if own else left
            yield Period(day.start, day.end, _total((own, filling)))
        else:
            yield Period(day.start, day.end, seconds) if seconds else day


def _split(
    seconds: Mapping[State, float], room: float
) -> tuple[Mapping[State, float], Mapping[State, float]]:
    """What there is room for (seconds), and the rest: of every state in proportion."""
    total = fsum(seconds.values())
    if total <= room:
        return seconds, {}
    fits = max(0.0, room) / total
    return (
        {state: spent * fits for state, spent in seconds.items() if fits},
        {state: spent * (1 - fits) for state, spent in seconds.items()},
    )


def _cut(period: Period, at: datetime) -> tuple[Period, Period]:
    """Before and after, each with its share of every state."""
    part = (at - period.start) / (period.end - period.start)
    before = {state: seconds * part for state, seconds in period.seconds.items()}
    after = {state: seconds * (1 - part) for state, seconds in period.seconds.items()}
    return Period(period.start, at, before), Period(at, period.end, after)


def _edge(at: datetime, step: timedelta) -> datetime:
    """The first multiple of step after a time."""
    midnight = _midnight(at.date())
    return midnight + ((at - midnight) // step + 1) * step


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _total(parts: Iterable[Mapping[State, float]]) -> dict[State, float]:
    spent: dict[State, list[float]] = {}
    for part in parts:
        for state, seconds in part.items():
            spent.setdefault(state, []).append(seconds)
    return {state: fsum(all_of) for state, all_of in spent.items()}


def _names(
    found: Iterable[Mapping[str, Metric] | Mapping[str, Spread]], wanted: Collection[str] | None
) -> list[str]:
    names = dict.fromkeys(name for metrics in found for name in metrics)
    return [name for name in names if wanted is None or name in wanted]


def _by_run(name: str, found: Sequence[Mapping[str, Metric]]) -> Series:
    metrics = [metrics.get(name) for metrics in found]
    unit = _latest_unit(metrics)
    values = [metric.value if metric and metric.unit == unit else None for metric in metrics]
    return Series(name, unit, values)


def _by_day(name: str, found: Sequence[Mapping[str, Spread]]) -> Series:
    spreads = [metrics.get(name) for metrics in found]
    unit = _latest_unit(spreads)
    same = [spread if spread and spread.unit == unit else None for spread in spreads]
    return Series(
        name,
        unit,
        [spread.mean if spread else None for spread in same],
        [spread.least if spread else None for spread in same],
        [spread.most if spread else None for spread in same],
    )


def _latest_unit(metrics: Sequence[Metric | None] | Sequence[Spread | None]) -> str:
    """A new version may have changed it; older values then cannot be drawn with the newer ones."""
    return next(metric.unit for metric in reversed(metrics) if metric)
