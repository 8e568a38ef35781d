from __future__ import annotations

import pytest

from checks import BY_ID
from checks.attempts import Outcome
from checks.causes import cause_of
from shared.model import State, Verdict


def verdict(check: str, code: str, **params: int) -> Verdict:
    return Verdict(check, State.CRITICAL, code, params=params)


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (verdict("writeback", "writeback_disabled"), "writeback"),
        (verdict("writeback_attempts", "attempts_fail"), "writeback"),
        (verdict("settings_changed", "writeback_disabled"), "writeback"),
        (verdict("settings_changed", "settings_changed"), "settings_changed"),
        (verdict("password_hash_sync", "hashes_stopped"), "directory_sync"),
        (verdict("connect_certificate", "certificate_expired"), "directory_sync"),
        (verdict("connect_certificate", "certificate_expiring"), "connect_certificate"),
        (verdict("directory_contact_data", "many_found"), "registration"),
        (verdict("sync_conflicts", "many_conflicts"), "sync_conflicts"),
    ],
    ids=lambda of: of.code if isinstance(of, Verdict) else of,
)
def test_a_verdict_has_a_cause(found, cause):
    assert cause_of(found) == cause


@pytest.mark.parametrize(
    ("counts", "cause"),
    [
        ({Outcome.WRITEBACK_OFF: 36, Outcome.ON_PREMISES: 12}, "writeback"),
        ({Outcome.NOT_REGISTERED: 9, Outcome.UNREACHABLE: 2}, "registration"),
        ({Outcome.NOT_LICENSED: 1}, "premium_licence"),
        ({Outcome.NOT_ENABLED: 5}, "sspr_enabled"),
        ({Outcome.UNCLASSIFIED: 5}, "reset_attempts"),
        ({}, "reset_attempts"),
    ],
)
def test_failed_resets_belong_to_the_reason_that_most_of_them_have(counts, cause):
    params = {str(reason): number for reason, number in counts.items()}
    assert cause_of(verdict("reset_attempts", "resets_fail", **params)) == cause


def test_every_cause_is_a_check():
    codes = [(check.id, code) for check in BY_ID.values() for code in check.codes]
    assert {cause_of(verdict(check, code)) for check, code in codes} <= BY_ID.keys()
