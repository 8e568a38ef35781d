"""A premium licence covers the synced users: writing a password back needs Entra ID P1 or P2."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import (
    LICENSED_SYNCED_USERS,
    ORGANIZATION,
    PREMIUM_PLANS,
    SUBSCRIBED_SKUS,
    SYNCED_USERS,
    Facts,
    ServicePlan,
    Sku,
)
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

CRITICAL_PERCENT = threshold(
    "premium_licence",
    "critical_percent",
    5,
    unit="percent",
    at_most=100,
    purpose="Share of synced users without a plan above which it is critical.",
)
SEATS_PERCENT = threshold(
    "premium_licence",
    "seats_percent",
    5,
    unit="percent",
    at_most=100,
    purpose="Share of free seats below which they are running low.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge the tenant's premium SKUs, and how many synced enabled members hold P1 or P2.

    | subscriptions and users                   | verdict                            |
    |-------------------------------------------|------------------------------------|
    | no SKU carries P1 or P2                   | critical `no_premium_plan`         |
    | every such SKU is suspended or locked     | critical `licence_suspended`       |
    | more than 5 % of synced users hold none   | critical `users_without_licence`   |
    | every such SKU is in its grace period     | warning `licence_in_grace`         |
    | 1 user to 5 % of synced users hold none   | warning `few_without_licence`      |
    | fewer than 5 % of the seats are free      | warning `seats_running_low`        |
    | no such SKU has a status that we know     | unknown `sku_status_unclear`       |
    | otherwise                                 | healthy `all_covered`              |
    | no synced enabled member                  | not applicable `no_synced_users`   |
    | the tenant is not synced                  | not applicable `not_synced`        |

    Plans are told by id, never by SKU name: Business Premium carries P1, Office 365 E5 does not.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-licensing
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    synced = facts.need(SYNCED_USERS).value
    if synced == 0:
        return CHECK.verdict("no_synced_users", as_of=organization.as_of)
    skus = facts.need(SUBSCRIBED_SKUS)
    premium = [sku for sku in skus.value if _premium_plans(sku)]
    active = [sku for sku in premium if _is_active(sku) and not _is_switched_off(sku)]
    evidence: tuple[Evidence, ...] = (
        Evidence("subscribedSkus (P1 or P2)", _list(premium) or "none", "Enabled"),
    )
    if not active:
        return CHECK.verdict(
            _without_active(premium),
            params={"skus": _list(premium), "synced": synced},
            evidence=evidence,
            as_of=skus.as_of,
        )
    licensed = facts.need(LICENSED_SYNCED_USERS).value
    uncovered = max(0, synced - licensed)
    seats, free = _seats(active)
    evidence += (
        Evidence("users.assignedPlans", licensed, synced),
        Evidence("subscribedSkus.prepaidUnits - consumedUnits", free, seats),
    )
    if uncovered / synced * 100 > settings[CRITICAL_PERCENT]:
        code = "users_without_licence"
    elif all(_status(sku) == "warning" for sku in active):
        code = "licence_in_grace"
    elif uncovered:
        code = "few_without_licence"
    elif seats and free / seats * 100 < settings[SEATS_PERCENT]:
        code = "seats_running_low"
    else:
        code = "all_covered"
    return CHECK.verdict(
        code,
        params={
            "uncovered": uncovered,
            "uncovered_ratio": uncovered / synced,
            "synced": synced,
            "free_seats": free,
            "seats": seats,
            "skus": _list(premium),
        },
        metrics={
            "users_without_licence": Metric(uncovered, "users"),
            "seats_free": Metric(free, "seats"),
        },
        evidence=evidence,
        as_of=skus.as_of,
    )


def _without_active(premium: list[Sku]) -> str:
    if all(_is_active(sku) for sku in premium):
        return "no_premium_plan"
    ended = all(_status(sku) in ("suspended", "lockedout", "deleted") for sku in premium)
    return "licence_suspended" if ended else "sku_status_unclear"


def _premium_plans(sku: Sku) -> list[ServicePlan]:
    return [plan for plan in sku.service_plans if plan.service_plan_id.lower() in PREMIUM_PLANS]


def _is_switched_off(sku: Sku) -> bool:
    """Every premium plan of an otherwise active SKU is disabled."""
    return all((p.provisioning_status or "").lower() == "disabled" for p in _premium_plans(sku))


def _is_active(sku: Sku) -> bool:
    return _status(sku) in ("enabled", "warning")


def _status(sku: Sku) -> str:
    return (sku.capability_status or "").lower()


def _list(skus: Iterable[Sku]) -> str:
    return ", ".join(f"{sku.sku_part_number} {sku.capability_status}" for sku in skus)


def _seats(skus: Iterable[Sku]) -> tuple[int, int]:
    """Seats that are paid for, and how many of them are free."""
    seats = free = 0
    for sku in skus:
        enabled = (sku.prepaid_units and sku.prepaid_units.enabled) or 0
        seats += enabled
        free += max(0, enabled - (sku.consumed_units or 0))
    return seats, free


CHECK = Check(
    id="premium_licence",
    problems=("A2",),
    needs=(ORGANIZATION, SYNCED_USERS, LICENSED_SYNCED_USERS, SUBSCRIBED_SKUS),
    thresholds=(CRITICAL_PERCENT, SEATS_PERCENT),
    codes={
        "all_covered": State.HEALTHY,
        "seats_running_low": State.WARNING,
        "few_without_licence": State.WARNING,
        "licence_in_grace": State.WARNING,
        "users_without_licence": State.CRITICAL,
        "licence_suspended": State.CRITICAL,
        "no_premium_plan": State.CRITICAL,
        "sku_status_unclear": State.UNKNOWN,
        "no_synced_users": State.NOT_APPLICABLE,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/authentication/concept-sspr-licensing",
    evaluate=evaluate,
)
