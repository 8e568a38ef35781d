"""Table Storage: runs and state of one tenant. Rows are written whole, state under its ETag."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from shared.graph.credentials import azure_credential
from shared.model import Current, Run
from shared.settings import STORAGE_SETTINGS, TENANT_ID, Problem, Settings, SettingsError
from shared.store.rows import pack, run_key, unpack

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableClient, TableServiceClient

logger = logging.getLogger(__name__)
T = TypeVar("T")

RUNS = "SsprRuns"
STATE = "SsprState"
TABLES = (RUNS, STATE)

CURRENT = "current"
AUDIT = "audit"
SWEEP = "sweep"
GATHERED = "gathered"

# The SDK's own patience is days; a function has minutes.
_PATIENCE: Mapping[str, Any] = {
    "retry_total": 3,
    "retry_backoff_factor": 0.5,
    "retry_backoff_max": 4,
    "connection_timeout": 5,
    "read_timeout": 10,
}


class ConflictError(Exception):
    """Somebody else changed the row since it was read. Read it again and decide anew."""


class Stored(Generic[T]):
    """A value with the ETag it was read under; `None` for a row that does not exist yet."""

    def __init__(self, value: T | None, etag: str | None) -> None:
        self.value = value
        self.etag = etag


class Store:
    """The tables of one tenant, for one event loop. Every method may raise AzureError."""

    def __init__(
        self,
        service: TableServiceClient,
        tenant: str,
        credential: AsyncTokenCredential | None = None,
    ) -> None:
        self._service = service
        self._tenant = tenant
        self._credential = credential
        self._prepared = False

    async def prepare(self) -> None:
        """Create the tables that are missing, once per process."""
        if not self._prepared:
            for table in TABLES:
                await self._service.create_table_if_not_exists(table)
            self._prepared = True

    async def run(self, slot: datetime) -> Run | None:
        """The run stored for this slot."""
        return (await self._read(RUNS, run_key(slot), Run)).value

    async def add_run(self, run: Run) -> bool:
        """Store a run; False when its slot has one already, which is then left as it is."""
        from azure.core.exceptions import ResourceExistsError

        entity = {
            "PartitionKey": self._tenant,
            "RowKey": run_key(run.slot),
            "slot": run.slot,
            "state": run.state.value,
            "duration": run.duration,
            "graph_requests": run.graph_requests,
            **pack(run),
        }
        try:
            await self._table(RUNS).create_entity(entity)
        except ResourceExistsError:
            return False
        return True

    async def current(self) -> Stored[Current]:
        return await self._read(STATE, CURRENT, Current)

    async def state(self, name: str, shape: type[T]) -> Stored[T]:
        """What the next run needs to know, by name."""
        return await self._read(STATE, name, shape)

    async def set_state(self, name: str, value: object, etag: str | None) -> str:
        """Replace a row of state that was read under `etag`; the new ETag. Raises ConflictError."""
        from azure.core import MatchConditions
        from azure.core.exceptions import (
            ResourceExistsError,
            ResourceModifiedError,
        )
        from azure.data.tables import UpdateMode

        entity = {"PartitionKey": self._tenant, "RowKey": name, **pack(value)}
        table = self._table(STATE)
        try:
            written = await (
                table.create_entity(entity)
                if etag is None
                else table.update_entity(
                    entity,
                    mode=UpdateMode.REPLACE,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            )
        except (ResourceExistsError, ResourceModifiedError) as error:
            raise ConflictError(name) from error
        return str(written["etag"])

    async def close(self) -> None:
        await self._service.close()
        if self._credential is not None:
            await self._credential.close()

    async def _read(self, table: str, key: str, shape: type[T]) -> Stored[T]:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            entity = await self._table(table).get_entity(self._tenant, key)
        except ResourceNotFoundError:
            return Stored(None, None)
        etag = str(entity.metadata["etag"])
        try:
            return Stored(unpack(entity, shape), etag)
        except msgspec.MsgspecError:
            # Written by another version: as good as absent, but replaced rather than created.
            logger.warning("Row %s of %s cannot be read and will be replaced", key, table)
            return Stored(None, etag)

    def _table(self, name: str) -> TableClient:
        return self._service.get_table_client(name)


_stores: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, Store]] = WeakKeyDictionary()


def store_for(settings: Settings) -> Store:
    """The store of the running event loop, made once: connections live as long as the process.

    One per loop, as a client that outlives its loop fails:
    https://github.com/Azure/azure-sdk-for-python/issues/36151
    """
    stores = _stores.setdefault(asyncio.get_running_loop(), {})
    key = (settings.storage, settings[TENANT_ID])
    if key not in stores:
        stores[key] = _connect(settings)
    return stores[key]


async def close_stores() -> None:
    """Close what `store_for` made on this loop."""
    for store in _stores.pop(asyncio.get_running_loop(), {}).values():
        await store.close()


def _connect(settings: Settings) -> Store:
    from azure.data.tables.aio import TableServiceClient

    storage, tenant = settings.storage, settings[TENANT_ID]
    if storage.connection_string:
        try:
            service = TableServiceClient.from_connection_string(
                storage.connection_string, **_PATIENCE
            )
        except ValueError as error:
            # The SDK's message does not repeat the string, which holds a key.
            message = f"{STORAGE_SETTINGS[0]} is no connection string: {error}"
            raise SettingsError([Problem(STORAGE_SETTINGS[0], message, message)]) from error
        return Store(service, tenant)
    credential = azure_credential(client_id=storage.client_id)
    service = TableServiceClient(
        endpoint=storage.table_endpoint or "", credential=credential, **_PATIENCE
    )
    return Store(service, tenant, credential)
