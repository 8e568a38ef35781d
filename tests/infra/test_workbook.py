"""The workbook shows what the tested queries answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.infra.bicep import INFRA, Deployment

QUERIES = {
    file.name: file.read_text("utf-8") for file in (INFRA / "queries/workbook").glob("*.kql")
}
LAYOUT = json.loads((INFRA / "workbook/workbook.json").read_text("utf-8"))
NAMED = {item["name"]: item["content"] for item in LAYOUT["items"] if "query" in item["content"]}


def columns(query: str) -> set[str]:
    """Words of the query after its comment; the columns it answers with are among them."""
    return set(re.findall(r"\w+", "\n".join(x for x in query.splitlines() if x[:2] != "//")))


def without_query(item: dict[str, Any]) -> dict[str, Any]:
    content = {key: value for key, value in item["content"].items() if key != "query"}
    return item | {"content": content}


@pytest.fixture
def workbook(plain: Deployment) -> Any:
    return json.loads(plain.one("Microsoft.Insights/workbooks")["properties.serializedData"])


def test_its_queries_are_the_files(workbook: Any) -> None:
    deployed = {
        item["name"]: item["content"]["query"] for item in workbook["items"] if item["type"] == 3
    }
    assert deployed == {name: QUERIES[content["query"]] for name, content in NAMED.items()}


def test_every_query_is_shown() -> None:
    assert {content["query"] for content in NAMED.values()} == QUERIES.keys()


def test_nothing_else_of_the_layout_is_changed(workbook: Any) -> None:
    assert [without_query(item) for item in workbook["items"]] == [
        without_query(item) for item in LAYOUT["items"]
    ]
    assert (workbook["version"], workbook["$schema"]) == (LAYOUT["version"], LAYOUT["$schema"])


def test_it_reads_the_component_of_the_app(plain: Deployment, workbook: Any) -> None:
    component = plain.one("Microsoft.Insights/components").id
    assert workbook["fallbackResourceIds"] == [component]
    resource = plain.one("Microsoft.Insights/workbooks")
    assert resource["properties.sourceId"] == component
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", resource.name)


@pytest.mark.parametrize("name", NAMED)
def test_a_part_shows_columns_that_its_query_has(name: str) -> None:
    content = NAMED[name]
    grid, chart = content.get("gridSettings", {}), content.get("chartSettings", {})
    shown = {
        *(one["columnMatch"] for one in grid.get("formatters", ())),
        *(one["columnId"] for one in grid.get("labelSettings", ())),
        *chart.get("yAxis", ()),
        *(chart[key] for key in ("xAxis", "group") if key in chart),
    }
    assert shown
    assert shown <= columns(QUERIES[content["query"]])


@pytest.mark.parametrize("name", NAMED)
def test_a_part_has_a_time_to_look_at(name: str) -> None:
    """Its query has none."""
    content = NAMED[name]
    assert ("timeContext" in content) != (content.get("timeContextFromParameter") == "TimeRange")
    assert "timestamp > ago(" not in QUERIES[content["query"]]
    assert content["resourceType"] == "microsoft.insights/components"
