"""What is stored of a tenant: copied, read back, and held against what must be true of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

import checks
from checks.audit_trail import AuditTrail
from collect.audit import LOOK_BACK
from collect.gather import Kept as Gathered
from collect.sweep import Sweep
from faults.world import NOW
from shared.confirm import fold
from shared.history import Day, roll_up
from shared.model import Change, Current, Run, Verdict
from shared.settings import CONFIRM_AFTER, RECOVER_AFTER, Settings
from shared.store import AUDIT, GATHERED, STATE, SWEEP, TABLES, Store

_AGES = timedelta(days=500)

Rows = dict[str, list[dict[str, Any]]]


async def taken(store: Store, without: Collection[str] = ()) -> Rows:
    """All rows by table, without these rows of state."""
    rows: Rows = {}
    for table in TABLES:
        found = store._table(table).query_entities(
            "PartitionKey eq @tenant", parameters={"tenant": store._tenant}
        )
        rows[table] = [
            dict(row) async for row in found if table != STATE or row["RowKey"] not in without
        ]
    return rows


async def put(store: Store, rows: Rows) -> None:
    """Store rows as those of another tenant, which has none."""
    await store.prepare()
    for table, found in rows.items():
        for first in range(0, len(found), 100):
            await store._table(table).submit_transaction(
                ("create", row | {"PartitionKey": store._tenant})
                for row in found[first : first + 100]
            )


@dataclass(frozen=True)
class Stored:
    """Everything that is kept of a tenant."""

    runs: Sequence[Run]
    days: Sequence[Day]
    changes: Sequence[Change]
    current: Current | None
    audit: AuditTrail | None
    sweep: Sweep | None
    gathered: Mapping[str, Gathered]

    def run(self, slot: datetime) -> Run | None:
        return next((run for run in self.runs if run.slot == slot), None)


async def read(store: Store, at: datetime) -> Stored:
    first, last = at - _AGES, at + _AGES
    changes, _ = await store.changes(first)
    return Stored(
        runs=await store.runs(first, last),
        days=await store.days(first.date(), last.date()),
        changes=changes,
        current=(await store.current()).value,
        audit=(await store.state(AUDIT, AuditTrail)).value,
        sweep=(await store.state(SWEEP, Sweep)).value,
        gathered=(await store.state(GATHERED, dict[str, Gathered])).value or {},
    )


def inconsistent(stored: Stored, settings: Settings) -> Iterator[str]:
    """What contradicts the runs that are stored, which are all there is to go by."""
    runs = stored.runs
    if not runs or stored.current is None:
        yield "lost: no status"
        return
    told = fold(
        None,
        runs[:-1],
        runs[-1],
        confirm_after=settings[CONFIRM_AFTER],
        recover_after=settings[RECOVER_AFTER],
    )
    if stored.current.run.slot < runs[-1].slot:
        yield f"back: the status is of {stored.current.run.slot}"
    elif (stored.current.run, stored.current.standings) != (told.run, told.standings):
        yield "status: it is not what the runs say"
    found, expected = _by_key(stored.changes), _by_key(told.changes)
    yield from (f"lost: change {key}" for key in expected.keys() - found.keys())
    yield from (f"doubled: change {key}" for key in found.keys() - expected.keys())
    yield from (
        f"change: {key} is not what the runs say"
        for key in found.keys() & expected.keys()
        if found[key] != expected[key]
    )
    days = {run.slot.date() for run in runs}
    rolled = {day.day: day for day in stored.days}
    for day in days | rolled.keys():
        of_day = [digest_of(run) for run in runs if run.slot.date() == day]
        if rolled.get(day) != roll_up(day, of_day):
            yield f"day: {day} is not what its runs say"


def digest_of(run: Run) -> Any:
    """The digest as it is read back."""
    from shared.history import Digest, digest

    return msgspec.json.decode(msgspec.json.encode(digest(run)), type=Digest)


def _by_key(changes: Sequence[Change]) -> dict[tuple[str, str], Change]:
    return {(change.check, change.slot.isoformat()): change for change in changes}


def different(stored: Stored, reference: Stored) -> Iterator[str]:
    """What is not as it would be had nothing ever gone wrong, times of reading aside."""
    here, there = _log(stored), _log(reference)
    yield from (
        f"audit: {name} is {here[name]} instead of {there[name]}"
        for name in here.keys() | there.keys()
        if here.get(name) != there.get(name)
    )
    if _report(stored) != _report(reference):
        yield f"sweep: {stored.sweep} instead of {reference.sweep}"
    if stored.gathered.keys() != reference.gathered.keys():
        yield f"gathered: {sorted(stored.gathered)} instead of {sorted(reference.gathered)}"


def _log(stored: Stored) -> dict[str, Any]:
    """What is known of the audit log, without the oldest day, which may have been read anew."""
    if stored.audit is None:
        return {}
    known = msgspec.structs.asdict(stored.audit)
    del known["read_from"]
    first = (NOW - LOOK_BACK + timedelta(days=1)).date().isoformat()
    days = {day: number for day, number in known["attempts"].days.items() if day > first}
    return known | {"attempts": msgspec.structs.replace(known["attempts"], days=days)}


def _report(stored: Stored) -> Any:
    sweep = stored.sweep
    if sweep is None or sweep.finished is None:
        return sweep
    return (
        msgspec.structs.replace(sweep.finished, past=(), newest_at=None),
        sweep.underway,
        sweep.failed_for,
    )


def same(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts say the same about the tenant."""
    return (one.state, one.code, one.permission) == (other.state, other.code, other.permission)


def said(verdict: Verdict) -> Any:
    """What a verdict says, but for how old and how long its source is."""
    aside = ("_age_seconds", "read_from_at")
    params = {name: value for name, value in verdict.params.items() if not name.endswith(aside)}
    return verdict.check, verdict.state, verdict.code, verdict.permission, params


def touched(check: str, facts: Collection[str]) -> bool:
    """Whether a check needs one of these facts."""
    return any(fact.name in facts for fact in checks.BY_ID[check].needs)
