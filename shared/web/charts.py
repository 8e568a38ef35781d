"""Strips and charts: numbers made into the shapes of an SVG, which a template writes.

Shapes only: the words and numbers beside them are HTML, so that text keeps its size on a narrow
screen, wraps, and is read aloud. No shape has a style of its own, as the page's
Content-Security-Policy allows none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, floor

from shared.model import State
from shared.trend import Period, Series, joined

STEP, HEIGHT = 2, 240
MOST_TICKS = 6
MOST_BARS = 91
MOST_RUNS = 8

_STEPS = {
    "seconds": (
        *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
        *(3_600 * hours for hours in (1, 2, 3, 6, 12)),
        *(86_400 * days for days in (1, 2, 5, 10, 15, 30, 60, 90, 180)),
    ),
    "ratio": (0.2,),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """Periods in the same state, as one shape with one hover text.

    `spans`: where they are, as a start and a length each.
    """

    state: State | None
    spans: Sequence[tuple[int, int]]
    told: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A bar for each period, from left to right. `length` is the number of periods."""

    length: int
    bars: Sequence[Bar]
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    """What a metric was over a period: its least, mean and most."""

    least: float
    mean: float
    most: float


Line = Sequence[Point | None]
"""A point for each period; None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Shapes of a chart of `width` by HEIGHT: where its ticks and limits are, gaps and paths."""

    width: int
    grid: Sequence[int]
    gaps: Sequence[tuple[int, int]]
    limits: Sequence[tuple[State, int]]
    paths: Sequence[tuple[str, int, str]]
    """What it is (`range` or `line`), the number of its line, and the path."""


def few(periods: Sequence[Period], most: int = MOST_BARS) -> Sequence[Period]:
    """The same time in no more periods than there is room for."""
    size = ceil(len(periods) / most)
    if size < 2:
        return periods
    return [joined(periods[at : at + size]) for at in range(0, len(periods), size)]


def strip(
    periods: Sequence[Period], tell: Callable[[Period, State | None], str], label: str
) -> Strip:
    """`tell` says of a stretch of time how long it was in this state, or without data.

    Neighbours in the same state become one bar; when these are many, all of one state do.
    """
    runs: list[tuple[State | None, int, Sequence[Period]]] = []
    at = 0
    for state, found in groupby(periods, key=lambda period: period.state):
        runs.append((state, at, list(found)))
        at += len(runs[-1][2])
    if len(runs) <= MOST_RUNS:
        bars = [Bar(state, [(at, len(of))], tell(joined(of), state)) for state, at, of in runs]
    else:
        whole = joined(periods)
        bars = [
            Bar(
                state,
                [(at, len(of)) for same, at, of in runs if same == state],
                tell(whole, state),
            )
            for state in dict.fromkeys(state for state, _, _ in runs)
        ]
    return Strip(len(periods), bars, label)


def line(series: Series, periods: Sequence[Period], bars: Sequence[Period]) -> Line:
    """The values of a series, which has one for each of `periods`, as points for the `bars`.

    A bar is one of these periods, or several of them.
    """
    least, most = series.least or series.values, series.most or series.values
    found: list[list[Point]] = [[] for _ in bars]
    at = 0
    for period, low, mean, high in zip(periods, least, series.values, most, strict=True):
        while at + 1 < len(bars) and period.start >= bars[at].end:
            at += 1
        if low is not None and mean is not None and high is not None:
            found[at].append(Point(low, mean, high))
    return [_together(points) if points else None for points in found]


def _together(points: Sequence[Point]) -> Point:
    return Point(
        min(point.least for point in points),
        sum(point.mean for point in points) / len(points),
        max(point.most for point in points),
    )


def ticks(values: Iterable[float], unit: str) -> list[float]:
    """Round numbers for an axis that holds zero and all of these values, lowest first.

    A share is seen beside the whole.
    """
    held = (0.0, *values, *([1.0] if unit == "ratio" else []))
    least, most = min(held), max(held)
    for step in _steps(unit):
        first, last = floor(least / step), ceil(most / step)
        if last - first < MOST_TICKS:
            return [round(n * step, 9) for n in range(first, max(last, first + 1) + 1)]
    raise AssertionError("there is always a larger step")


def _steps(unit: str) -> Iterator[float]:
    """Distances between ticks that read well, smallest first; what is counted is whole."""
    listed = _STEPS.get(unit, ())
    yield from listed
    power = 1.0
    while True:
        yield from (step for n in (1, 2, 5) if (step := n * power) > max(listed, default=0))
        power *= 10


def plot(
    lines: Sequence[Line], axis: Sequence[float], limits: Iterable[tuple[State, float]]
) -> Plot:
    """Lines between the first and the last tick of an axis, and the range of each behind it.

    Where nothing was measured a line is broken; where no line has a point, that is a gap.
    """
    bottom, top = axis[0], axis[-1]

    def y(value: float) -> int:
        return round(HEIGHT * (top - value) / (top - bottom))

    paths: list[tuple[str, int, str]] = []
    for number, points in enumerate(lines):
        for at, end in _runs([point is not None for point in points]):
            stretch = [point for point in points[at:end] if point]
            x = at * STEP + STEP // 2
            most = [y(point.most) for point in stretch]
            least = [y(point.least) for point in stretch]
            if most != least:
                edge = _path(x, most, STEP) + f"v{least[-1] - most[-1]}"
                paths.append(("range", number, f"{edge}{_on(least[::-1], -STEP)}z"))
            # A single point is a line of no length, which round ends make a dot.
            mean = _path(x, [y(point.mean) for point in stretch], STEP)
            paths.append(("line", number, mean if len(stretch) > 1 else f"{mean}h0"))
    nothing = [not any(points) for points in zip(*lines, strict=True)]
    return Plot(
        width=len(nothing) * STEP,
        grid=[y(tick) for tick in axis],
        gaps=[(at * STEP, (end - at) * STEP) for at, end in _runs(nothing)],
        limits=[(state, y(value)) for state, value in limits if bottom <= value <= top],
        paths=paths,
    )


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where flags are set in a row: from the first to behind the last."""
    at = 0
    for is_set, found in groupby(flags):
        end = at + sum(1 for _ in found)
        if is_set:
            yield at, end
        at = end


def _path(x: int, heights: Sequence[int], step: int) -> str:
    return f"M{x} {heights[0]}{_on(heights, step)}"


def _on(heights: Sequence[int], step: int) -> str:
    """On from the first height to the others, each a step further; level parts as one."""
    moves = []
    for change, found in groupby(later - earlier for earlier, later in pairwise(heights)):
        length = sum(1 for _ in found)
        moves += [f"l{step} {change}"] * length if change else [f"h{step * length}"]
    return "".join(moves)
