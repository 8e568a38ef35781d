"""GET status: the latest run, in the reader's words and in codes for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared import text
from shared.model import Current, Standing, State, Verdict
from shared.schedule import next_slot
from shared.text.sentences import UNREADABLE
from shared.web.answers import Answer, document, problem

SCHEMA = "sspr-status/1"


class Described(Protocol):
    """What the catalogue tells of a check beyond its verdict."""

    @property
    def problems(self) -> tuple[str, ...]: ...

    def link_for(self, code: str) -> str: ...


def is_stale(current: Current, schedule: str, now: datetime) -> bool:
    """Whether two scheduled runs have been missed since the one that is shown."""
    return now > next_slot(schedule, next_slot(schedule, current.run.slot))


def status(
    current: Current | None, catalogue: Mapping[str, Described], schedule: str, now: datetime
) -> Answer:
    """The newest run of the tenant, worst check first; 503 while there is none."""
    if current is None:
        return problem(
            503,
            "No run yet",
            f"The first run has not finished. Runs follow the schedule {schedule} (UTC).",
            retry_seconds=30,
        )
    run = current.run
    standings = sorted(current.standings, key=lambda s: -s.latest.state.rank)
    return document(
        {
            "schema": SCHEMA,
            "tenant": run.tenant,
            "state": run.state,
            "confirmed_state": current.state,
            "sentence": text.overall(run.state),
            "slot": run.slot,
            "recorded_at": run.started_at,
            "age_seconds": round((now - run.started_at).total_seconds(), 1),
            "stale": is_stale(current, schedule, now),
            "checks": [_check(standing, catalogue) for standing in standings],
            "unreadable": _unreadable(run.verdicts),
            "run": {"duration_seconds": run.duration, "graph_requests": run.graph_requests},
        }
    )


def _unreadable(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
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
            "sentence": text.sentence(found[0]),
            "fix": text.fix(found[0]),
        }
        for (code, permission), found in causes.items()
    ]


def _check(standing: Standing, catalogue: Mapping[str, Described]) -> dict[str, Any]:
    verdict = standing.latest
    described = catalogue.get(verdict.check)
    return {
        "id": verdict.check,
        "title": text.title(verdict.check),
        "problems": described.problems if described else (),
        "state": verdict.state,
        "code": verdict.code,
        "sentence": text.sentence(verdict),
        "fix": text.fix(verdict),
        "link": described.link_for(verdict.code) if described else None,
        "confirmed": {"state": standing.confirmed, "since": standing.since},
        "permission": verdict.permission,
        "as_of": verdict.as_of,
        "evidence": verdict.evidence,
        "metrics": verdict.metrics,
        "params": verdict.params,
    }
