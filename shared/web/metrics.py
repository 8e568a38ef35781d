"""GET metrics: Prometheus' text format, from what is stored. Nothing is asked of Graph for it.

All metrics of checks are in one family for each unit; those that are asked for most have families
of their own besides. Labels are ids of this app and of the tenant, never anything of a user.
https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from prometheus_client import Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.model import Current, Standing, State
from shared.schedule import is_stale
from shared.settings import SCHEDULE
from shared.store import SWEEP, Store
from shared.version import VERSION
from shared.web.answers import NEVER_KEPT, Answer
from shared.web.asked import Asked

# `text/...` is completed with the charset when it is sent.
MEDIA_TYPE = "text/plain; version=0.0.4"

FAMILIES: Mapping[str, str] = {
    "sspr_monitor_build_info": "The version of the app.",
    "sspr_monitor_stale": "Whether two runs were missed, or none has finished: all else is old.",
    "sspr_run_age_seconds": "Time since the latest run started.",
    "sspr_run_duration_seconds": "How long the latest run took.",
    "sspr_run_graph_requests": "Requests to Microsoft Graph in the latest run.",
    "sspr_sweep_age_seconds": "Time since the registration report was last read to its end.",
    "sspr_status": "Whether this is the confirmed state of the tenant.",
    "sspr_check_status": "Whether this is the confirmed state of the check.",
    "sspr_check_status_since_timestamp_seconds": "Since when the confirmed state holds.",
    "sspr_check_latest_status": "Whether this is the state of the check in the latest run.",
    "sspr_check_last_run_timestamp_seconds": "When the latest run of the check started.",
    "sspr_registration_ratio": "Capable / Enabled of the registration report.",
    "sspr_sync_age_seconds": "Age of the last synchronization when the latest run looked.",
    "sspr_reset_success_ratio": "Succeeded of the attempts to reset that were finished.",
}
"""Every family by name, beside one `sspr_check_<unit>` for each unit of a metric."""

_HEADLINES: Mapping[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("registration", "users_coverage"): ("sspr_registration_ratio", {"who": "users"}),
    ("registration", "administrators_coverage"): (
        "sspr_registration_ratio",
        {"who": "administrators"},
    ),
    ("directory_sync", "sync_age"): ("sspr_sync_age_seconds", {"sync": "directory"}),
    ("password_hash_sync", "password_sync_age"): (
        "sspr_sync_age_seconds",
        {"sync": "password_hash"},
    ),
    ("reset_attempts", "success"): ("sspr_reset_success_ratio", {}),
}

_UNIT = re.compile(r"[a-z]+")

_Sample = tuple[str, dict[str, str], float]


class Swept(msgspec.Struct, frozen=True):
    """What is told of the registration sweep."""

    finished_at: datetime | None = None


async def metrics(asked: Asked, store: Store) -> Answer:
    """Everything that the newest run measured, and how old it is."""
    current, swept = await asyncio.gather(store.current(), store.state(SWEEP, Swept))
    return exposition(current.value, swept.value or Swept(), asked.settings[SCHEDULE], asked.now)


def exposition(current: Current | None, swept: Swept, schedule: str, now: datetime) -> Answer:
    """The samples, in a body that no cache may keep: a scrape is of this moment."""
    samples: list[_Sample] = [
        ("sspr_monitor_build_info", {"version": VERSION}, 1),
        (
            "sspr_monitor_stale",
            {},
            current is None or is_stale(schedule, current.run.slot, now),
        ),
    ]
    if current:
        tenant = {"tenant": current.run.tenant}
        found = _of_tenant(current, swept, now)
        samples += [(name, tenant | labels, value) for name, labels, value in found]
    return Answer(200, MEDIA_TYPE, generate_latest(_Told(samples)), NEVER_KEPT)


class _Told(Collector):
    """Samples that are there already: no state is kept between two scrapes."""

    def __init__(self, samples: Iterable[_Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for name, labels, value in self._samples:
            if name not in families:
                families[name] = GaugeMetricFamily(name, _help(name), labels=tuple(labels))
            families[name].add_metric(tuple(labels.values()), value)
        return families.values()


def _help(name: str) -> str:
    return FAMILIES.get(name) or f"Metrics of checks in {name.rpartition('_')[2]}."


def _of_tenant(current: Current, swept: Swept, now: datetime) -> Iterator[_Sample]:
    run = current.run
    yield "sspr_run_age_seconds", {}, (now - run.started_at).total_seconds()
    yield "sspr_run_duration_seconds", {}, run.duration
    yield "sspr_run_graph_requests", {}, run.graph_requests
    if swept.finished_at:
        yield "sspr_sweep_age_seconds", {}, (now - swept.finished_at).total_seconds()
    for state in State:
        yield "sspr_status", {"state": state}, current.state is state
    for standing in current.standings:
        check = {"check": standing.latest.check}
        yield "sspr_check_last_run_timestamp_seconds", check, run.started_at.timestamp()
        for name, labels, value in _of_check(standing):
            yield name, check | labels, value
        for metric, measured in standing.latest.metrics.items():
            if headline := _HEADLINES.get((standing.latest.check, metric)):
                yield *headline, measured.value


def _of_check(standing: Standing) -> Iterator[_Sample]:
    for state in State:
        yield "sspr_check_status", {"state": state}, standing.confirmed is state
        yield "sspr_check_latest_status", {"state": state}, standing.latest.state is state
    yield "sspr_check_status_since_timestamp_seconds", {}, standing.since.timestamp()
    for name, metric in standing.latest.metrics.items():
        # A unit of another version's may be no name.
        if _UNIT.fullmatch(metric.unit):
            yield f"sspr_check_{metric.unit}", {"metric": name}, metric.value
