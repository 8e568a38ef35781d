"""What Microsoft itself reports about Microsoft Entra: an outage is no fault of the tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from checks.check import Check
from checks.facts import Facts
from checks.service_facts import SERVICE_ISSUES, SERVICE_OVERVIEWS, ServiceIssue, ServiceOverview
from shared.model import Evidence, Known, Metric, State, Verdict
from shared.settings import Settings

# The id is stable; its display name is "Microsoft Entra" in tenants and "Identity Service" in the
# documentation's samples, so it is taken from the answer.
# https://learn.microsoft.com/graph/api/serviceannouncement-list-healthoverviews
ENTRA = "orgliveid"
_NAMES = frozenset({"microsoft entra", "identity service"})

# https://learn.microsoft.com/graph/api/resources/servicehealthissue#servicehealthstatus-values
_CODES = {
    "serviceoperational": "service_operational",
    "servicerestored": "service_operational",
    "postincidentreviewpublished": "service_operational",
    "falsepositive": "service_operational",
    "resolved": "service_operational",
    "resolvedexternal": "service_operational",
    "mitigated": "service_operational",
    "mitigatedexternal": "service_operational",
    "servicedegradation": "service_degraded",
    "investigating": "service_degraded",
    "investigationsuspended": "service_degraded",
    "restoringservice": "service_degraded",
    "verifyingservice": "service_degraded",
    "extendedrecovery": "service_degraded",
    "reported": "service_degraded",
    "confirmed": "service_degraded",
    "serviceinterruption": "service_interrupted",
}
_ISSUE_ID = re.compile(r"[A-Za-z]{2}\d{1,10}")
MOST_NAMED = 3


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the status of the service `OrgLiveID` in healthOverviews.

    | Microsoft reports                                        | verdict                       |
    |----------------------------------------------------------|-------------------------------|
    | operational, restored, resolved, mitigated, false alarm  | healthy `service_operational` |
    | a degradation, or it investigates, restores or verifies  | warning `service_degraded`    |
    | an interruption                                          | critical `service_interrupted`|
    | a status that is not known here, or none                 | unknown `status_unclear`      |
    | nothing about this service                               | unknown `service_not_listed`  |

    Cases vary ("ServiceOperational" occurs). Open issues never decide: an advisory about some
    feature of Entra is open on most days. They are counted, and incidents are named by their id.
    """
    overviews = facts.need(SERVICE_OVERVIEWS)
    entra = next((item for item in overviews.value if item.id.lower() == ENTRA), None)
    if entra is None:
        return CHECK.verdict("service_not_listed", as_of=overviews.as_of)
    answer = facts.get(SERVICE_ISSUES)
    issues = _about(entra, answer.value) if isinstance(answer, Known) else None
    incidents = [issue for issue in issues or () if _is_incident(issue)]
    return CHECK.verdict(
        _CODES.get((entra.status or "").lower(), "status_unclear"),
        params={
            "service": entra.service or entra.id,
            "status": entra.status or "null",
            "incidents": _named(incidents),
        },
        metrics={} if issues is None else {"open_issues": Metric(len(issues), "objects")},
        evidence=(
            Evidence("healthOverviews.status (OrgLiveID)", entra.status, "serviceOperational"),
            Evidence("issues (open incidents)", None if issues is None else len(incidents)),
            Evidence(
                "issues (open advisories)",
                None if issues is None else len(issues) - len(incidents),
            ),
        ),
        as_of=overviews.as_of,
    )


def _about(entra: ServiceOverview, issues: Iterable[ServiceIssue]) -> list[ServiceIssue]:
    """Issues name the service by its display name only."""
    names = _NAMES | {(entra.service or "").lower()}
    return [issue for issue in issues if issue.service and issue.service.lower() in names]


def _is_incident(issue: ServiceIssue) -> bool:
    return (issue.classification or "").lower() == "incident"


def _named(incidents: Iterable[ServiceIssue]) -> str:
    """Ids such as MO123456; whatever is no id is not repeated."""
    ids = sorted(issue.id for issue in incidents if _ISSUE_ID.fullmatch(issue.id))
    return ", ".join(ids[:MOST_NAMED]) or "-"


CHECK = Check(
    id="service_health",
    problems=("B5",),
    needs=(SERVICE_OVERVIEWS, SERVICE_ISSUES),
    codes={
        "service_operational": State.HEALTHY,
        "service_degraded": State.WARNING,
        "service_interrupted": State.CRITICAL,
        "status_unclear": State.UNKNOWN,
        "service_not_listed": State.UNKNOWN,
    },
    link="https://learn.microsoft.com/microsoft-365/enterprise/view-service-health",
    evaluate=evaluate,
)
