"""Confirmed states: what several runs in a row agree on. One odd run alerts nobody.

A check counts as worse once it has been at least that bad for `confirm_after` runs in a row, and as
better once it has been at most that bad for `recover_after` runs. An unbroken row of different bad
states is confirmed at the mildest of them, so flapping between two of them still shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shared.model import Change, Current, Run, Sighting, Standing, State, Verdict


def fold(
    previous: Current | None,
    left_out: Iterable[Run],
    run: Run,
    *,
    confirm_after: int,
    recover_after: int,
) -> Current:
    """The standing of all checks after the runs that were left out, oldest first, and this one.

    It holds what changed on the way, not only at the end of it.
    """
    changes: list[Change] = []
    for earlier in left_out:
        previous = stand(
            previous, earlier, confirm_after=confirm_after, recover_after=recover_after
        )
        changes += previous.changes
    current = stand(previous, run, confirm_after=confirm_after, recover_after=recover_after)
    return msgspec.structs.replace(current, changes=(*changes, *current.changes))


def stand(previous: Current | None, run: Run, *, confirm_after: int, recover_after: int) -> Current:
    """Fold one more run into the standing of its checks. What is first seen stands at once."""
    before: Mapping[str, Standing] = (
        {standing.latest.check: standing for standing in previous.standings} if previous else {}
    )
    standings = tuple(
        _next(before.get(verdict.check), verdict, run, confirm_after, recover_after)
        for verdict in run.verdicts
    )
    return Current(run, standings, tuple(_changes(before, standings, run)))


def _changes(
    before: Mapping[str, Standing], standings: Iterable[Standing], run: Run
) -> Iterable[Change]:
    for standing in standings:
        check = standing.latest.check
        earlier = before.get(check)
        if earlier and earlier.confirmed is not standing.confirmed:
            yield Change(
                check=check,
                slot=run.slot,
                since=standing.since,
                before=earlier.confirmed,
                after=standing.confirmed,
                code=standing.latest.code,
                lasted_seconds=max(0.0, (standing.since - earlier.since).total_seconds()),
            )


def _next(
    before: Standing | None, verdict: Verdict, run: Run, confirm_after: int, recover_after: int
) -> Standing:
    sighting = Sighting(run.slot, verdict.state)
    if before is None:
        return Standing(verdict, verdict.state, run.slot, (sighting,))
    # What a wrong clock saw at a time that is yet to come counts for nothing.
    seen = (earlier for earlier in before.recent if earlier.at < run.slot)
    recent = (*seen, sighting)[-max(confirm_after, recover_after) :]
    first = _agreed(before.confirmed, recent, confirm_after, recover_after)
    if first is None:
        return Standing(verdict, before.confirmed, min(before.since, run.slot), recent)
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
