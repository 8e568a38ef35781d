"""What is remembered of runs: a digest of each for months, a day of them for years.

A day is always computed anew from the digests of its runs, so that a run which is repeated, late or
out of order leaves it right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from math import fsum

import msgspec

from shared.model import Metric, Run, State, worst

OVERALL = "overall"
"""Stands for the whole tenant wherever a check can be named."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What one run said of a check."""

    state: State
    code: str = ""
    metrics: Mapping[str, Metric] = {}


class Digest(msgspec.Struct, frozen=True):
    """A run as it is remembered. `interval`: the seconds it speaks for at most."""

    slot: datetime
    interval: float
    seen: Mapping[str, Seen]


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """A metric over a day: least, mean and most of `count` values."""

    least: float
    mean: float
    most: float
    count: int
    unit: str


class Rollup(msgspec.Struct, frozen=True):
    """A check over a day: for how many seconds, and in how many runs, it was in which state."""

    seconds: Mapping[State, float]
    runs: Mapping[State, int]
    metrics: Mapping[str, Spread] = {}


class Day(msgspec.Struct, frozen=True):
    """All checks over a day (UTC). A run counts wholly on the day of its slot."""

    day: date
    checks: Mapping[str, Rollup]


def digest(run: Run) -> Digest:
    """What is remembered of a run, the overall state included."""
    seen = {v.check: Seen(v.state, v.code, v.metrics) for v in run.verdicts}
    seen[OVERALL] = Seen(worst(verdict.state for verdict in run.verdicts))
    return Digest(run.slot, run.interval, seen)


def spoken_for(digests: Sequence[Digest]) -> list[float]:
    """The seconds that each run speaks for, oldest first: its interval, or until the next run."""
    spans = [
        min(earlier.interval, (later.slot - earlier.slot).total_seconds())
        for earlier, later in pairwise(digests)
    ]
    return [*spans, digests[-1].interval] if digests else []


def roll_up(day: date, digests: Sequence[Digest]) -> Day:
    """A day from the digests of all its runs, oldest first."""
    seen: dict[str, list[tuple[float, Seen]]] = defaultdict(list)
    for span, run in zip(spoken_for(digests), digests, strict=True):
        for check, state in run.seen.items():
            seen[check].append((span, state))
    return Day(day, {check: _roll_up(found) for check, found in seen.items()})


def _roll_up(found: Sequence[tuple[float, Seen]]) -> Rollup:
    seconds: dict[State, list[float]] = defaultdict(list)
    metrics: dict[str, list[Metric]] = defaultdict(list)
    for span, seen in found:
        seconds[seen.state].append(span)
        for name, metric in seen.metrics.items():
            metrics[name].append(metric)
    return Rollup(
        seconds={state: fsum(spans) for state, spans in seconds.items()},
        runs={state: len(spans) for state, spans in seconds.items()},
        metrics={name: _spread(values) for name, values in metrics.items()},
    )


def _spread(values: Sequence[Metric]) -> Spread:
    """Over the values in the latest unit, should a new version have changed it."""
    unit = values[-1].unit
    numbers = [metric.value for metric in values if metric.unit == unit]
    return Spread(min(numbers), fsum(numbers) / len(numbers), max(numbers), len(numbers), unit)
