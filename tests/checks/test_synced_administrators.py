from __future__ import annotations

import pytest

from checks.engine_facts import ADMINISTRATORS, Administrators
from checks.facts import ORGANIZATION, REGISTRATION, Organization
from checks.registration_report import Coverage, Registration
from checks.synced_administrators import CHECK
from checks.two_gate_roles import GLOBAL_ADMINISTRATOR, TWO_GATE_ROLES
from shared.model import Reason, State, Unavailable


def facts(administrators, members=8, organization=None):
    return {
        ORGANIZATION: organization or Organization(True),
        ADMINISTRATORS: administrators,
        REGISTRATION: Registration(administrators=Coverage(members)),
    }


@pytest.mark.parametrize(
    ("found", "code", "state"),
    [
        (Administrators(8, 0, 0, 2), "administrators_in_cloud", State.HEALTHY),
        (Administrators(8, 1, 0, 0), "administrators_synced", State.WARNING),
        (Administrators(8, 8, 0, 0), "administrators_synced", State.WARNING),
        (Administrators(8, 1, 1, 0), "global_administrator_synced", State.CRITICAL),
        (Administrators(0, 0, 0, 3), "nobody_found", State.UNKNOWN),
    ],
    ids=["none", "one", "all", "a global one", "groups only"],
)
def test_who_is_synced_decides(judge, found, code, state):
    verdict = judge(CHECK, facts(found))
    assert (verdict.code, verdict.state) == (code, state)
    assert verdict.metrics["synced_administrators"].value == found.synced


@pytest.mark.parametrize(
    ("registration", "told"),
    [
        (Registration(administrators=Coverage(8)), False),
        (Registration(administrators=Coverage(40)), True),
        (Unavailable(Reason.LICENCE_MISSING), False),
    ],
    ids=["as many", "many more", "no report"],
)
def test_administrators_who_hold_no_role_directly_are_told_and_change_nothing(
    judge, registration, told
):
    verdict = judge(CHECK, {**facts(Administrators(8, 0, 0, 0)), REGISTRATION: registration})
    assert verdict.state == State.HEALTHY
    assert any("isAdmin" in evidence.source for evidence in verdict.evidence) is told


@pytest.mark.parametrize("enabled", [None, False], ids=["never synced", "no longer"])
def test_a_tenant_that_is_not_synced_is_never_judged(judge, enabled):
    verdict = judge(CHECK, facts(Administrators(8, 8, 8, 0), organization=Organization(enabled)))
    assert (verdict.code, verdict.state) == ("not_synced", State.NOT_APPLICABLE)


@pytest.mark.parametrize("permission", ["RoleManagement.Read.Directory", "User.Read.All"])
def test_the_permission_that_is_missing_is_named(judge, permission):
    missing = Unavailable(Reason.PERMISSION_MISSING, permission)
    verdict = judge(CHECK, facts(missing))
    assert (verdict.state, verdict.code) == (State.UNKNOWN, Reason.PERMISSION_MISSING)
    assert verdict.permission == permission


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    verdict = judge(CHECK, facts(Unavailable(reason)))
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)


def test_the_list_of_roles_is_as_the_page_had_it():
    """78 names: three without an id, two for one role, and a role by its old name."""
    assert len(TWO_GATE_ROLES) == 74
    assert GLOBAL_ADMINISTRATOR in TWO_GATE_ROLES
    assert "158c047a-c907-4556-b7ef-446551a6b5f7" in TWO_GATE_ROLES  # Cloud Application
    assert "f2ef992c-3afb-46b9-b7cf-a126ee74c451" not in TWO_GATE_ROLES  # Global Reader
