from __future__ import annotations

import pytest

from checks.service_facts import SERVICE_ISSUES, SERVICE_OVERVIEWS, ServiceIssue, ServiceOverview
from checks.service_health import CHECK
from shared import text
from shared.model import Reason, State, Unavailable

EXCHANGE = ServiceOverview("Exchange", "Exchange Online", "serviceInterruption")


def facts(status="serviceOperational", issues=(), *, service="Microsoft Entra"):
    overviews = (EXCHANGE, ServiceOverview("OrgLiveID", service, status))
    return {SERVICE_OVERVIEWS: overviews, SERVICE_ISSUES: tuple(issues)}


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        *(
            (status, "service_operational", State.HEALTHY)
            for status in (
                "serviceOperational", "ServiceOperational", "serviceRestored", "resolved",
                "falsePositive", "postIncidentReviewPublished", "mitigated", "mitigatedExternal",
                "resolvedExternal",
            )
        ),
        *(
            (status, "service_degraded", State.WARNING)
            for status in (
                "serviceDegradation", "ServiceDegradation", "investigating", "extendedRecovery",
                "investigationSuspended", "restoringService", "verifyingService", "confirmed",
                "reported",
            )
        ),
        ("serviceInterruption", "service_interrupted", State.CRITICAL),
        ("ServiceInterruption", "service_interrupted", State.CRITICAL),
        ("unknownFutureValue", "status_unclear", State.UNKNOWN),
        ("someFutureStatus", "status_unclear", State.UNKNOWN),
        ("", "status_unclear", State.UNKNOWN),
        (None, "status_unclear", State.UNKNOWN),
    ],
)  # fmt: skip
def test_the_status_of_entra_decides(judge, status, code, state):
    verdict = judge(CHECK, facts(status))
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("overviews", [(), (EXCHANGE,)], ids=["empty", "other services only"])
def test_without_an_entry_for_entra_nothing_is_concluded(judge, overviews):
    verdict = judge(CHECK, {SERVICE_OVERVIEWS: overviews, SERVICE_ISSUES: ()})
    assert (verdict.code, verdict.state) == ("service_not_listed", State.UNKNOWN)


def issue(number, service="Microsoft Entra", classification="incident"):
    return ServiceIssue(number, service, classification)


def test_open_issues_are_counted_and_decide_nothing(judge):
    issues = [
        issue("MO1"),
        issue("MO2", classification="Advisory"),
        issue("EX3", "Exchange Online"),
    ]
    verdict = judge(CHECK, facts(issues=issues))
    assert verdict.state is State.HEALTHY
    assert verdict.metrics["open_issues"].value == 2
    assert [item.observed for item in verdict.evidence] == ["serviceOperational", 1, 1]


@pytest.mark.parametrize("named", ["Some New Name", "some new name", "Identity Service"])
def test_issues_are_joined_by_the_name_that_the_overview_tells(judge, named):
    verdict = judge(
        CHECK,
        facts("serviceDegradation", [issue("MO123456", named)], service="Some New Name"),
    )
    assert verdict.params["incidents"] == "MO123456"
    assert "Some New Name" in text.sentence(verdict)


def test_only_ids_of_a_few_incidents_are_repeated(judge):
    numbers = ["MO5", "MO4", "Call +1 555 0100 now", "MO3", "MO2"]
    issues = [*map(issue, numbers), issue("MO1", classification="advisory")]
    verdict = judge(CHECK, facts("serviceDegradation", issues))
    assert verdict.params["incidents"] == "MO2, MO3, MO4"


def test_without_the_issues_the_status_still_counts(judge):
    unread = Unavailable(Reason.THROTTLED)
    verdict = judge(CHECK, facts("serviceDegradation") | {SERVICE_ISSUES: unread})
    assert verdict.code == "service_degraded"
    assert "open_issues" not in verdict.metrics


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    unread = Unavailable(reason, SERVICE_OVERVIEWS.permission)
    verdict = judge(CHECK, facts() | {SERVICE_OVERVIEWS: unread})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "ServiceHealth.Read.All"
