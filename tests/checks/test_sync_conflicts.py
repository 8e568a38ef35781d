from __future__ import annotations

import pytest

from checks.facts import (
    CONTACTS_IN_CONFLICT,
    GROUPS_IN_CONFLICT,
    ORGANIZATION,
    SYNCED_USERS,
    USERS_IN_CONFLICT,
    Organization,
)
from checks.sync_conflicts import CHECK
from shared.model import Reason, State, Unavailable

HYBRID = Organization(True)
FORBIDDEN = Unavailable(Reason.PERMISSION_MISSING, "OrgContact.Read.All")


def facts(users=0, groups=0, contacts=0, synced=2000, organization=HYBRID):
    return {
        ORGANIZATION: organization,
        USERS_IN_CONFLICT: users,
        GROUPS_IN_CONFLICT: groups,
        CONTACTS_IN_CONFLICT: contacts,
        SYNCED_USERS: synced,
    }


@pytest.mark.parametrize(
    ("counts", "code", "state"),
    [
        ({}, "no_conflicts", State.HEALTHY),
        ({"users": 1}, "some_conflicts", State.WARNING),
        ({"groups": 1}, "some_conflicts", State.WARNING),
        ({"contacts": 1}, "some_conflicts", State.WARNING),
        ({"users": 3, "groups": 3, "contacts": 3}, "some_conflicts", State.WARNING),
        ({"users": 4, "groups": 3, "contacts": 3}, "many_conflicts", State.CRITICAL),
        ({"users": 9, "synced": 901}, "some_conflicts", State.WARNING),
        ({"users": 9, "synced": 900}, "many_conflicts", State.CRITICAL),
        ({"groups": 9, "synced": 10}, "some_conflicts", State.WARNING),
        ({"users": 1, "synced": 0}, "some_conflicts", State.WARNING),
    ],
    ids=[
        "none",
        "user",
        "group",
        "contact",
        "9",
        "10",
        "below 1%",
        "1%",
        "no users",
        "no synced",
    ],
)
def test_the_number_and_the_share_of_quarantined_objects_decide(judge, counts, code, state):
    verdict = judge(CHECK, facts(**counts))
    assert (verdict.code, verdict.state) == (code, state)


def test_some_conflicts_are_told_even_when_contacts_cannot_be_read(judge):
    verdict = judge(CHECK, facts(users=2) | {CONTACTS_IN_CONFLICT: FORBIDDEN})
    assert verdict.code == "some_conflicts"


@pytest.mark.parametrize("fact", [USERS_IN_CONFLICT, GROUPS_IN_CONFLICT, CONTACTS_IN_CONFLICT])
def test_none_found_is_not_healthy_when_a_kind_cannot_be_read(judge, fact):
    verdict = judge(
        CHECK, facts() | {fact: Unavailable(Reason.PERMISSION_MISSING, fact.permission)}
    )
    assert (verdict.state, verdict.permission) == (State.UNKNOWN, fact.permission)


def test_the_share_is_left_out_when_synced_users_cannot_be_counted(judge):
    verdict = judge(CHECK, facts(users=9) | {SYNCED_USERS: FORBIDDEN})
    assert verdict.code == "some_conflicts"


@pytest.mark.parametrize("enabled", [None, False], ids=["cloud only", "turned off"])
def test_a_tenant_that_is_not_synced_has_no_conflicts_to_judge(judge, enabled):
    verdict = judge(CHECK, facts(users=50, organization=Organization(enabled)))
    assert verdict.state is State.NOT_APPLICABLE


def test_thresholds_come_from_settings(judge):
    assert (
        judge(CHECK, facts(users=2), SSPR_SYNC_CONFLICTS_CRITICAL_OBJECTS="2").state == "critical"
    )
    assert (
        judge(CHECK, facts(users=2), SSPR_SYNC_CONFLICTS_CRITICAL_PERCENT="0.1").state == "critical"
    )
