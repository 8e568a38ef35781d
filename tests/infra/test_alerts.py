"""Rules ask what the tests of the queries ask, and somebody is told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import checks
from shared import telemetry
from tests.infra.bicep import INFRA, Deployment, Resource

QUERIES = {file.stem: file.read_text("utf-8") for file in (INFRA / "queries/alerts").glob("*.kql")}
DEPLOYED = "datetime(2026-11-21T12:00:00Z)"
EXPECTED = {
    "check-critical-1": ("check_critical", {"rated": "1"}),
    "check-critical-2": ("check_critical", {"rated": "2"}),
    "monitor-blind": ("monitor_blind", {}),
    "monitor-silent": ("monitor_silent", {"deployed": DEPLOYED}),
    "warning-digest": ("warning_digest", {}),
}


def rules(deployment: Deployment) -> dict[str, Resource]:
    """By the part of their name that is theirs."""
    found = deployment.of("Microsoft.Insights/scheduledQueryRules")
    return {re.sub(r"^alert-sspr-|-\w{13}$", "", rule.name): rule for rule in found}


def condition(rule: Resource) -> dict[str, Any]:
    (only,) = rule["properties.criteria.allOf"]
    return dict(only)


def query(name: str, **put: str) -> str:
    """As tests/telemetry runs it: with these values for its `let`s."""
    text = QUERIES[name]
    for variable, value in put.items():
        text, found = re.subn(
            rf"^let {variable} = [^;]*;", f"let {variable} = {value};", text, flags=re.MULTILINE
        )
        assert found == 1
    return text


def test_each_rule_asks_what_is_in_its_file(told: Deployment) -> None:
    asked = {name: condition(rule)["query"] for name, rule in rules(told).items()}
    assert asked == {rule: query(name, **put) for rule, (name, put) in EXPECTED.items()}


def test_each_file_has_a_rule() -> None:
    assert QUERIES.keys() == {name for name, _ in EXPECTED.values()}


def test_the_digest_comes_only_if_wanted(plain: Deployment) -> None:
    assert EXPECTED.keys() - rules(plain).keys() == {"warning-digest"}


def test_every_severity_of_a_check_has_a_rule_of_that_severity(plain: Deployment) -> None:
    of_rules = {
        rule["properties.severity"]: condition(rule)["query"]
        for name, rule in rules(plain).items()
        if name.startswith("check-critical")
    }
    assert of_rules.keys() == {*checks.SEVERITIES.values(), telemetry.SEVERITY}
    assert all(f"let rated = {severity};" in asked for severity, asked in of_rules.items())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_rule_measures_what_its_query_answers(told: Deployment, name: str) -> None:
    rule = rules(told)[name]
    asked = condition(rule)
    assert asked["metricMeasureColumn"] == "firing"
    assert (asked["timeAggregation"], asked["operator"], asked["threshold"]) == (
        "Maximum",
        "GreaterThan",
        0,
    )
    assert re.search(r"\bfiring = ", asked["query"])
    for dimension in asked["dimensions"]:
        assert (dimension["operator"], dimension["values"]) == ("Include", ["*"])
        last = asked["query"].rpartition(" by")[2]
        assert re.search(rf"\b{dimension['name']}\b", last)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_rule_looks_as_far_back_as_its_query(told: Deployment, name: str) -> None:
    """Two days, all that a rule can: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule"""
    rule = rules(told)[name]
    assert rule["properties.overrideQueryTimeRange"] == "P2D"
    assert set(re.findall(r"ago\((\w+)\)", condition(rule)["query"])) == {"2d"}
    # At one minute, queries are restricted.
    assert rule["properties.evaluationFrequency"] in ("PT5M", "PT15M", "P1D")
    # Without one, the first deployment fails: nothing has been told yet.
    assert rule["properties.skipQueryValidation"] is True


@pytest.mark.parametrize("name", EXPECTED)
def test_an_alert_resolves_by_itself_and_a_reminder_does_not(told: Deployment, name: str) -> None:
    assert rules(told)[name]["properties.autoMitigate"] is (name != "warning-digest")


def test_rules_read_with_an_identity_of_their_own(told: Deployment) -> None:
    (identity,) = [
        found.id
        for found in told.of("Microsoft.ManagedIdentity/userAssignedIdentities")
        if "-alerts-" in found.name
    ]
    component = told.one("Microsoft.Insights/components").id
    for rule in rules(told).values():
        assert list(rule["identity.userAssignedIdentities"]) == [identity]
        assert rule["properties.scopes"] == [component]


def test_a_rule_is_small_enough(told: Deployment) -> None:
    assert max(len(json.dumps(rule.body)) for rule in rules(told).values()) < 64 * 1024


def test_whoever_is_named_is_told_in_the_common_schema(told: Deployment) -> None:
    group = told.one("Microsoft.Insights/actionGroups")["properties"]
    receivers = [group[f"{kind}Receivers"] for kind in ("email", "webhook", "logicApp")]
    assert [len(of_kind) for of_kind in receivers] == [2, 1, 1]
    assert all(one["useCommonAlertSchema"] for of_kind in receivers for one in of_kind)
    assert [one["emailAddress"] for one in group["emailReceivers"]] == [
        "one@contoso.example",
        "two@contoso.example",
    ]
    assert group["logicAppReceivers"][0]["callbackUrl"].endswith("/workflows/w/triggers/manual>")
    assert len(group["groupShortName"]) <= 12


def test_nobody_is_told_unless_named(plain: Deployment) -> None:
    group = plain.one("Microsoft.Insights/actionGroups")["properties"]
    assert not any(group[f"{kind}Receivers"] for kind in ("email", "webhook", "logicApp"))


def test_every_alert_goes_to_the_group(told: Deployment) -> None:
    group = told.one("Microsoft.Insights/actionGroups").id
    groups = [rule["properties.actions.actionGroups"] for rule in rules(told).values()]
    groups.append(
        [
            action["actionGroupId"]
            for action in told.one("Microsoft.Insights/metricAlerts")["properties.actions"]
        ]
    )
    assert groups == [[group]] * len(groups)


def test_somebody_looks_from_outside(plain: Deployment) -> None:
    test = plain.one("Microsoft.Insights/webtests")
    alert = plain.one("Microsoft.Insights/metricAlerts")
    component = plain.one("Microsoft.Insights/components").id
    assert test["kind"] == test["properties.Kind"] == "standard"
    assert test["tags"][f"hidden-link:{component}"] == "Resource"
    assert alert["properties.scopes"] == [test.id, component]
    assert alert["properties.criteria"] == {
        "odata.type": "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria",
        "webTestId": test.id,
        "componentId": component,
        "failedLocationCount": 2,
    }


def test_the_look_from_outside_can_be_left_out_whole(quiet: Deployment) -> None:
    assert not quiet.of("Microsoft.Insights/webtests")
    assert not quiet.of("Microsoft.Insights/metricAlerts")


def test_the_rule_that_azure_adds_by_itself_is_off(plain: Deployment) -> None:
    rule = plain.one("Microsoft.AlertsManagement/smartDetectorAlertRules")
    assert rule.name == f"Failure Anomalies - {plain.one('Microsoft.Insights/components').name}"
    assert rule["properties.state"] == "Disabled"
