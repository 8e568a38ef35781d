"""Mistakes that were made elsewhere in this field, and are not to be made here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import checks
from checks import admin_sspr, directory_sync, method_migration, registration, sync_conflicts
from checks.facts import (
    AUTHORIZATION_POLICY,
    CONTACTS_IN_CONFLICT,
    GROUPS_IN_CONFLICT,
    METHODS_POLICY,
    ORGANIZATION,
    REGISTRATION,
    SYNCED_USERS,
    USERS_IN_CONFLICT,
    MethodsPolicy,
    Organization,
)
from checks.registration_report import Coverage, Registration
from shared.model import Reason, State, Unavailable

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOURCE = "\n".join(
    line
    for folder in ("checks", "collect", "shared")
    for path in sorted((ROOT / folder).rglob("*.py"))
    for line in path.read_text("utf-8").splitlines()
)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
def test_what_cannot_be_read_never_fails_and_never_passes(judge, check, reason):
    verdict = judge(check, {fact: Unavailable(reason, fact.permission) for fact in check.needs})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, reason)


def test_a_password_sync_that_never_was_does_not_silence_the_age_of_the_directory_sync(judge):
    organization = Organization(True, NOW - timedelta(days=2))
    verdict = judge(directory_sync.CHECK, {ORGANIZATION: organization})
    assert verdict.state is State.CRITICAL


def test_a_sync_that_was_turned_off_is_not_taken_for_one_that_is_on(judge):
    organization = Organization(False, NOW - timedelta(days=2))
    assert judge(directory_sync.CHECK, {ORGANIZATION: organization}).state is State.NOT_APPLICABLE


def test_coverage_is_never_what_is_registered_of_what_is_capable(judge):
    counts = Registration(Coverage(1000, 1000, registered=900, capable=500), newest_at=NOW)
    verdict = judge(registration.CHECK, {REGISTRATION: counts})
    assert verdict.params["users_coverage_ratio"] == 0.5
    assert verdict.state is State.CRITICAL


def test_whether_administrators_may_use_sspr_says_nothing_about_users():
    readers = {c.id for c in checks.CATALOGUE if AUTHORIZATION_POLICY in c.needs}
    assert readers == {admin_sspr.CHECK.id}


def test_the_dead_writeback_flag_is_never_read():
    uses = [line for line in SOURCE.splitlines() if "passwordWritebackEnabled" in line]
    assert all("`" in line for line in uses), "mentioned in docstrings only"
    assert "on_premises_synchronization" not in SOURCE


@pytest.mark.parametrize(
    "retired",
    [
        "credential_user_registration_details",
        "user_credential_usage_details",
        "users_registered_by",
    ],
)
def test_sources_that_ended_or_refuse_an_app_are_never_asked(retired):
    assert retired not in SOURCE


def test_a_missing_migration_state_is_complete_but_an_unreadable_one_is_not(judge):
    assert judge(method_migration.CHECK, {METHODS_POLICY: MethodsPolicy(None)}).state == "healthy"
    unreadable = {METHODS_POLICY: Unavailable(Reason.MALFORMED)}
    assert judge(method_migration.CHECK, unreadable).state == "unknown"


def test_a_number_that_was_not_read_is_not_shown_as_zero(judge):
    facts = {
        ORGANIZATION: Organization(True),
        USERS_IN_CONFLICT: 1,
        GROUPS_IN_CONFLICT: 0,
        CONTACTS_IN_CONFLICT: Unavailable(Reason.PERMISSION_MISSING, "OrgContact.Read.All"),
        SYNCED_USERS: 100,
    }
    evidence = {e.source: e.observed for e in judge(sync_conflicts.CHECK, facts).evidence}
    assert evidence["contacts.onPremisesProvisioningErrors"] is None
    assert evidence["groups.onPremisesProvisioningErrors"] == 0
