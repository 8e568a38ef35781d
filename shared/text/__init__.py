"""Codes -> sentences. A verdict holds a check's id, a code and params; the words are made here.

The last part of a param's name says how it is written: `_seconds` as a duration, `_ratio` as a
percentage, `_at` as a time; a whole number gets its thousands separated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from shared.model import Param, State, Verdict
from shared.text.sentences import CHECKS, OVERALL, UNREADABLE, Outcome

_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def title(check: str) -> str:
    """The name of a check for people."""
    return CHECKS[check].title


def sentence(verdict: Verdict) -> str:
    """What a verdict says, in one or two sentences."""
    return _fill(_outcome(verdict).sentence, verdict.params)


def fix(verdict: Verdict) -> str | None:
    """What to do about it; None when there is nothing to do."""
    text = _outcome(verdict).fix
    return _fill(text, verdict.params) if text else None


def overall(state: State) -> str:
    return OVERALL[state]


def duration(seconds: float) -> str:
    """The two largest units that matter: "1 day 2 hours", "12 minutes", "less than a minute"."""
    parts: list[str] = []
    left = int(seconds)
    for size, unit in _SPANS:
        count, left = divmod(left, size)
        if count and len(parts) < 2:
            parts.append(f"{count} {unit}" + ("s" if count > 1 else ""))
        elif parts:
            break
    return " ".join(parts) or "less than a minute"


def _outcome(verdict: Verdict) -> Outcome:
    return CHECKS[verdict.check].outcomes.get(verdict.code) or UNREADABLE[verdict.code]


def _fill(text: str, params: Mapping[str, Param]) -> str:
    return text.format_map({name: _written(name, value) for name, value in params.items()})


def _written(name: str, value: Param) -> str:
    if name.endswith("_seconds"):
        return duration(float(value))
    if name.endswith("_ratio"):
        return _percent(float(value))
    if name.endswith("_at") or name == "at":
        text = str(value)
        if len(text) == len("2026-11-21"):
            return f"{date.fromisoformat(text):%d %B %Y}"
        return f"{datetime.fromisoformat(text):%d %B %Y %H:%M} UTC"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _percent(ratio: float) -> str:
    """One digit after the point; never rounded up to a full 100 %, nor down to a bare 0 %."""
    percent = ratio * 100
    if 0 < percent < 0.1:
        return "less than 0.1 %"
    if 99.9 < percent < 100:
        percent = 99.9
    return f"{percent:.1f} %".replace(".0 %", " %")
