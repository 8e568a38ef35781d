from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.attempts import Attempt, Attempts, Kind, Outcome
from checks.audit_trail import AuditTrail
from checks.engine_facts import RESET_PRINCIPAL, ResetService
from checks.facts import AUDIT_TRAIL, Asked
from checks.reset_service_principal import CHECK
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def trail(outcome=None, kind=Kind.RESET):
    at = int((NOW - timedelta(hours=2)).timestamp())
    recent = {"one": Attempt(at, kind, outcome)} if outcome else {}
    return AuditTrail(NOW - timedelta(days=30), NOW, attempts=Attempts(recent))


@pytest.mark.parametrize(
    ("enabled", "code", "state"),
    [
        (True, "principal_enabled", State.HEALTHY),
        (False, "principal_disabled", State.CRITICAL),
        (None, "value_missing", State.UNKNOWN),
    ],
)
def test_whether_it_is_enabled_decides(judge, enabled, code, state):
    works = trail(Outcome.SUCCEEDED)
    verdict = judge(CHECK, {RESET_PRINCIPAL: ResetService(enabled), AUDIT_TRAIL: works})
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("log", "code", "state"),
    [
        (trail(Outcome.SUCCEEDED), "not_needed", State.HEALTHY),
        (trail(Outcome.ABANDONED), "principal_absent", State.UNKNOWN),
        (trail(Outcome.SUCCEEDED, Kind.BY_ADMIN), "principal_absent", State.UNKNOWN),
        (trail(), "principal_absent", State.UNKNOWN),
        (Unavailable(Reason.PERMISSION_MISSING), "principal_absent", State.UNKNOWN),
    ],
    ids=["a reset", "none to the end", "by an administrator", "no traffic", "no audit log"],
)
def test_its_absence_is_no_news_unless_a_reset_proves_that_it_is_not_missed(
    judge, log, code, state
):
    verdict = judge(CHECK, {RESET_PRINCIPAL: None, AUDIT_TRAIL: log})
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cannot_be_read_is_unknown_for_its_reason(judge, reason):
    missing = Unavailable(reason, RESET_PRINCIPAL.permission)
    verdict = judge(CHECK, {RESET_PRINCIPAL: missing, AUDIT_TRAIL: trail()})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
    assert verdict.permission == "Application.Read.All"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"value": []}', None),
        (b'{"value": [{"id": "1", "accountEnabled": null}]}', ResetService(None)),
        (b'{"value": [{"id": "1", "accountEnabled": false}]}', ResetService(False)),
    ],
    ids=["absent", "null", "disabled"],
)
def test_absent_and_disabled_are_told_apart(body, found):
    assert isinstance(RESET_PRINCIPAL, Asked)
    assert RESET_PRINCIPAL.decode(body) == found
