"""docs/telemetry.md says what is sent and asked: nothing missing, nothing that is not there."""

from __future__ import annotations

import re

import pytest

import checks
from local.azurite import ROOT
from shared import telemetry
from tests.telemetry.kusto import FILES
from tests.telemetry.test_queries import PROPERTIES

PAGE = (ROOT / "docs" / "telemetry.md").read_text("utf-8")


def section(title):
    """What stands below a heading, up to the next."""
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n")[1], flags=re.MULTILINE)[0]


def listed(text):
    """What stands between backticks in the first column of tables."""
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_every_event_is_documented_and_no_other():
    assert re.findall(r"^`(Sspr\w+)`, one per", PAGE, flags=re.MULTILINE) == list(PROPERTIES)


@pytest.mark.parametrize("event", PROPERTIES)
def test_every_property_of_an_event_is_documented_and_no_other(event):
    table = re.split(r"^`Sspr\w+`", PAGE.split(f"\n`{event}`, one per")[1], flags=re.MULTILINE)[0]
    assert set(listed(table.split("\n## ")[0])) == PROPERTIES[event]


def test_every_metric_is_documented_and_no_other():
    assert set(listed(section("Metrics"))) == telemetry.METRICS.keys()


def test_every_query_is_documented_and_no_other():
    assert {*listed(section("Alerts")), *listed(section("Workbook"))} == FILES.keys()


def test_the_checks_of_the_first_severity_are_documented():
    named = set(re.findall(r"`(\w+)`", section("Severity"))) & checks.BY_ID.keys()
    assert named == {check for check, severity in checks.SEVERITIES.items() if severity == 1}


def test_every_switch_of_the_exporter_is_documented():
    assert {telemetry.CONNECTION_STRING, *telemetry._OF_THE_EXPORTER} <= set(
        re.findall(r"`(\w+)`", section("Settings"))
    )
