from __future__ import annotations

import pytest

from checks.admin_sspr import CHECK
from checks.facts import AUTHORIZATION_POLICY, REGISTRATION, Asked, AuthorizationPolicy
from checks.registration_report import Coverage, Registration
from shared.model import Reason, State, Unavailable


@pytest.mark.parametrize(
    ("allowed", "declared", "code", "state"),
    [
        (True, "", "administrators_allowed", State.HEALTHY),
        (False, "", "administrators_blocked", State.WARNING),
        (True, "on@2026-11-01", "as_declared", State.HEALTHY),
        (False, "off@2026-11-01", "as_declared", State.HEALTHY),
        (True, "off@2026-11-01", "not_as_declared", State.CRITICAL),
        (False, "on@2026-11-01", "not_as_declared", State.CRITICAL),
        (None, "", "value_missing", State.UNKNOWN),
        (None, "on@2026-11-01", "value_missing", State.UNKNOWN),
    ],
)
def test_the_policy_is_compared_with_what_was_declared(judge, allowed, declared, code, state):
    facts = {AUTHORIZATION_POLICY: AuthorizationPolicy(allowed)}
    verdict = judge(CHECK, facts, SSPR_DECLARED_ADMIN_SSPR=declared)
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("allowed", "declared", "enabled", "code"),
    [
        (False, "", 3, "administrators_in_dead_end"),
        (False, "off@2026-11-01", 3, "administrators_in_dead_end"),
        (False, "on@2026-11-01", 3, "not_as_declared"),
        (False, "", 0, "administrators_blocked"),
        (True, "", 3, "administrators_allowed"),
    ],
)
def test_administrators_who_are_asked_to_register_for_nothing(
    judge, allowed, declared, enabled, code
):
    report = Registration(administrators=Coverage(enabled, enabled))
    facts = {AUTHORIZATION_POLICY: AuthorizationPolicy(allowed), REGISTRATION: report}
    assert judge(CHECK, facts, SSPR_DECLARED_ADMIN_SSPR=declared).code == code


@pytest.mark.parametrize(
    ("body", "allowed"),
    [(b'{"allowedToUseSSPR": true}', True), (b'{"allowedToUseSSPR": null}', None), (b"{}", None)],
    ids=["as on the wire", "null", "missing"],
)
def test_the_property_is_read_as_graph_spells_it(body, allowed):
    assert isinstance(AUTHORIZATION_POLICY, Asked)
    assert AUTHORIZATION_POLICY.decode(body).allowed_to_use_sspr is allowed


def test_a_missing_permission_is_named(judge):
    forbidden = Unavailable(Reason.PERMISSION_MISSING, AUTHORIZATION_POLICY.permission)
    verdict = judge(CHECK, {AUTHORIZATION_POLICY: forbidden})
    assert (verdict.state, verdict.permission) == (State.UNKNOWN, "Policy.Read.All")
