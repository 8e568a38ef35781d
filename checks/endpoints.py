"""The public pages answer from where this app runs, which proves nothing about anybody else."""

from __future__ import annotations

from datetime import datetime

from checks.check import Check
from checks.facts import Facts
from checks.service_facts import PORTALS
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge whether the password reset page and the sign-in page answer this app.

    | seen from where this app runs                        | verdict                       |
    |------------------------------------------------------|-------------------------------|
    | every page answers, with a status below 500          | not applicable `reachable`    |
    | some do not answer, or with an error of their own    | warning `some_unreachable`    |
    | none does: it may be this app's own network          | warning `none_reachable`      |

    An answer here says nothing about the network of users or of the Connect server, so it is no
    sign of health: `reachable` does not enter the overall state. Silence is worth a look, and no
    more. In the national clouds only the sign-in page is asked, the other's address is not known.
    """
    known = facts.need(PORTALS)
    portals = known.value.found
    lost = [portal for portal in portals if not portal.reached]
    if not lost:
        code = "reachable"
    else:
        code = "some_unreachable" if len(lost) < len(portals) else "none_reachable"
    return CHECK.verdict(
        code,
        params={
            "pages": len(portals),
            "unreachable": ", ".join(portal.url for portal in lost),
        },
        metrics={"pages_unreachable": Metric(len(lost), "objects")},
        evidence=tuple(
            Evidence(f"GET {portal.url}, from this app", portal.status or portal.failure, 500)
            for portal in portals
        ),
        as_of=known.as_of,
    )


CHECK = Check(
    id="endpoints",
    problems=("B5",),
    needs=(PORTALS,),
    # Never HEALTHY: with everything else switched off or unknown, reaching a page must not be able
    # to make the tenant look healthy.
    codes={
        "reachable": State.NOT_APPLICABLE,
        "some_unreachable": State.WARNING,
        "none_reachable": State.WARNING,
    },
    link="https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges",
    evaluate=evaluate,
)
