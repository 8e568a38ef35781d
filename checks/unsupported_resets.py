"""Passwords of synced users are reset where writeback sees it."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.check import LEARN, Check
from checks.facts import ORGANIZATION, RESETS_ELSEWHERE, Facts
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings

DAYS = 7


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Count resets of synced users that the reset service did not log within 5 minutes.

    | such resets in 7 days        | verdict                              |
    |------------------------------|--------------------------------------|
    | none                         | healthy `none_elsewhere`             |
    | 1 or more                    | healthy `some_elsewhere`, for information |
    | nothing is judged yet        | unknown `not_judged_yet`             |
    | the tenant is not synced     | not applicable `not_synced`          |

    That a reset without a partner in the other log bypassed writeback is inferred from Microsoft's
    description of both logs and not proven in a live tenant. So it is told and plotted, not graded.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-writeback
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    resets = facts.need(RESETS_ELSEWHERE).value
    if resets.judged_until is None:
        return CHECK.verdict("not_judged_yet")
    first = (now - timedelta(days=DAYS)).date().isoformat()
    number = sum(count for day, count in resets.days.items() if day > first)
    return CHECK.verdict(
        "some_elsewhere" if number else "none_elsewhere",
        params={"number": number, "days": DAYS},
        metrics={"resets_elsewhere": Metric(number, "resets")},
        evidence=(Evidence(RESETS_ELSEWHERE.source, number),),
        as_of=resets.judged_until,
    )


CHECK = Check(
    id="unsupported_resets",
    problems=("A5a",),
    needs=(ORGANIZATION, RESETS_ELSEWHERE),
    codes={
        "none_elsewhere": State.HEALTHY,
        "some_elsewhere": State.HEALTHY,
        "not_judged_yet": State.UNKNOWN,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/authentication/concept-sspr-writeback#unsupported-writeback-operations",
    evaluate=evaluate,
)
