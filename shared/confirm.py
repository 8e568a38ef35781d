"""Confirmed states: what several runs in a row agree on. One odd run alerts nobody.

A check counts as worse once it has been at least that bad for `confirm_after` runs in a row, and as
better once it has been at most that bad for `recover_after` runs. An unbroken row of different bad
states is confirmed at the mildest of them, so flapping between two of them still shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.model import Current, Run, Sighting, Standing, State, Verdict


def stand(previous: Current | None, run: Run, *, confirm_after: int, recover_after: int) -> Current:
    """Fold one more run into the standing of its checks. What is first seen stands at once."""
    before: Mapping[str, Standing] = (
        {standing.latest.check: standing for standing in previous.standings} if previous else {}
    )
    return Current(
        run=run,
        standings=tuple(
            _next(before.get(verdict.check), verdict, run, confirm_after, recover_after)
            for verdict in run.verdicts
        ),
    )


def _next(
    before: Standing | None, verdict: Verdict, run: Run, confirm_after: int, recover_after: int
) -> Standing:
    sighting = Sighting(run.slot, verdict.state)
    if before is None:
        return Standing(verdict, verdict.state, run.slot, (sighting,))
    recent = (*before.recent, sighting)[-max(confirm_after, recover_after) :]
    first = _agreed(before.confirmed, recent, confirm_after, recover_after)
    if first is None:
        return Standing(verdict, before.confirmed, before.since, recent)
    return Standing(verdict, first.state, first.at, recent)


def _agreed(
    confirmed: State, recent: Sequence[Sighting], confirm_after: int, recover_after: int
) -> Sighting | None:
    """The state that the latest runs agree on instead, with the time of the first of them."""
    worse, better = recent[-confirm_after:], recent[-recover_after:]
    if len(worse) == confirm_after:
        mildest = min((sighting.state for sighting in worse), key=lambda state: state.rank)
        if mildest.rank > confirmed.rank:
            return Sighting(worse[0].at, mildest)
    if len(better) == recover_after:
        worst = max((sighting.state for sighting in better), key=lambda state: state.rank)
        if worst.rank < confirmed.rank:
            return Sighting(better[0].at, worst)
    return None
