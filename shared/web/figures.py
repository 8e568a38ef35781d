"""What has been, as strips and charts with all that is said of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from shared.model import Metric, State
from shared.settings import Settings, Threshold
from shared.text import Words
from shared.trend import History, Period, Series, Trend, Window, joined
from shared.web import charts, labels
from shared.web.charts import Line, Plot, Strip

# Of each check, the charts of its page: the metrics that share an axis, what matters most first.
CHARTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "writeback": (("proof_age",),),
    "writeback_attempts": (("failed",), ("attempts",)),
    "directory_sync": (("sync_age",),),
    "password_hash_sync": (("password_sync_age",),),
    "cloud_sync_jobs": (("jobs_not_running",), ("failures_in_a_row",)),
    "sync_conflicts": (("conflicts",),),
    "connect_certificate": (("certificate_left",),),
    "premium_licence": (("seats_free",), ("users_without_licence",)),
    "sspr_enabled": (("enabled",),),
    "registration": (
        ("users_coverage", "administrators_coverage"),
        ("users_enabled", "users_registered", "users_capable"),
        ("administrators_enabled", "administrators_registered", "administrators_capable"),
    ),
    "method_retirement": (("phones_only", "questions_only"),),
    "directory_contact_data": (("contact_data_share",), ("contact_data_found",)),
    "reset_attempts": (("success", "given_up"), ("attempts",)),
    "throttled_users": (("blocked",),),
    "unsupported_resets": (("resets_elsewhere",),),
    "synced_administrators": (("synced_administrators", "synced_global_administrators"),),
    "service_health": (("open_issues",),),
    "endpoints": (("pages_unreachable",),),
    "monitor_data": (("audit_age", "report_age"),),
}

_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400}
_LIMIT = re.compile(r"_(WARNING|CRITICAL)_[A-Z]+$")
_DAY = timedelta(days=1).total_seconds()
_TIMES = 5
MOST_ROWS = 31

Limits = Sequence[tuple[State, float]]


class Compared(Protocol):
    """A check, as far as its charts show what it compares with."""

    @property
    def thresholds(self) -> tuple[Threshold, ...]: ...


@dataclass(frozen=True, slots=True)
class Past:
    """What has been of a check. `uptime` is empty when nothing is known that could be up."""

    strip: Strip
    uptime: str

    @property
    def known(self) -> bool:
        """Whether anything is known at all."""
        return any(bar.state for bar in self.strip.bars)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what stands around it, and the same as a table.

    `axis` is from top to bottom, `times` are at equal distances. `legend` has the name of each line
    with its latest value. Cells are empty where nothing was measured.
    """

    check: str
    name: str
    told: str
    plot: Plot
    axis: Sequence[str]
    times: Sequence[str]
    legend: Sequence[tuple[str, str]]
    limits: Sequence[tuple[State, str]]
    caption: str
    rows: Sequence[tuple[str, Sequence[str]]]


