"""GET trend: what has been, for machines (JSON) and for spreadsheets (CSV)."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.history import OVERALL
from shared.model import State
from shared.schedule import is_stale
from shared.settings import CHECKS_DISABLED, KEEP_RUNS, SCHEDULE, TENANT_ID, Settings
from shared.store import Store
from shared.text import Words
from shared.trend import By, History, Period, Series, Trend, Window, bounds, of_days, of_runs
from shared.web.answers import Answer, document
from shared.web.asked import Asked
from shared.web.changes import title, told
from shared.web.formats import Format

SCHEMA = "sspr-trend/1"

FORMATS = (Format.JSON, Format.CSV)

# States of checks that are read for one answer: 30 days of runs every 15 minutes are 69,000. What
# would be more is answered by day.
MOST_STATES = 100_000
MOST_CHANGES = 1_000
# A run may speak into the window from before it, at most over a long weekend.
_LEAD = timedelta(days=7)
_LONGEST_BY_RUN = Window.MONTH


async def trend(
    asked: Asked,
    store: Store,
    catalogue: Collection[str],
    metrics: Mapping[str, Collection[str]],
) -> Answer:
    """The trend of one check, or of all that are watched and of everything together."""
    window = Window(asked.one_of("window", tuple(Window)) or Window.WEEK)
    check = asked.one_of("check", (OVERALL, *catalogue))
    metric = asked.one_of("metric", sorted({name for names in metrics.values() for name in names}))
    wanted = asked.format(FORMATS)
    disabled = asked.settings[CHECKS_DISABLED]
    checks = [check] if check else [OVERALL, *(one for one in catalogue if one not in disabled)]
    current, (found, complete) = await asyncio.gather(
        store.current(),
        read(store, asked.settings, asked.now, window, checks, [metric] if metric else None),
    )
    if wanted is Format.CSV:
        return spreadsheet(found, asked.words)
    newest = current.value.run.slot if current.value else None
    return document(
        {
            "schema": SCHEMA,
            "tenant": asked.settings[TENANT_ID],
            "window": found.window,
            "by": found.by,
            "from": found.start,
            "to": found.end,
            "latest_slot": newest,
            "stale": newest is None or is_stale(asked.settings[SCHEDULE], newest, asked.now),
            "times": [period.start for period in found.periods],
            "gaps": [{"from": gap.start, "to": gap.end} for gap in found.gaps],
            "checks": [_history(history, asked.words) for history in found.checks],
            "changes_complete": complete,
        }
    )


async def read(
    store: Store,
    settings: Settings,
    now: datetime,
    window: Window,
    checks: Sequence[str],
    metrics: Collection[str] | None = None,
) -> tuple[Trend, bool]:
    """The trend of these checks, and whether all changes within it are told."""
    if window.days <= min(_LONGEST_BY_RUN.days, settings[KEEP_RUNS]):
        start, end = bounds(window, By.RUN, now)
        most = MOST_STATES // len(checks)
        digests, before, (changes, more) = await asyncio.gather(
            store.digests(start, end, checks, limit=most + 1),
            store.digest_before(start, checks),
            store.changes(start, limit=MOST_CHANGES),
        )
        if len(digests) <= most:
            runs = [before, *digests] if before else digests
            return of_runs(window, now, runs, checks, changes, metrics), more is None
    start, end = bounds(window, By.DAY, now)
    days, (changes, more) = await asyncio.gather(
        store.days((start - _LEAD).date(), end.date(), checks),
        store.changes(start, limit=MOST_CHANGES),
    )
    return of_days(window, now, days, checks, changes, metrics), more is None


def _history(history: History, words: Words) -> dict[str, Any]:
    whole = history.whole
    return {
        "id": history.check,
        "title": title(history.check, words),
        "shares": {**{state: whole.share(state) for state in State}, "gap": whole.gap_share},
        "uptime": whole.uptime,
        "periods": [_period(period) for period in history.strip],
        "series": [_series(series) for series in history.series],
        "changes": [told(change, words) for change in history.changes],
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "from": period.start,
        "to": period.end,
        "state": period.state,
        "seconds": period.seconds,
        "gap_seconds": period.gap,
    }


def _series(series: Series) -> dict[str, Any]:
    told = {"metric": series.metric, "unit": series.unit, "values": series.values}
    if series.least is None:
        return told
    return {**told, "least": series.least, "most": series.most}


def spreadsheet(found: Trend, words: Words) -> Answer:
    """A trend as CSV: its headings in the reader's language, ids and states as they are."""
    """One row for each check and period; cells are ASCII, so that Excel needs no mark to read them.

    https://www.rfc-editor.org/rfc/rfc4180
    """
    columns = dict.fromkeys(
        heading
        for history in found.checks
        for series in history.series
        for heading, _ in _columns(series, words)
    )
    times = [(_at(period.start), _at(period.end)) for period in found.periods]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(heading) for heading in (*_headings(words), *columns)])
    for history in found.checks:
        writer.writerows(_rows(history, times, list(columns), words))
    text = out.getvalue()
    name = f"sspr-trend-{found.window}-{found.end:%Y-%m-%d}.csv"
    return Answer(
        200,
        Format.CSV.media_type,
        # Without a mark, Excel takes what is not ASCII for the encoding of its own language.
        text.encode("ascii" if text.isascii() else "utf-8-sig"),
        {"Content-Disposition": f'attachment; filename="{name}"'},
    )


_STATES = tuple(State)


def _headings(words: Words) -> list[str]:
    spent = {
        State.HEALTHY: words.say("healthy (seconds)"),
        State.NOT_APPLICABLE: words.say("not applicable (seconds)"),
        State.UNKNOWN: words.say("unknown (seconds)"),
        State.WARNING: words.say("warning (seconds)"),
        State.CRITICAL: words.say("critical (seconds)"),
    }
    return [
        words.say("check"),
        words.say("from (UTC)"),
        words.say("to (UTC)"),
        words.say("state"),
        *(spent[state] for state in _STATES),
        words.say("gap (seconds)"),
        words.say("uptime (ratio)"),
    ]


def _rows(
    history: History, times: Sequence[tuple[str, str]], columns: Sequence[str], words: Words
) -> Iterator[list[str | float | None]]:
    check = _cell(history.check)
    values = dict(pair for series in history.series for pair in _columns(series, words))
    nothing = [None] * len(times)
    measured = [values.get(column, nothing) for column in columns]
    for (start, end), period, *numbers in zip(times, history.periods, *measured, strict=True):
        yield [
            check,
            start,
            end,
            period.state or "gap",
            *[period.seconds.get(state, 0.0) for state in _STATES],
            period.gap,
            period.uptime,
            *numbers,
        ]


def _columns(series: Series, words: Words) -> Iterable[tuple[str, Sequence[float | None]]]:
    name = f"{series.metric} ({series.unit})"
    if series.least is None or series.most is None:
        return [(name, series.values)]
    return [
        (words.say("{metric}, mean", metric=name), series.values),
        (words.say("{metric}, least", metric=name), series.least),
        (words.say("{metric}, most", metric=name), series.most),
    ]


def _at(moment: datetime) -> str:
    """As spreadsheets of every language read it as a time."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula, whatever was stored.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
