"""Table Storage: runs, days, changes and state of one tenant.

Rows are written whole; what more than one writer may change is replaced under its ETag.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.request import getproxies
from weakref import WeakKeyDictionary

import msgspec

from shared.graph.credentials import azure_credential
from shared.history import Day, Digest, Rollup, Seen, digest
from shared.model import DEFAULT_INTERVAL, Change, Current, Run
from shared.settings import STORAGE_SETTINGS, TENANT_ID, Problem, Settings, SettingsError
from shared.store.failures import time_of
from shared.store.rows import (
    change_key,
    columns,
    day_key,
    day_of_key,
    pack,
    pack_columns,
    run_key,
    slot_of_key,
    unpack,
    unpack_columns,
)

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline import PipelineResponse
    from azure.data.tables import TableEntity
    from azure.data.tables.aio import TableClient, TableServiceClient

logger = logging.getLogger(__name__)
T = TypeVar("T")

RUNS = "SsprRuns"
DAYS = "SsprDays"
CHANGES = "SsprChanges"
STATE = "SsprState"
TABLES = (RUNS, DAYS, CHANGES, STATE)

# Of one transaction: https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
_BATCH = 100

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
    # With these, the environment is searched for a proxy in two threads for each request.
    "use_env_settings": bool(getproxies()),
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
        # A client of its own for each request would cost as much as decoding the answer.
        self._tables: dict[str, TableClient] = {}

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
            "interval": run.interval,
            **pack_columns(digest(run).seen),
            **pack(run),
        }
        try:
            await self._table(RUNS).create_entity(entity)
        except ResourceExistsError:
            return False
        return True

    async def runs(self, after: datetime, before: datetime) -> list[Run]:
        """The runs of the slots between these two, both excluded, oldest first."""
        found = []
        async for row in self._range(RUNS, run_key(before), run_key(after)):
            try:
                found.append(unpack(row, Run))
            except msgspec.MsgspecError:
                logger.warning("Row %s of %s cannot be read", row["RowKey"], RUNS)
        return [run for run in reversed(found) if after < run.slot < before]

    async def digests(
        self,
        first: datetime,
        last: datetime,
        checks: Iterable[str] | None = None,
        *,
        limit: int | None = None,
    ) -> list[Digest]:
        """The runs of slots from `first` to `last`, oldest first; only these checks, if named, and
        the newest `limit` of them."""
        found: list[Digest] = []
        async for row in self._range(RUNS, run_key(last), run_key(first), _of_run(checks)):
            if len(found) == limit:
                break
            found.append(_digest(row))
        return found[::-1]

    async def digest_before(self, slot: datetime, checks: Iterable[str]) -> Digest | None:
        """The newest run before a slot; only these checks."""
        before = run_key(slot - timedelta(seconds=1))
        async for row in self._range(RUNS, before, "~", _of_run(checks), page=1):
            return _digest(row)
        return None

    async def day(self, day: date) -> Stored[Day]:
        """The day as it was last computed."""
        row = await self._get(DAYS, day_key(day))
        return Stored(_day(row), row.metadata["etag"]) if row else Stored(None, None)

    async def set_day(self, day: Day, etag: str | None) -> str:
        """Replace a day that was read under `etag`; the new ETag. Raises ConflictError."""
        return await self._replace(DAYS, day_key(day.day), pack_columns(day.checks), etag)

    async def days(self, first: date, last: date, checks: Iterable[str] | None = None) -> list[Day]:
        """The days from `first` to `last` that have runs, oldest first; only these checks."""
        select = None if checks is None else ["RowKey", *columns(checks)]
        rows = self._range(DAYS, day_key(last), day_key(first), select)
        return [_day(row) async for row in rows][::-1]

    async def add_changes(self, changes: Iterable[Change]) -> list[Change]:
        """Store changes; those that were not stored yet."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        added = []
        for change in changes:
            row = {"PartitionKey": self._tenant, "RowKey": change_key(change), **pack(change)}
            try:
                await self._table(CHANGES).create_entity(row)
            except ResourceExistsError:
                continue
            except ResourceNotFoundError:
                self._prepared = False
                raise
            added.append(change)
        return added

    async def changes(
        self, since: datetime, *, after: str = "", limit: int = 1000
    ) -> tuple[list[Change], str | None]:
        """Changes confirmed since a time, newest first: `limit` of them from behind the row
        `after`, and the key of the last row when there are more."""
        found: list[tuple[str, Change]] = []
        async for row in self._range(CHANGES, after, run_key(since) + "~"):
            if row["RowKey"] == after:
                continue
            if len(found) == limit:
                return [change for _, change in found], found[-1][0]
            try:
                found.append((row["RowKey"], unpack(row, Change)))
            except msgspec.MsgspecError:
                logger.warning("Row %s of %s cannot be read", row["RowKey"], CHANGES)
        return [change for _, change in found], None

    async def purge(self, table: str, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs, days or changes of before a time; how many it were."""
        from azure.data.tables import TableTransactionError

        last = day_key(before.date()) if table == DAYS else run_key(before)
        keys: list[str] = []
        # Behind the last one to be kept, and behind the changes of its second.
        async for row in self._range(table, f"{last}~", "~", ["RowKey"]):
            keys.append(row["RowKey"])
            if len(keys) == limit:
                break
        for done in range(0, len(keys), _BATCH):
            try:
                await self._table(table).submit_transaction(
                    ("delete", {"PartitionKey": self._tenant, "RowKey": key})
                    for key in keys[done : done + _BATCH]
                )
            except TableTransactionError as error:
                if error.status_code != HTTPStatus.NOT_FOUND:
                    raise
                return done  # another instance is deleting the same rows
        return len(keys)

    async def current(self) -> Stored[Current]:
        return await self._read(STATE, CURRENT, Current)

    async def current_and_time(self) -> tuple[Stored[Current], datetime | None]:
        """The newest run, and what time it is by the storage account's clock, where it is told."""
        times: list[datetime | None] = [None]

        def note(answer: PipelineResponse[Any, Any]) -> None:
            times.append(time_of(answer.http_response.headers))

        current = await self._read(STATE, CURRENT, Current, raw_response_hook=note)
        return current, times[-1]

    async def state(self, name: str, shape: type[T]) -> Stored[T]:
        """What the next run needs to know, by name."""
        return await self._read(STATE, name, shape)

    async def set_state(self, name: str, value: object, etag: str | None) -> str:
        """Replace a row of state that was read under `etag`; the new ETag. Raises ConflictError."""
        return await self._replace(STATE, name, pack(value), etag)

    async def close(self) -> None:
        await self._service.close()
        if self._credential is not None:
            await self._credential.close()

    async def _read(self, table: str, key: str, shape: type[T], **options: Any) -> Stored[T]:
        row = await self._get(table, key, **options)
        if row is None:
            return Stored(None, None)
        etag = str(row.metadata["etag"])
        try:
            return Stored(unpack(row, shape), etag)
        except msgspec.MsgspecError:
            # Written by another version: as good as absent, but replaced rather than created.
            logger.warning("Row %s of %s cannot be read and will be replaced", key, table)
            return Stored(None, etag)

    async def _get(self, table: str, key: str, **options: Any) -> TableEntity | None:
        from azure.core.exceptions import ResourceNotFoundError
        from azure.data.tables import TableErrorCode

        try:
            return await self._table(table).get_entity(self._tenant, key, **options)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND:
                self._prepared = False  # deleted by somebody; the next run makes it anew
            return None

    async def _replace(
        self, table: str, key: str, properties: Mapping[str, Any], etag: str | None
    ) -> str:
        """Write a row whole: anew without an ETag, else over what was read under it."""
        from azure.core import MatchConditions
        from azure.core.exceptions import (
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )
        from azure.data.tables import TableErrorCode, UpdateMode

        entity = {"PartitionKey": self._tenant, "RowKey": key, **properties}
        client = self._table(table)
        try:
            written = await (
                client.create_entity(entity)
                if etag is None
                else client.update_entity(
                    entity,
                    mode=UpdateMode.REPLACE,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            )
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
            if getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND:
                raise
            raise ConflictError(key) from error
        return str(written["etag"])

    async def _range(
        self,
        table: str,
        first: str,
        last: str,
        select: list[str] | None = None,
        *,
        page: int | None = None,
    ) -> AsyncIterator[TableEntity]:
        """The rows whose keys lie between these two, both included; none before the first run."""
        from azure.core.exceptions import ResourceNotFoundError

        rows = self._table(table).query_entities(
            "PartitionKey eq @tenant and RowKey ge @first and RowKey le @last",
            parameters={"tenant": self._tenant, "first": first, "last": last},
            select=select,
            results_per_page=page,
        )
        try:
            async for row in rows:
                yield row
        except ResourceNotFoundError:
            self._prepared = False

    def _table(self, name: str) -> TableClient:
        if name not in self._tables:
            self._tables[name] = self._service.get_table_client(name)
        return self._tables[name]


def _of_run(checks: Iterable[str] | None) -> list[str] | None:
    return None if checks is None else ["RowKey", "interval", *columns(checks)]


def _digest(row: TableEntity) -> Digest:
    if "document" in row and "interval" not in row:
        # Of a version without digests; what cannot be read counts as a run without checks.
        with suppress(msgspec.MsgspecError):
            return digest(unpack(row, Run))
    interval = row.get("interval", DEFAULT_INTERVAL)
    return Digest(slot_of_key(row["RowKey"]), interval, unpack_columns(row, Seen))


def _day(row: TableEntity) -> Day:
    return Day(day_of_key(row["RowKey"]), unpack_columns(row, Rollup))


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
