from __future__ import annotations

import pytest

from checks.facts import METHODS_POLICY, Asked
from checks.method_migration import CHECK
from shared.model import Reason, State, Unavailable


@pytest.mark.parametrize(
    ("body", "code", "state"),
    [
        (b'{"policyMigrationState": "migrationComplete"}', "migration_complete", State.HEALTHY),
        (b'{"policyMigrationState": null}', "nothing_to_migrate", State.HEALTHY),
        (b'{"policyMigrationState": ""}', "nothing_to_migrate", State.HEALTHY),
        (
            b'{"policyMigrationState": "migrationInProgress"}',
            "migration_in_progress",
            State.WARNING,
        ),
        (b'{"policyMigrationState": "preMigration"}', "migration_not_started", State.CRITICAL),
        (b'{"policyMigrationState": "unknownFutureValue"}', "state_unclear", State.UNKNOWN),
        (b'{"id": "authenticationMethodsPolicy"}', "state_unclear", State.UNKNOWN),
    ],
    ids=["complete", "null", "empty", "in progress", "not started", "unheard of", "absent"],
)
def test_the_migration_state_decides(judge, body, code, state):
    assert isinstance(METHODS_POLICY, Asked)
    verdict = judge(CHECK, {METHODS_POLICY: METHODS_POLICY.decode(body)})
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.UNSUPPORTED])
def test_a_policy_that_cannot_be_read_is_unknown(judge, reason):
    verdict = judge(CHECK, {METHODS_POLICY: Unavailable(reason, METHODS_POLICY.permission)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)
