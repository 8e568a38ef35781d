"""A run under the Functions worker's own library, whichever of its telemetry switches is on."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from local.azurite import ROOT
from shared import telemetry

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="the worker's library is published for Python 3.13 and later"
)


async def run_under_the_worker(world, ingestion, **switches):
    environment = {
        **dict.fromkeys(telemetry._OF_THE_EXPORTER, "true"),
        telemetry.CONNECTION_STRING: ingestion.connection_string,
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "worker.py"),
        cwd=ROOT,
        env=os.environ | world.environment | environment | switches,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    ran = json.loads(out)["run"]
    assert ran[0] == "success", ran[1]


async def test_only_events_and_metrics_leave_a_worker_that_is_set_up_as_deployed(world, ingestion):
    await run_under_the_worker(world, ingestion)
    assert len(ingestion.named("SsprRun")) == 1
    kinds = {envelope["data"]["baseType"] for envelope in ingestion.envelopes}
    assert kinds == {"EventData", "MetricData"}


@pytest.mark.parametrize(
    "switch", ["PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY", "PYTHON_ENABLE_OPENTELEMETRY"]
)
async def test_an_event_arrives_once_with_a_switch_that_is_not_needed(world, ingestion, switch):
    await run_under_the_worker(world, ingestion, **{switch: "true"})
    assert len(ingestion.named("SsprRun")) == 1
    checks = [one["check"] for one in ingestion.named("SsprCheck")]
    assert len(checks) == len(set(checks)) > 0