class Figures:
    """Makes histories into figures, for a reader of some language."""

    def __init__(self, checks: Mapping[str, Compared], settings: Settings, words: Words) -> None:
        self._checks = checks
        self._settings = settings
        self._words = words
        self._names = labels.metrics(words)
        self._titles = labels.charts(words)
        # A page tells of the same days again and again, and CLDR takes its time.
        self._day = cache(words.day)
        self._quantity = cache(words.quantity)

    def past(self, history: History) -> Past:
        whole = history.whole
        strip = charts.strip(charts.few(history.strip), self._told, self._shares(whole))
        uptime = whole.uptime
        return Past(strip, "" if uptime is None else self._words.percent(uptime))

    def charts(self, trend: Trend, check: str, latest: Mapping[str, Metric]) -> list[Chart]:
        """The charts of a check for which something was measured."""
        histories = [history for history in trend.checks if history.check == check]
        made = [
            self._chart(trend, history, names, latest)
            for history in histories
            for names in CHARTS.get(check, ())
        ]
        return [chart for chart in made if chart]

    def _told(self, period: Period, state: State | None) -> str:
        words = self._words
        seconds = period.gap if state is None else period.seconds[state]
        what = words.say("No data") if state is None else words.state(state)
        return words.say(
            "{when}: {state}, {lasted_seconds}",
            when=self._stretch(period),
            state=what,
            lasted_seconds=seconds,
        )

    def _stretch(self, period: Period) -> str:
        """From when to when: days, or times of a day."""
        words, first = self._words, period.start.date()
        if period.length >= _DAY:
            last = (period.end - timedelta(microseconds=1)).date()
            if first == last:
                return self._day(first)
            return words.say("{first} to {last}", first=self._day(first), last=self._day(last))
        return words.say(
            "{day}, {first} to {last}",
            day=self._day(first),
            first=words.time(period.start),
            last=words.time(period.end),
        )

    def _shares(self, whole: Period) -> str:
        """The states of a window with their shares, worst first."""
        words = self._words
        shares = [(words.state(state), whole.share(state)) for state in reversed(State)]
        shares.append((words.say("No data"), whole.gap_share))
        told = [
            words.say("{state} {share_ratio}", state=what, share_ratio=share)
            for what, share in shares
            if share
        ]
        return words.listed(told)

    def _chart(
        self, trend: Trend, history: History, names: Sequence[str], latest: Mapping[str, Metric]
    ) -> Chart | None:
        series = sorted(
            (one for one in history.series if one.metric in names),
            key=lambda one: names.index(one.metric),
        )
        if not any(value is not None for one in series for value in one.values):
            return None
        unit = series[0].unit
        bars = charts.few(history.strip)
        # Another version may have measured one of them in another unit.
        lines = {
            one.metric: charts.line(one, history.periods, bars)
            for one in series
            if one.unit == unit
        }
        points = [point for line in lines.values() for point in line if point]
        reached = [end for point in points for end in (point.least, point.most)]
        main = names == CHARTS[history.check][0]
        limits = self._limits(history.check, unit) if main else []
        axis = charts.ticks([*reached, *_nearest(limits, reached)], unit)
        name = self._titles.get(names[0]) or self._name(names[0])
        window = labels.window(trend.window, self._words)
        return Chart(
            check=history.check,
            name=name,
            told=self._words.paragraph(
                *(self._summary(metric, line, unit) for metric, line in lines.items())
            ),
            plot=charts.plot(list(lines.values()), axis, limits),
            axis=[self._quantity(tick, unit) if tick else "0" for tick in reversed(axis)],
            times=self._times(trend),
            legend=[(self._name(metric), self._latest(latest.get(metric))) for metric in lines],
            limits=[(state, self._quantity(value, unit)) for state, value in limits],
            caption=self._words.say(
                "{what} over {window}: the mean of each period", what=name, window=window
            ),
            rows=self._rows(history, [one for one in series if one.metric in lines], unit),
        )

    def _name(self, metric: str) -> str:
        return self._names.get(metric, metric)

    def _latest(self, metric: Metric | None) -> str:
        return self._quantity(metric.value, metric.unit) if metric else ""

    def _summary(self, metric: str, line: Line, unit: str) -> str:
        """A line in words, for those who do not see it."""
        points = [point for point in line if point]
        if not points:
            return ""
        return self._words.say(
            "{what}: from {least} to {most}.",
            what=self._name(metric),
            least=self._quantity(min(point.least for point in points), unit),
            most=self._quantity(max(point.most for point in points), unit),
        )

    def _rows(
        self, history: History, series: Sequence[Series], unit: str
    ) -> list[tuple[str, list[str]]]:
        """Means of all series, newest first; what stayed the same for a while is one row."""
        bars = charts.few(history.strip, MOST_ROWS)
        lines = [charts.line(one, history.periods, bars) for one in series]
        cells = [
            [self._quantity(point.mean, unit) if point else "" for point in points]
            for points in zip(*lines, strict=True)
        ]
        rows = []
        for same, found in groupby(zip(bars, cells, strict=True), key=itemgetter(1)):
            rows.append((self._stretch(joined([bar for bar, _ in found])), same))
        return rows[::-1]

    def _times(self, trend: Trend) -> list[str]:
        words = self._words
        step = (trend.end - trend.start) / (_TIMES - 1)
        moments = [trend.start + n * step for n in range(_TIMES)]
        if trend.window is Window.DAY:
            return [words.time(moment) for moment in moments]
        return [words.short_day(moment.date()) for moment in moments]

    def _limits(self, check: str, unit: str) -> Limits:
        """What the main metric of a check is compared with, where that has its unit."""
        return [
            (State(named[1].lower()), self._settings[threshold] * factor)
            for threshold in (self._checks[check].thresholds if check in self._checks else ())
            if (factor := _factor(threshold.unit, unit))
            and (named := _LIMIT.search(threshold.name))
        ]


def _factor(of_threshold: str, unit: str) -> float:
    """What a threshold is multiplied with to be in the unit of a metric; 0 when it cannot be."""
    if of_threshold == unit:
        return 1.0
    if unit == "ratio":
        return 0.01 if of_threshold == "percent" else 0.0
    return _SECONDS.get(of_threshold, 0.0) if unit == "seconds" else 0.0


def _nearest(limits: Iterable[tuple[State, float]], values: Collection[float]) -> list[float]:
    """The limit that is closest to what was measured: the axis is to hold one at least."""
    if not values:
        return []
    least, most = min(values), max(values)
    distances = [(max(least - value, value - most), value) for _, value in limits]
    return [value for _, value in sorted(distances)[:1]]
