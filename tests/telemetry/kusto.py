"""Queries of `infra/queries`: their types, and what they answer over what arrived at the ingestion.

Types are checked by Microsoft's own parser, which `dev.py` installs. The engine is https://github.com/mmaitre314/duckdb-kql, whose answers are compared with those of
Microsoft's Kusto emulator by its author, and which refuses what it cannot translate.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb_kql
import msgspec

from local.azurite import ROOT, nodes
from tests.telemetry.ingestion import Envelope

QUERIES = ROOT / "infra" / "queries"
FILES = {file.stem: file for file in sorted(QUERIES.rglob("*.kql"))}
ALERTS = sorted(file.stem for file in QUERIES.glob("alerts/*.kql"))

# As an Application Insights component shows it to a query:
# https://learn.microsoft.com/azure/azure-monitor/app/application-insights-tables?tabs=classic
TABLE = "customEvents"
COLUMNS = {
    "timestamp": "datetime",
    "name": "string",
    "itemType": "string",
    "customDimensions": "dynamic",
    "customMeasurements": "dynamic",
    "operation_Id": "string",
    "cloud_RoleName": "string",
    "cloud_RoleInstance": "string",
    "iKey": "string",
    "sdkVersion": "string",
    "itemCount": "int",
}
LANGUAGE = ROOT / ".local" / "kusto" / "node_modules" / "@kusto" / "language-service-next"
_CHECKER = Path(__file__).parent / "kusto" / "check.cjs"
_TYPES = {"datetime": "TIMESTAMP", "string": "VARCHAR", "dynamic": "JSON", "int": "INTEGER"}

Row = dict[str, Any]
Answer = list[Row]


class Checked(msgspec.Struct):
    """What is wrong with a query, the types of its columns, and the keys it reads of an event."""

    wrong: list[str]
    columns: dict[str, str]
    keys: list[str]


def check_types(queries: Mapping[str, str], scratch: Path) -> dict[str, Checked]:
    """Parse and analyse queries against the tables they run on."""
    node = next(nodes(), None)
    assert node, "there is no Node; run: python3 dev.py test"
    assert LANGUAGE.is_dir(), "the query language is not installed; run: python3 dev.py test"
    columns = ", ".join(f"{name}:{kind}" for name, kind in COLUMNS.items())
    file = scratch / "queries.json"
    file.write_text(json.dumps({"tables": {TABLE: f"({columns})"}, "queries": queries}))
    done = subprocess.run([node, _CHECKER, LANGUAGE, file], capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=dict[str, Checked])


def query(name: str, **put: str) -> str:
    """A query's text; `put` replaces the value of a `let`, which must be there."""
    text = FILES[name].read_text("utf-8")
    for variable, value in put.items():
        text, found = re.subn(
            rf"^let {variable} = [^;]*;", f"let {variable} = {value};", text, flags=re.MULTILINE
        )
        assert found == 1, variable
    return text


def row(envelope: Envelope) -> Row:
    """The row that ingestion makes of the envelope of a custom event."""
    data, tags = envelope["data"]["baseData"], envelope["tags"]
    return {
        "timestamp": datetime.fromisoformat(envelope["time"]).astimezone(UTC).replace(tzinfo=None),
        "name": data["name"],
        "itemType": "customEvent",
        "customDimensions": json.dumps(data["properties"]),
        "customMeasurements": json.dumps(data["measurements"]),
        "operation_Id": tags["ai.operation.id"],
        "cloud_RoleName": tags["ai.cloud.role"],
        "cloud_RoleInstance": tags["ai.cloud.roleInstance"],
        "iKey": envelope["iKey"],
        "sdkVersion": tags["ai.internal.sdkVersion"],
        "itemCount": int(100 / envelope.get("sampleRate", 100)),
    }


class Kusto:
    """A database with what arrived. A context manager."""

    def __init__(self, envelopes: Iterable[Envelope]) -> None:
        self._database = duckdb_kql.connect()
        columns = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in COLUMNS.items())
        self._database.execute(f"CREATE TABLE {TABLE} ({columns})")
        events = [e for e in envelopes if e["data"]["baseType"] == "EventData"]
        places = ", ".join("?" * len(COLUMNS))
        if rows := [[row(event)[column] for column in COLUMNS] for event in events]:
            self._database.executemany(f"INSERT INTO {TABLE} VALUES ({places})", rows)  # noqa: S608

    def ask(self, text: str, at: datetime) -> Answer:
        """The rows that a query answers with at this time."""
        answer = duckdb_kql.query(self._database, text, query_now=at)
        return [dict(zip(answer.columns, found, strict=True)) for found in answer.fetchall()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._database.close()
