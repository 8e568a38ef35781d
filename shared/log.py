"""What a run writes into the log: a few lines that explain it, each `event name=value ...`.

A line is text and fields at once. Azure's worker hands on the text only, out of which `parse-kv`
takes the fields again; whatever keeps attributes, such as OpenTelemetry, has them as `sspr.<name>`.
https://learn.microsoft.com/kusto/query/parse-kv-operator
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.model import Current, Reason, Run, State, Unavailable

Value = str | int | float

# Status and error code, or the name of an exception; anything else may quote what was answered.
_SHORT = re.compile(r"\d{3}( \w{1,60})?|[A-Z]\w{1,60}")
_BARE = re.compile(r'[^\s"=]+')


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    event: str
    fields: Mapping[str, Value]

    def __str__(self) -> str:
        return " ".join([self.event, *(f"{name}={_word(v)}" for name, v in self.fields.items())])


def tell(logger: logging.Logger, lines: Iterable[Line]) -> None:
    """Write them, with every field as an attribute beside the text."""
    for line in lines:
        logger.info("%s", line, extra={f"sspr.{name}": v for name, v in line.fields.items()})


def of_run(run: Run, unread: Mapping[str, Unavailable]) -> Iterator[Line]:
    """What it was, what it found by state, and what it could not read by reason."""
    yield Line(
        "run",
        {
            **_which(run),
            "state": run.state,
            "seconds": run.duration,
            "graph_requests": run.graph_requests,
            "checks": len(run.verdicts),
            "unread": len(unread),
        },
    )
    found = {
        state: ", ".join(f"{v.check} {v.code}" for v in run.verdicts if v.state is state)
        for state in reversed(State)
    }
    yield Line("judged", _which(run) | {state: told for state, told in found.items() if told})
    causes: dict[Reason, dict[str, list[str]]] = {}
    for fact, why in unread.items():
        causes.setdefault(why.reason, {}).setdefault(_cause(why), []).append(fact)
    if unread:
        told = {
            reason: "; ".join(f"{cause}{' '.join(facts)}" for cause, facts in of.items())
            for reason, of in causes.items()
        }
        yield Line("unread", _which(run) | told)


def of_status(current: Current) -> Line:
    """What is so now, and what the newest run has confirmed as changed."""
    changes = ", ".join(f"{c.check} {c.before} to {c.after} {c.code}" for c in current.changes)
    told = {"changed": changes} if changes else {}
    return Line(
        "confirmed",
        {**_which(current.run), "state": current.state, "changes": len(current.changes), **told},
    )


def of_slot(tenant: str, slot: datetime) -> Line:
    """That there is nothing to do."""
    return Line("stored", {"slot": iso(slot), "tenant": tenant, "graph_requests": 0})


def _which(run: Run) -> dict[str, Value]:
    return {"slot": iso(run.slot), "tenant": run.tenant}


def _cause(why: Unavailable) -> str:
    """The permission that is missing, and what was answered."""
    short = why.detail if _SHORT.fullmatch(why.detail) else ""
    told = " ".join(filter(None, (why.permission, short)))
    return f"{told}: " if told else ""


def iso(at: datetime) -> str:
    """A time as log lines and events have it, in UTC: 2026-11-21T12:15:00Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _word(value: Value) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)
