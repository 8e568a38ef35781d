"""GET status: the latest run, in the reader's words and in codes for machines. POST run: a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from shared.model import Current, Run, Standing, State, Verdict
from shared.schedule import is_stale
from shared.settings import SCHEDULE
from shared.text import Words
from shared.text.choose import Lang
from shared.text.links import localized
from shared.text.sentences import UNREADABLE
from shared.web import health
from shared.web.answers import NEVER_KEPT, Answer, document, problem
from shared.web.asked import Asked
from shared.web.formats import Format

SCHEMA = "sspr-status/1"
SCHEMA_OF_RUN = "sspr-run/1"

FORMATS = (Format.JSON, Format.HEALTH, Format.TEXT)

STALE = "stale"


class Described(Protocol):
    """What the catalogue tells of a check beyond its verdict."""

    @property
    def problems(self) -> tuple[str, ...]: ...

    def link_for(self, code: str) -> str: ...


def status(current: Current | None, catalogue: Mapping[str, Described], asked: Asked) -> Answer:
    """The newest run of the tenant, in the format that is wanted; 503 while there is none."""
    wanted = asked.format(FORMATS)
    words, schedule = asked.words, asked.settings[SCHEDULE]
    if current is None:
        return no_run_yet(asked)
    stale = is_stale(schedule, current.run.slot, asked.now)
    match wanted:
        case Format.HEALTH:
            return health.of_tenant(current, asked.now, words, stale=stale)
        case Format.TEXT:
            return _word(current, stale=stale)
        case _:
            return _document(current, catalogue, asked, stale=stale)


def no_run_yet(asked: Asked) -> Answer:
    """A problem document for when nothing has been stored of the tenant."""
    words = asked.words
    return problem(
        503,
        words.say("No run yet"),
        words.say(
            "The first run has not finished. Runs follow the schedule {schedule} (UTC).",
            schedule=asked.settings[SCHEDULE],
        ),
        retry_seconds=30,
    )


def run(done: Run, catalogue: Mapping[str, Described], words: Words) -> Answer:
    """One run, worst check first."""
    verdicts = sorted(done.verdicts, key=lambda verdict: -verdict.state.rank)
    told = {
        "schema": SCHEMA_OF_RUN,
        **_told(done, words),
        "checks": [_check(verdict, catalogue, words) for verdict in verdicts],
        "unreadable": _unreadable(done.verdicts, words),
        "run": _spent(done),
    }
    return document(told, headers=NEVER_KEPT)


def _word(current: Current, *, stale: bool) -> Answer:
    """One word, and a failure for those who only look at that: what health+json tells, as text."""
    word = STALE if stale else current.state
    failed = health.told(current.state, stale=stale) == health.FAIL
    status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
    return Answer(status, Format.TEXT.media_type, f"{word}\n".encode())


def _document(
    current: Current, catalogue: Mapping[str, Described], asked: Asked, *, stale: bool
) -> Answer:
    done, words = current.run, asked.words
    standings = sorted(current.standings, key=lambda s: -s.latest.state.rank)
    answered = {
        "schema": SCHEMA,
        **_told(done, words),
        "confirmed_state": current.state,
        "stale": stale,
        "checks": [told(standing, catalogue, words) for standing in standings],
        "unreadable": _unreadable(done.verdicts, words),
        "run": _spent(done),
    }
    age = round((asked.now - done.started_at).total_seconds(), 1)
    return document(answered, aging={"age_seconds": age})


def told(standing: Standing, catalogue: Mapping[str, Described], words: Words) -> dict[str, Any]:
    """A check with its latest verdict and its confirmed state, as every answer tells it."""
    return {
        **_check(standing.latest, catalogue, words),
        "confirmed": {"state": standing.confirmed, "since": standing.since},
    }


def _told(done: Run, words: Words) -> dict[str, Any]:
    state = done.state
    return {
        "tenant": done.tenant,
        "state": state,
        "sentence": words.overall(state),
        "slot": done.slot,
        "recorded_at": done.started_at,
    }


def _spent(done: Run) -> dict[str, Any]:
    return {"duration_seconds": done.duration, "graph_requests": done.graph_requests}


def _check(verdict: Verdict, catalogue: Mapping[str, Described], words: Words) -> dict[str, Any]:
    described = catalogue.get(verdict.check)
    link, translated = (
        localized(described.link_for(verdict.code), words.lang) if described else (None, False)
    )
    return {
        "id": verdict.check,
        "title": words.title(verdict.check),
        "problems": described.problems if described else (),
        "state": verdict.state,
        "code": verdict.code,
        "sentence": words.sentence(verdict),
        "fix": words.fix(verdict),
        "link": link,
        "link_language": words.lang if translated else Lang.EN,
        "permission": verdict.permission,
        "as_of": verdict.as_of,
        "evidence": verdict.evidence,
        "metrics": verdict.metrics,
        "params": verdict.params,
    }


def _unreadable(verdicts: Iterable[Verdict], words: Words) -> list[dict[str, Any]]:
    """What could not be read, one entry per cause: often one permission explains many checks."""
    causes: dict[tuple[str, str | None], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.state is State.UNKNOWN and verdict.code in UNREADABLE:
            causes.setdefault((verdict.code, verdict.permission), []).append(verdict)
    return [
        {
            "reason": code,
            "permission": permission,
            "checks": [verdict.check for verdict in found],
            "sentence": words.sentence(found[0]),
            "fix": words.fix(found[0]),
        }
        for (code, permission), found in causes.items()
    ]
