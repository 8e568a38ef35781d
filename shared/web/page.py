"""The pages for people: HTML that needs no script, and loads nothing from anywhere.

`view` says what is shown, the templates arrange it. Everything that is not a template's own is
escaped, and cannot turn the text around it: rows may hold whatever somebody gave a name to.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.explain import ENTRIES, found, near
from shared.history import OVERALL
from shared.model import Current, Metric, State
from shared.schedule import is_stale, next_slot
from shared.settings import CHECKS_DISABLED, SCHEDULE
from shared.store import Store
from shared.text import Words
from shared.text.choose import Lang
from shared.trend import ONE_DAY, Trend, Window
from shared.web import labels
from shared.web.answers import NEVER_KEPT, Answer
from shared.web.asked import Asked
from shared.web.catalogue import described
from shared.web.check import unknown_check
from shared.web.figures import CHARTS
from shared.web.formats import Format
from shared.web.status import no_run_yet
from shared.web.trend import read
from shared.web.view import PROBLEMS, House, View, guide, overall

FRONT = ("registration", "directory_sync", "reset_attempts", "premium_licence")
"""Checks whose first chart is on the front page."""

_LEGEND = (State.HEALTHY, State.WARNING, State.CRITICAL, State.UNKNOWN, State.NOT_APPLICABLE)

MOST_EVENTS = 12
LONGEST = 2_000
_TEMPLATES = Path(__file__).with_name("templates")

# Control characters, and those that turn the direction of what follows:
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_KEY = re.compile(r"[A-Za-z0-9_.~+/=-]{1,200}")


@dataclass(frozen=True)
class Links:
    """Links from one page to others, relative to it, so that they hold behind any prefix.

    `kept` goes into every link: the language and the function key, when the address had them.
    """

    up: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)

    def to(self, path: str, **params: str) -> str:
        query = urlencode({**self.kept, **params})
        return self.bare(path) + (f"?{query}" if query else "")

    def here(self, **params: str) -> str:
        """This page, asked for otherwise."""
        return self.to(self.path, **{**self.params, **params})

    def bare(self, path: str) -> str:
        """Without a query, for forms that have one of their own."""
        return self.up + quote(path)


def links(url: str, path: str, words: Words, *, has_key: bool = True) -> Links:
    """The links of the page at `url`, which is served at `path` below the prefix.

    A key is passed on only where the reader had it in the address, and then stands in links alone:
    docs/page.md says why. `has_key`: whether `code` is one here, see `asked_of`.
    """
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    kept = {"lang": str(words.lang)} if "lang" in query else {}
    if has_key and _KEY.fullmatch(query.get("code", "")):
        kept["code"] = query["code"]
    params = {"q": query["q"]} if "q" in query else {}
    if query.get("window") in set(Window):
        params["window"] = query["window"]
    depth = len(path.split("/")) - 1 + parts.path.endswith("/")
    return Links("../" * depth, path, params, kept)


def asked_of(url: str) -> tuple[str, bool]:
    """What is to be explained, and whether `code` is a function key.

    Programs ask with `code`. The page's form asks with `q`, even when nothing was typed into it.
    """
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    has_key = "q" in query
    return query["q" if has_key else "code"][0] if query.keys() & {"q", "code"} else "", has_key


def status(asked: Asked, to: Links, house: House, current: Current, trend: Trend) -> Answer:
    """The front page: how the tenant is, what is wrong, and what has been."""
    words, now, run = asked.words, asked.now, current.run
    view = View(house, asked.settings, words, now)
    findings = view.findings(current, trend)
    whole = overall(trend)
    report = next((one for one in findings if one.id == "registration"), None)
    counts = {state: sum(one.state is state for one in findings) for state in reversed(State)}
    anchors = {State.UNKNOWN: "unknowns", State.HEALTHY: "rest", State.NOT_APPLICABLE: "rest"}
    return _rendered(
        "status.html",
        words,
        to,
        state=run.state,
        confirmed=current.state,
        stale=is_stale(asked.settings[SCHEDULE], run.slot, now),
        age=_age(current, asked),
        due=next_run(asked),
        tally=[
            (state, number, anchors.get(state, "problems"))
            for state, number in counts.items()
            if number
        ],
        whole=view.figures.past(whole) if whole else None,
        no_history=whole is None or whole.whole.state is None,
        problems=view.problems(findings, current),
        rest=[one for one in findings if one.state in (State.HEALTHY, State.NOT_APPLICABLE)],
        unknowns=view.unknowns(findings),
        charts=[
            chart
            for name in FRONT
            for chart in view.figures.charts(trend, name, _metrics(current, name))[:1]
        ],
        registered=view.registered(current),
        registered_age=report.age if report else "",
        registration_why=report.sentence if report else "",
        dates=view.dates(current),
        **_past(asked, view, trend),
    )


def check(
    asked: Asked,
    to: Links,
    house: House,
    name: str,
    current: Current | None,
    trend: Trend,
    trends: Mapping[Window, Trend],
) -> Answer:
    """All about one check; `trends` are those its uptime is told for."""
    words, now = asked.words, asked.now
    view = View(house, asked.settings, words, now)
    standings = current.standings if current else ()
    standing = next((one for one in standings if one.latest.check == name), None)
    (history,) = trend.checks
    return _rendered(
        "check.html",
        words,
        to,
        stale=current is not None and is_stale(asked.settings[SCHEDULE], current.run.slot, now),
        state=standing.latest.state if standing else State.UNKNOWN,
        problems=PROBLEMS,
        about=described(house.checks[name], asked.settings, words),
        codes=[
            (code, state, words.outline(name, code))
            for code, state in house.checks[name].codes.items()
        ],
        guide=guide(house.checks[name].link, words),
        finding=view.finding(standing, None) if standing else None,
        age=_age(current, asked) if current else "",
        past=view.figures.past(history),
        uptimes=[
            (labels.window(window, words), view.figures.past(of.checks[0]).uptime)
            for window, of in trends.items()
        ],
        charts=view.figures.charts(trend, name, _metrics(current, name)),
        raw=_pretty(standing.latest) if standing else [],
        **_past(asked, view, trend),
    )


def explain(words: Words, to: Links, house: House, question: str) -> Answer:
    """What a code means, near ones (404), or all codes when nothing was asked."""
    entry, *also = found(question) or [None]
    # What came as `code` may be a function key, and is not shown again.
    typed = question if "q" in to.params else ""
    told: dict[str, Any] = {"entry": entry, "also": also, "question": question, "typed": typed}
    if entry:
        # The code is known, whatever it was found in.
        to = replace(to, params={"q": entry.code, **to.params})
        mended, severities = labels.menders(words), labels.severities(words)
        told |= {
            "guide": guide(entry.link, words),
            "who": mended[entry.who],
            "severity": severities[entry.severity] if entry.severity else "",
            "watched": [one for one in entry.checks if one in house.checks],
        }
    elif question.strip():
        told["near"] = near(question)
    else:
        told["question"] = ""
        told["kinds"] = [
            (heading, [one for one in ENTRIES if one.kind is kind])
            for kind, heading in labels.kinds(words).items()
        ]
    unknown = not entry and told["question"]
    return _rendered("explain.html", words, to, status=404 if unknown else 200, state=None, **told)


def trouble(words: Words, to: Links, problem: Answer, *, due: str = "") -> Answer:
    """A problem document as a page; it keeps its status and headers."""
    told = json.loads(problem.body)
    return _rendered(
        "trouble.html",
        words,
        to,
        status=problem.status,
        headers=problem.headers,
        state=State.UNKNOWN,
        heading=told["title"],
        detail=told["detail"],
        due=due,
        retry="Retry-After" in problem.headers,
    )


def _age(current: Current, asked: Asked) -> str:
    started = current.run.started_at
    return asked.words.say(
        "Looked {age_seconds} ago, on {started_at}.",
        age_seconds=max(0.0, (asked.now - started).total_seconds()),
        started_at=started.isoformat(),
    )


def _metrics(current: Current | None, check: str) -> Mapping[str, Metric]:
    """What the latest run measured."""
    verdicts = current.run.verdicts if current else ()
    return next((verdict.metrics for verdict in verdicts if verdict.check == check), {})


def next_run(asked: Asked) -> str:
    """When the next run is to come."""
    left = next_slot(asked.settings[SCHEDULE], asked.now) - asked.now
    return asked.words.say(
        "The next run is due in {left_seconds}.", left_seconds=left.total_seconds()
    )


async def front(asked: Asked, to: Links, store: Store, house: House) -> Answer:
    """The front page, from what is stored."""
    window = _window(asked)
    disabled = asked.settings[CHECKS_DISABLED]
    checks = [OVERALL, *(name for name in house.checks if name not in disabled)]
    drawn = {metric for name in FRONT for metric in CHARTS[name][0]}
    current, trend = await asyncio.gather(
        store.current(), _trend(asked, store, checks, drawn, window)
    )
    if current.value is None:
        return trouble(asked.words, to, no_run_yet(asked), due=next_run(asked))
    return status(asked, to, house, current.value, trend)


async def about(asked: Asked, to: Links, store: Store, house: House, name: str) -> Answer:
    """The page of a check, from what is stored."""
    if name not in house.checks:
        return trouble(asked.words, to, unknown_check(asked.words))
    window = _window(asked)
    current, trends = await asyncio.gather(
        store.current(),
        asyncio.gather(*(_trend(asked, store, [name], None, each) for each in Window)),
    )
    by_window = dict(zip(Window, trends, strict=True))
    chosen = window or _fitting(by_window[Window.QUARTER])
    return check(asked, to, house, name, current.value, by_window[chosen], by_window)


def _window(asked: Asked) -> Window | None:
    named = asked.one_of("window", tuple(Window))
    return Window(named) if named else None


async def _trend(
    asked: Asked,
    store: Store,
    checks: Sequence[str],
    metrics: Collection[str] | None,
    window: Window | None,
) -> Trend:
    """Over the window, or as far back as there is something."""
    of, now = asked.settings, asked.now
    trend, _ = await read(store, of, now, window or Window.QUARTER, checks, metrics)
    if window is None and (fitting := _fitting(trend)) is not Window.QUARTER:
        trend, _ = await read(store, of, now, fitting, checks, metrics)
    return trend


def _fitting(quarter: Trend) -> Window:
    """The shortest window that shows all there is, up to 90 days."""
    first = next((one.start for one in quarter.checks[0].periods if one.state), quarter.start)
    age = quarter.end - first
    if age <= Window.DAY.days * ONE_DAY:
        return Window.DAY
    return Window.WEEK if age <= Window.WEEK.days * ONE_DAY else Window.QUARTER


def _past(asked: Asked, view: View, trend: Trend) -> dict[str, Any]:
    """What every page with a history shows of it."""
    changes = chain.from_iterable(history.changes for history in trend.checks)
    newest = sorted(changes, key=attrgetter("slot"), reverse=True)[:MOST_EVENTS]
    return {
        "events": view.events(newest),
        "window": trend.window,
        "window_names": [(one, labels.window(one, asked.words)) for one in Window],
        "chosen": {"window": asked.params["window"]} if "window" in asked.params else {},
    }


def _pretty(value: object) -> Sequence[str]:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode().splitlines()


def harmless(value: object) -> object:
    """What a template writes: no text that is endless, or that changes how others are read."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    return _HARMFUL.sub("\ufffd", text)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        auto_reload=False,
        finalize=harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet, and the policy that allows it and nothing else."""
    text = (_TEMPLATES / "page.css").read_text("utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    text = re.sub(r" ?([{};,>]) ?|(?<=:) ", r"\1", text).replace(";}", "}").strip()
    digest = b64encode(sha256(text.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    return Markup(text), policy  # noqa: S704 - a file of ours


def _rendered(
    template: str,
    words: Words,
    to: Links,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Answer:
    style, policy = _style()
    page = (
        _environment()
        .get_template(template)
        .render(
            {
                "words": words,
                "say": words.say,
                "count": words.count,
                "links": to,
                "languages": list(Lang),
                "states": _LEGEND,
                "css": style,
                "typed": "",
                **context,
            }
        )
    )
    return Answer(
        status,
        Format.HTML.media_type,
        page.encode(),
        {
            **(headers or {}),
            **NEVER_KEPT,
            "Content-Language": words.lang,
            "Content-Security-Policy": policy,
        },
    )
