"""Health in the format of https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06:
of the tenant (GET status), and whether the monitor itself is alive and recent (GET healthz).

healthz is anonymous, so nothing about the tenant is in it. In both, fail answers 503, so that a
probe need not read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from azure.core.exceptions import AzureError

from shared.model import Current, Standing, State
from shared.schedule import is_stale, slot_of
from shared.settings import SCHEDULE, SWEEP_SCHEDULE, SettingsError
from shared.store import SWEEP, Store
from shared.store.failures import time_in, what_failed
from shared.text import Words
from shared.version import VERSION
from shared.web.answers import HEALTH, NEVER_KEPT, Answer, document
from shared.web.asked import Asked

PASS, WARN, FAIL = "pass", "warn", "fail"

CLOCK_ERROR_SECONDS = 300
# How long a sweep that is under way may take, in a tenant so large that it needs several turns.
SWEEP_LIFE = timedelta(hours=12)

# The draft knows no "unknown": it is a concern, and an extra member has our own word for it.
_STATUS = {
    State.HEALTHY: PASS,
    State.NOT_APPLICABLE: PASS,
    State.UNKNOWN: WARN,
    State.WARNING: WARN,
    State.CRITICAL: FAIL,
}

# https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06#section-4.2
_TYPES = {
    "settings": "component",
    "storage": "datastore",
    "clock": "system",
    "run": "component",
    "sweep": "component",
}


def told(state: State, *, stale: bool) -> str:
    """The draft's word for a state; what is stale fails, as nobody knows any more."""
    return FAIL if stale else _STATUS[state]


def of_tenant(current: Current, now: datetime, words: Words, *, stale: bool) -> Answer:
    """The confirmed states: alerts hang on the status, and one odd run should raise none."""
    status = told(current.state, stale=stale)
    run = current.run
    output = words.overall(current.state)
    if stale:
        output = words.say(
            "The last run was {age_seconds} ago, and two have been missed since.",
            age_seconds=(now - run.started_at).total_seconds(),
        )
    return document(
        {
            "status": status,
            "releaseId": VERSION,
            "serviceId": run.tenant,
            "description": words.say("Self-service password reset of a Microsoft Entra tenant"),
            **({} if status == PASS else {"output": output}),
            "state": current.state,
            "stale": stale,
            "checks": {
                key: [detail]
                for standing in current.standings
                for key, detail in _details(standing, run.started_at, words)
            },
        },
        status=503 if status == FAIL else 200,
        media_type=HEALTH,
    )


def _details(
    standing: Standing, at: datetime, words: Words
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A check with each of its metrics, or by itself when it has none."""
    verdict = standing.latest
    status = _STATUS[standing.confirmed]
    detail: dict[str, Any] = {
        "componentId": verdict.check,
        "componentType": "component",
        "status": status,
        "time": verdict.as_of or at,
        **({} if status == PASS else {"output": words.sentence(verdict)}),
        "state": standing.confirmed,
        "latest_state": verdict.state,
        "code": verdict.code,
    }
    for name, metric in verdict.metrics.items():
        yield (
            f"{verdict.check}:{name}",
            {**detail, "observedValue": metric.value, "observedUnit": metric.unit},
        )
    if not verdict.metrics:
        yield verdict.check, detail


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that says whether the monitor lives; `value` in seconds."""

    name: str
    status: str
    output: str = ""
    value: float | None = None

    def detail(self) -> dict[str, object]:
        """As the draft has it, in which a reading is a value with its unit."""
        read = (
            {} if self.value is None else {"observedValue": self.value, "observedUnit": "seconds"}
        )
        said = {} if self.status == PASS else {"output": self.output}
        return {"componentType": _TYPES[self.name], "status": self.status, **read, **said}


class Swept(msgspec.Struct, frozen=True):
    """What is told of the sweep: when it was last finished, and whether one is under way."""

    finished_at: datetime | None = None
    underway: object = None


async def monitor(asked: Asked, store: Store) -> Answer:
    """Whether settings, storage and runs are right; nothing about the tenant."""
    current, time = await store.current_and_time()
    swept = (await store.state(SWEEP, Swept)).value or Swept()
    return alive(
        [
            Sign("settings", PASS),
            Sign("storage", PASS),
            *clock(time, asked.now),
            last_run(current.value, asked.settings[SCHEDULE], asked.now),
            last_sweep(swept, asked.settings[SWEEP_SCHEDULE], asked.now),
        ]
    )


def misconfigured(error: SettingsError) -> Answer:
    """Fail with one line per setting to be fixed; private values are left out."""
    return alive([Sign("settings", FAIL, " ".join(problem.public for problem in error.problems))])


def storage_failed(error: AzureError, now: datetime) -> Answer:
    """Fail with what to fix; a wrong clock is told too, as it may be the very reason."""
    return alive(
        [
            Sign("settings", PASS),
            Sign("storage", FAIL, what_failed(error)),
            *clock(time_in(error), now),
        ]
    )


def clock(theirs: datetime | None, now: datetime) -> Iterator[Sign]:
    """How far our clock is ahead of the storage account's, where that told its own.

    Slots depend on ours; a quarter of an hour off, storage refuses what a key has signed.
    https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key#specifying-the-date-header
    """
    if theirs is None:
        return
    ahead = round((now - theirs).total_seconds(), 1)
    off = abs(ahead) > CLOCK_ERROR_SECONDS
    way = "ahead of" if ahead > 0 else "behind"
    output = f"The app's clock is {abs(ahead):.0f} seconds {way} the storage account's."
    yield Sign("clock", WARN if off else PASS, output, ahead)


def last_run(current: Current | None, schedule: str, now: datetime) -> Sign:
    """Pass while runs are on time; fail when there is none, or two were missed."""
    if current is None:
        return Sign("run", FAIL, "No run has finished yet.")
    age = round((now - current.run.started_at).total_seconds())
    if is_stale(schedule, current.run.slot, now):
        output = f"The last run was {age} seconds ago, and two have been missed since."
        return Sign("run", FAIL, output, age)
    return Sign("run", PASS, f"The last run was {age} seconds ago.", age)


def last_sweep(swept: Swept, schedule: str, now: datetime) -> Sign:
    """Warn when two sweeps were missed; never fail, as runs judge all else without one.

    None yet is no concern: a new deployment has none, nor has a tenant without the licence.
    """
    if swept.finished_at is None:
        return Sign("sweep", PASS)
    age = round((now - swept.finished_at).total_seconds())
    patient = SWEEP_LIFE if swept.underway else timedelta()
    if is_stale(schedule, slot_of(schedule, swept.finished_at), now - patient):
        output = f"The last sweep was {age} seconds ago, and two have been missed since."
        return Sign("sweep", WARN, output, age)
    return Sign("sweep", PASS, value=age)


def alive(signs: Sequence[Sign]) -> Answer:
    """The worst of these; what is told in one sentence is what is wrong, else the last run."""
    status = max((sign.status for sign in signs), key=(PASS, WARN, FAIL).index)
    wrong = [sign.output for sign in signs if sign.status != PASS]
    output = " ".join(wrong or [sign.output for sign in signs if sign.name == "run"])
    return document(
        {
            "status": status,
            "output": output,
            "checks": {sign.name: [sign.detail()] for sign in signs},
        },
        status=503 if status == FAIL else 200,
        media_type=HEALTH,
        headers=NEVER_KEPT,
    )
