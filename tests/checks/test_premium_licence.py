from __future__ import annotations

import pytest

from checks.facts import (
    LICENSED_SYNCED_USERS,
    ORGANIZATION,
    SUBSCRIBED_SKUS,
    SYNCED_USERS,
    Organization,
    PrepaidUnits,
    ServicePlan,
    Sku,
)
from checks.premium_licence import CHECK
from shared.model import Reason, State, Unavailable

P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"


def sku(plan=P1, status="Enabled", seats=2000, used=1000, plan_status="Success"):
    plans = (ServicePlan(EXCHANGE, "Success"), ServicePlan(plan, plan_status))
    return Sku("PREMIUM", status, plans, used, PrepaidUnits(seats))


HYBRID = Organization(True)


def facts(*skus, synced=1000, licensed=1000, organization=HYBRID):
    return {
        ORGANIZATION: organization,
        SYNCED_USERS: synced,
        LICENSED_SYNCED_USERS: licensed,
        SUBSCRIBED_SKUS: skus,
    }


@pytest.mark.parametrize(
    ("licensed", "code", "state"),
    [
        (1000, "all_covered", State.HEALTHY),
        (999, "few_without_licence", State.WARNING),
        (950, "few_without_licence", State.WARNING),
        (949, "users_without_licence", State.CRITICAL),
        (0, "users_without_licence", State.CRITICAL),
        (1010, "all_covered", State.HEALTHY),
    ],
    ids=["all", "one missing", "at 5%", "past 5%", "nobody", "index runs behind"],
)
def test_the_share_of_synced_users_without_a_plan_decides(judge, licensed, code, state):
    verdict = judge(CHECK, facts(sku(), licensed=licensed))
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("skus", "code", "state"),
    [
        ([], "no_premium_plan", State.CRITICAL),
        ([sku(plan=EXCHANGE)], "no_premium_plan", State.CRITICAL),
        ([sku(plan_status="Disabled")], "no_premium_plan", State.CRITICAL),
        ([sku(plan=P2)], "all_covered", State.HEALTHY),
        ([sku(plan=P1.upper())], "all_covered", State.HEALTHY),
        ([sku(status="Suspended")], "licence_suspended", State.CRITICAL),
        ([sku(status="Suspended", plan_status="Disabled")], "licence_suspended", State.CRITICAL),
        ([sku(status="LockedOut"), sku(status="Deleted")], "licence_suspended", State.CRITICAL),
        ([sku(status="Suspended"), sku()], "all_covered", State.HEALTHY),
        ([sku(status="Warning")], "licence_in_grace", State.WARNING),
        ([sku(status="Warning"), sku()], "licence_in_grace", State.WARNING),
        ([sku(status="Warning", used=0), sku()], "all_covered", State.HEALTHY),
        ([sku(status="Thawing")], "sku_status_unclear", State.UNKNOWN),
        ([sku(status=None)], "sku_status_unclear", State.UNKNOWN),
        ([sku(seats=1000, used=950)], "all_covered", State.HEALTHY),
        ([sku(seats=1000, used=951)], "seats_running_low", State.WARNING),
        ([sku(seats=1000, used=1200)], "seats_running_low", State.WARNING),
        ([sku(seats=0, used=0)], "all_covered", State.HEALTHY),
        ([Sku("X", "Enabled", (ServicePlan(P1),))], "all_covered", State.HEALTHY),
    ],
    ids=[
        "no SKU", "no premium plan", "plan disabled", "P2 alone", "id in capitals", "suspended", "all of it",
        "ended", "one of two suspended", "grace", "one of two in grace", "unused in grace", "status unheard of",
        "status null", "5% free", "less than 5% free", "overused", "no seats told", "nulls",
    ],
)  # fmt: skip
def test_the_subscriptions_decide(judge, skus, code, state):
    verdict = judge(CHECK, facts(*skus))
    assert (verdict.code, verdict.state) == (code, state)


def test_a_shortfall_is_told_before_the_grace_period(judge):
    verdict = judge(CHECK, facts(sku(status="Warning"), licensed=900))
    assert verdict.code == "users_without_licence"


OFFICE_E3 = Sku(
    "ENTERPRISEPACK", "Enabled", (ServicePlan(EXCHANGE, "Success"),), 5, PrepaidUnits(9)
)
BUSINESS = Sku(
    "O365_BUSINESS_PREMIUM", "Enabled", (), sku_id="F245ECC8-75AF-4F8E-B61F-27D8114DE5F3"
)


@pytest.mark.parametrize(
    ("skus", "code", "state"),
    [
        ([sku()], "cloud_licensed", State.HEALTHY),
        ([sku(plan=P2), OFFICE_E3], "cloud_licensed", State.HEALTHY),
        ([BUSINESS], "cloud_licensed", State.HEALTHY),
        ([OFFICE_E3], "cloud_licence_unclear", State.UNKNOWN),
        ([sku(plan_status="Disabled")], "cloud_licence_unclear", State.UNKNOWN),
        ([sku(status="Suspended")], "no_cloud_licence", State.WARNING),
        ([Sku("FLOW_FREE", "Enabled", ())], "no_cloud_licence", State.WARNING),
        ([Sku(None, None, ())], "no_cloud_licence", State.WARNING),
        ([], "no_cloud_licence", State.WARNING),
    ],
    ids=["P1", "P2", "Business", "E3", "disabled", "suspended", "free", "nulls", "none"],
)
@pytest.mark.parametrize("enabled", [None, False], ids=["cloud only", "turned off"])
def test_without_a_sync_resetting_in_the_cloud_takes_less(judge, enabled, skus, code, state):
    verdict = judge(CHECK, facts(*skus, organization=Organization(enabled)))
    assert (verdict.code, verdict.state) == (code, state)


def test_without_synced_users_there_is_nothing_to_cover(judge):
    assert judge(CHECK, facts(synced=0, licensed=0)).code == "no_synced_users"


@pytest.mark.parametrize(
    "fact", [ORGANIZATION, SYNCED_USERS, LICENSED_SYNCED_USERS, SUBSCRIBED_SKUS]
)
@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING])
def test_what_cannot_be_read_is_unknown_and_names_the_permission(judge, fact, reason):
    verdict = judge(CHECK, facts(sku()) | {fact: Unavailable(reason, fact.permission)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == fact.permission


def test_thresholds_come_from_settings(judge):
    some = facts(sku(), licensed=900)
    assert judge(CHECK, some, SSPR_PREMIUM_LICENCE_CRITICAL_PERCENT="10").state == "warning"
    low = facts(sku(seats=1000, used=960))
    assert judge(CHECK, low, SSPR_PREMIUM_LICENCE_SEATS_PERCENT="4").state == "healthy"
