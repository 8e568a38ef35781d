"""That the queries are well typed, read what is announced, and fit what alert rules allow."""

from __future__ import annotations

import re

import pytest

from shared import telemetry
from shared.model import Change, Current, Metric, Run, Standing, State, Verdict
from tests.conftest import NOW
from tests.telemetry.kusto import ALERTS, FILES, check_types, query

every_query = pytest.mark.parametrize("name", FILES)
every_alert = pytest.mark.parametrize("name", ALERTS)

VERDICT = Verdict(
    "a", State.UNKNOWN, "b", metrics={"age": Metric(1, "seconds")}, permission="Some.Read.All"
)
EVERYTHING = Current(
    Run("tenant", NOW, NOW, 1.0, 4, (VERDICT,)),
    (Standing(VERDICT, State.UNKNOWN, NOW, ()),),
    (),
)
CHANGE = Change("a", NOW, NOW, State.HEALTHY, State.UNKNOWN, "b", 1.0)
EVENTS = telemetry.events(EVERYTHING, {}, [CHANGE])
PROPERTIES = {event.name: event.properties.keys() for event in EVENTS}


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    queries = {name: query(name) for name in FILES}
    return check_types(queries, tmp_path_factory.mktemp("queries"))


@every_query
def test_a_query_is_well_typed(checked, name):
    assert checked[name].wrong == []


@every_query
def test_a_query_reads_only_what_its_events_hold(checked, name):
    events = set(re.findall(r'name == "(\w+)"', query(name)))
    assert events <= PROPERTIES.keys()
    assert set(checked[name].keys) <= {key for event in events for key in PROPERTIES[event]}


@every_alert
def test_an_alert_measures_a_number_and_has_the_columns_that_it_speaks_of(checked, name):
    columns = checked[name].columns
    assert columns["firing"] == "long"
    dimensions = set(re.findall(r"`(\w+)`", query(name))) - {"firing"}
    assert all(columns[dimension] == "string" for dimension in dimensions)
    assert dimensions or name == "monitor_silent"


@every_alert
def test_an_alert_does_nothing_that_a_rule_refuses(name):
    """https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-log-query: within two days, too."""
    text = re.sub("^//.*", "", query(name), flags=re.MULTILINE)
    assert not re.findall(r"\b(union|search|take|limit|ingestion_time|adx|app|workspace)\b", text)
    assert set(re.findall(r"ago\((\w+)\)", text)) == {"2d"}


@every_query
def test_a_query_says_first_what_it_answers(name):
    first, *rest = query(name).splitlines()
    assert re.fullmatch(r"// .+\?", first)
    assert "// " in rest[1]
    assert (name in ALERTS) == ("Fires when" in re.sub(r"\n// ", " ", query(name)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("customEvent | count", "KS204"),
        ("customEvents | where nam == 'SsprRun'", "KS142"),
        ("customEvents | extend at = todate(timestamp)", "KS211"),
        ("customEvents | where", "KS006"),
        ("customEvents | where timestamp > 1", "KS106"),
    ],
    ids=["table", "column", "function", "syntax", "types"],
)
def test_the_type_check_finds_mistakes(tmp_path, text, code):
    (found,) = check_types({"query": text}, tmp_path)["query"].wrong
    assert found.startswith(code)
