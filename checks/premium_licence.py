"""Licences cover SSPR: writing a password back needs Entra ID P1 or P2 for each synced user."""

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
from shared.model import Evidence, Known, Metric, State, Verdict
from shared.settings import Settings, threshold

# Microsoft 365 Business Standard and Premium, which include resetting in the cloud.
BUSINESS_SKUS = frozenset(
    {"f245ecc8-75af-4f8e-b61f-27d8114de5f3", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}
)

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
    | more than 5% of synced users hold none    | critical `users_without_licence`   |
    | such a SKU in use is in its grace period  | warning `licence_in_grace`         |
    | 1 user to 5% of synced users hold none    | warning `few_without_licence`      |
    | fewer than 5% of the seats are free       | warning `seats_running_low`        |
    | no such SKU has a status that we know     | unknown `sku_status_unclear`       |
    | otherwise                                 | healthy `all_covered`              |
    | no synced enabled member                  | not applicable `no_synced_users`   |
    | not synced: P1, P2 or a Business plan     | healthy `cloud_licensed`           |
    | not synced: another subscription          | unknown `cloud_licence_unclear`    |
    | not synced: no subscription               | warning `no_cloud_licence`         |

    Plans are told by id, never by SKU name: Business Premium carries P1, Office 365 E5 does not.
    https://learn.microsoft.com/entra/identity/authentication/concept-sspr-licensing
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return _cloud_only(facts.need(SUBSCRIBED_SKUS))
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
    elif any(_status(sku) == "warning" and sku.consumed_units for sku in active):
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


def _cloud_only(skus: Known[tuple[Sku, ...]]) -> Verdict:
    """Resetting in the cloud takes less than writing back; for some suites it is not clear."""
    active = [sku for sku in skus.value if _is_active(sku) and not _is_free(sku)]
    included = [
        sku
        for sku in active
        if (sku.sku_id or "").lower() in BUSINESS_SKUS
        or (_premium_plans(sku) and not _is_switched_off(sku))
    ]
    unclear = "cloud_licence_unclear" if active else "no_cloud_licence"
    return CHECK.verdict(
        "cloud_licensed" if included else unclear,
        params={"skus": _list(included or active)},
        evidence=(Evidence("subscribedSkus", _list(included or active) or "none"),),
        as_of=skus.as_of,
    )


def _is_free(sku: Sku) -> bool:
    """Free and trial offers come with thousands of seats and include no reset."""
    return (sku.sku_part_number or "").upper().endswith(("_FREE", "_VIRAL"))


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
        "cloud_licensed": State.HEALTHY,
        "cloud_licence_unclear": State.UNKNOWN,
        "no_cloud_licence": State.WARNING,
    },
    link=f"{LEARN}/authentication/concept-sspr-licensing",
    evaluate=evaluate,
)
