"""What Azure Monitor reads: custom events and metrics of every run. docs/telemetry.md lists them.

They go through a pipeline of our own, beside whatever the Functions worker sets up for log lines:
an event is sent once however the worker is configured, and nothing but our events is in it. Nothing
of OpenTelemetry is imported before the first run is told, so that no cold start waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from shared.log import iso
from shared.model import Change, Current, Run, Standing, State

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

logger = logging.getLogger(__name__)

CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"

SEVERITY = 2
"""How bad it is when a check is critical that nobody rated: Azure's scale, 0 (worst) to 4."""

METRICS: Mapping[str, str] = {
    "sspr.check.state": "1",
    "sspr.check.value": "1",
    "sspr.run.duration": "s",
}
"""What is measured of a run, and in which unit; the unit of a check's value is an attribute."""

# Each of them writes a line or more for every request, some with the address that was asked. The
# last two write headers, which tokens are among, once somebody has the worker log everything
# (PYTHON_ENABLE_DEBUG_LOGGING): https://github.com/python-hyper/hpack/issues/288
_TALKATIVE = ("azure", "httpx", "msal", "httpcore", "hpack")

# What the exporter would send on its own: statistics of itself, to its maker and to our table, and
# questions for remote settings. Without them the app talks to one address, and of its runs only.
_OF_THE_EXPORTER = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)

# A run ends soon after its last check even when nobody listens. What could not be sent stays on the
# instance's disk and follows the next run that is told; the SDK's ten retries would be waited for.
_PATIENCE: Mapping[str, float] = {"retry_total": 0, "timeout": 10.0, "read_timeout": 10.0}

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Event:
    """One row of `customEvents`; Azure Monitor keeps every property as text."""

    name: str
    at: datetime
    properties: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of `customMetrics`."""

    name: str
    value: float
    properties: Mapping[str, Value]


def quieten() -> None:
    """Keep the SDKs' lines on every request out of the log: billed rows that say nothing."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


async def announce(
    current: Current, severities: Mapping[str, int], changes: Iterable[Change] = ()
) -> None:
    """Tell Azure Monitor about the newest run, and wait until it is told; a failure is logged.

    `severities`: how bad it is when a check is critical, by its id. `changes`: those that nobody
    has told yet. Nothing is sent or imported unless the app has the connection string of
    Application Insights.
    """
    if os.environ.get(CONNECTION_STRING, "").strip():
        told = tuple(events(current, severities, changes))
        await asyncio.to_thread(_send, told, tuple(measured(current)))


def events(
    current: Current, severities: Mapping[str, int], changes: Iterable[Change]
) -> Iterator[Event]:
    """The run, every check of it, and these changes."""
    run = current.run
    tell = partial(Event, at=run.started_at + timedelta(seconds=run.duration))
    yield tell("SsprRun", properties=_of_run(current))
    for standing in current.standings:
        severity = severities.get(standing.latest.check, SEVERITY)
        yield tell("SsprCheck", properties=_of_check(standing, run, severity))
    for change in changes:
        yield tell("SsprChange", properties=_of_change(change, run))


def measured(current: Current) -> Iterator[Measured]:
    """The run's duration, every check's confirmed state (its rank), and every metric."""
    tenant = current.run.tenant
    yield Measured("sspr.run.duration", current.run.duration, {"tenant": tenant})
    for standing in current.standings:
        of = {"tenant": tenant, "check": standing.latest.check}
        yield Measured("sspr.check.state", standing.confirmed.rank, of)
        for name, metric in standing.latest.metrics.items():
            yield Measured(
                "sspr.check.value", metric.value, of | {"metric": name, "unit": metric.unit}
            )


def _of_run(current: Current) -> Mapping[str, Value]:
    run = current.run
    return {
        "tenant": run.tenant,
        "slot": iso(run.slot),
        "interval": run.interval,
        "state": run.state,
        "confirmed": current.state,
        "duration": run.duration,
        "graph_requests": run.graph_requests,
        "checks": len(run.verdicts),
        "unknown": sum(verdict.state is State.UNKNOWN for verdict in run.verdicts),
    }


