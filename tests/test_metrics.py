from __future__ import annotations

import pytest

import checks
import monitor
from checks.metrics import METRICS
from simulator import scenario
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("tenant", "without"),
    [
        ("healthy", {"cloud_sync_jobs"}),
        ("cloud-sync", {"password_hash_sync", "connect_certificate"}),
    ],
)
async def test_every_metric_is_declared_with_its_unit_and_no_other(world, tenant, without):
    world.graph.tenant = scenario(tenant)
    run = await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    measured = {
        verdict.check: {name: metric.unit for name, metric in verdict.metrics.items()}
        for verdict in run.verdicts
        if verdict.metrics
    }
    assert measured == {check: of for check, of in METRICS.items() if check not in without}


def test_metrics_are_declared_for_checks_that_there_are():
    assert METRICS.keys() <= checks.BY_ID.keys()
