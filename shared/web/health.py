"""GET healthz: is the monitor itself alive and recent. Anonymous, so nothing about the tenant.

The format is draft-inadarei-api-health-check; fail answers 503, so that a probe need not read it.
"""

from __future__ import annotations

from datetime import datetime

from shared.model import Current
from shared.settings import SettingsError
from shared.web.answers import HEALTH, Answer, document
from shared.web.status import is_stale


def alive(current: Current | None, schedule: str, now: datetime) -> Answer:
    """Pass while runs are on time; fail when there is none, or two were missed."""
    if current is None:
        return _fail("No run has finished yet.")
    age = round((now - current.run.started_at).total_seconds())
    if is_stale(current, schedule, now):
        return _fail(f"The last run was {age} seconds ago, and two have been missed since.")
    return document(
        {"status": "pass", "output": f"The last run was {age} seconds ago."}, media_type=HEALTH
    )


def misconfigured(error: SettingsError) -> Answer:
    """Fail with one line per setting to be fixed; private values are left out."""
    return _fail(" ".join(problem.public for problem in error.problems))


def storage_unreachable() -> Answer:
    return _fail("Table Storage cannot be reached. See AzureWebJobsStorage and its network rules.")


def _fail(output: str) -> Answer:
    return document({"status": "fail", "output": output}, status=503, media_type=HEALTH)