def _of_check(standing: Standing, run: Run, severity: int) -> Mapping[str, Value]:
    """Of several metrics the first; all of them are in `sspr.check.value`."""
    verdict = standing.latest
    properties: dict[str, Value] = {
        "tenant": run.tenant,
        "slot": iso(run.slot),
        "check": verdict.check,
        "state": verdict.state,
        "confirmed": standing.confirmed,
        "confirmed_since": iso(standing.since),
        "code": verdict.code,
        "severity": severity,
    }
    if verdict.permission:
        properties["permission"] = verdict.permission
    for name, metric in list(verdict.metrics.items())[:1]:
        properties |= {"metric": name, "value": metric.value, "unit": metric.unit}
    return properties


def _of_change(change: Change, run: Run) -> Mapping[str, Value]:
    return {
        "tenant": run.tenant,
        "slot": iso(change.slot),
        "since": iso(change.since),
        "check": change.check,
        "from": change.before,
        "to": change.after,
        "code": change.code,
        "lasted_seconds": change.lasted_seconds,
    }


_sending = threading.Lock()


def _send(told: Iterable[Event], measurements: Iterable[Measured]) -> None:
    with _sending:
        try:
            pipeline = _pipeline()
        except ValueError as error:
            # The run itself is stored; a mistyped setting must not make it fail.
            logger.error("%s is not valid, nothing was sent: %s", CONNECTION_STRING, error)
            return
        pipeline.send(told, measurements)


@cache
def _pipeline() -> _Pipeline:
    return _Pipeline()


class _Pipeline:
    """The exporters to Application Insights. Raises ValueError for a bad connection string.

    They take the identity from APPLICATIONINSIGHTS_AUTHENTICATION_STRING, as the host does.
    """

    def __init__(self) -> None:
        for name in _OF_THE_EXPORTER:
            os.environ.setdefault(name, "true")
        from azure.monitor.opentelemetry.exporter import (
            AzureMonitorLogExporter,
            AzureMonitorMetricExporter,
        )
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource

        resource = Resource({SERVICE_NAME: os.environ.get("WEBSITE_SITE_NAME", "sspr-monitor")})
        # Providers that are never made global: what others record does not come this way, and
        # sampling, which is a matter of traces, does not reach it.
        self._logs = LoggerProvider(resource, shutdown_on_exit=False)
        self._logs.add_log_record_processor(
            BatchLogRecordProcessor(AzureMonitorLogExporter(**_PATIENCE))
        )
        reader = PeriodicExportingMetricReader(
            AzureMonitorMetricExporter(**_PATIENCE), export_interval_millis=math.inf
        )
        self._metrics = MeterProvider([reader], resource, shutdown_on_exit=False)
        self._events = self._logs.get_logger("sspr")
        self._measured: tuple[Measured, ...] = ()
        meter = self._metrics.get_meter("sspr")
        for name, unit in METRICS.items():
            # Observable, as any other gauge repeats what it was last told, gone checks included.
            meter.create_observable_gauge(name, [partial(self._observe, name)], unit=unit)

    def send(self, told: Iterable[Event], measurements: Iterable[Measured]) -> None:
        """Send everything now: the instance may be gone a second after the run."""
        self._measured = tuple(measurements)
        for event in told:
            self._events.emit(
                timestamp=int(event.at.timestamp() * 1_000_000) * 1_000,
                attributes={"microsoft.custom_event.name": event.name, **event.properties},
            )
        self._logs.force_flush()
        self._metrics.force_flush()

    def _observe(self, name: str, options: CallbackOptions) -> Iterator[Observation]:
        from opentelemetry.metrics import Observation

        for one in self._measured:
            if one.name == name:
                yield Observation(one.value, dict(one.properties))
