"""Whoever wants to start anew deletes tables, while the app is up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceNotFoundError

import monitor
from local.azurite import Azurite, find_installation
from shared.store import TABLES
from simulator import scenario
from tests.conftest import NOW


@pytest.fixture(scope="module")
def storage_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Tables belong to all tenants, so no other test may use this emulator."""
    with Azurite(tmp_path_factory.mktemp("lost"), *find_installation()) as azurite:
        yield azurite.connection_string


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_that_was_deleted_is_made_anew_by_the_next_run(
    world, storage_of_its_own, table
):
    world.environment |= {
        "AzureWebJobsStorage": storage_of_its_own,
        "SSPR_TENANT_ID": str(uuid4()),
    }
    config, store = world.settings(SSPR_CONFIRM_AFTER="1"), world.store()
    world.graph.tenant = scenario("healthy")
    await monitor.run(config, store, NOW, connect=world.connect)
    await store._service.delete_table(table)
    world.graph.tenant = scenario("administrators-blocked")  # something to be told as a change
    with contextlib.suppress(ResourceNotFoundError):
        await monitor.run(config, store, NOW + timedelta(minutes=15), connect=world.connect)
    last = await monitor.run(config, store, NOW + timedelta(minutes=30), connect=world.connect)
    current = (await store.current()).value
    assert current is not None
    assert current.run == last
