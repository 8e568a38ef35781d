"""Health in the format of https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06:
of the tenant (GET status), and whether the monitor itself is alive and recent (GET healthz).

healthz is anonymous, so nothing about the tenant is in it. In both, fail answers 503, so that a
probe need not read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.model import Current, Standing, State
from shared.schedule import is_stale
from shared.settings import SettingsError
from shared.text import Words
from shared.version import VERSION
from shared.web.answers import HEALTH, NEVER_KEPT, Answer, document

PASS, WARN, FAIL = "pass", "warn", "fail"

# The draft knows no "unknown": it is a concern, and an extra member has our own word for it.
_STATUS = {
    State.HEALTHY: PASS,
    State.NOT_APPLICABLE: PASS,
    State.UNKNOWN: WARN,
    State.WARNING: WARN,
    State.CRITICAL: FAIL,
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


def alive(current: Current | None, schedule: str, now: datetime) -> Answer:
    """Pass while runs are on time; fail when there is none, or two were missed."""
    if current is None:
        return _alive(FAIL, "No run has finished yet.")
    age = round((now - current.run.started_at).total_seconds())
    if is_stale(schedule, current.run.slot, now):
        return _alive(FAIL, f"The last run was {age} seconds ago, and two have been missed since.")
    return _alive(PASS, f"The last run was {age} seconds ago.")


def misconfigured(error: SettingsError) -> Answer:
    """Fail with one line per setting to be fixed; private values are left out."""
    return _alive(FAIL, " ".join(problem.public for problem in error.problems))


def storage_unreachable() -> Answer:
    return _alive(
        FAIL, "Table Storage cannot be reached. See AzureWebJobsStorage and its network rules."
    )


def _alive(status: str, output: str) -> Answer:
    return document(
        {"status": status, "output": output},
        status=503 if status == FAIL else 200,
        media_type=HEALTH,
        headers=NEVER_KEPT,
    )
