from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from checks.attempts import Attempt, Attempts, Kind, Outcome, masked, outcome_of, retire
from checks.audit_trail import AuditTrail, fold_events, read_audit_page, settle

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RESET = "Reset password (self-service)"
FLOW = "Self-service password reset flow activity progress"
LAG = 3600


@pytest.mark.parametrize(
    ("activity", "result", "reason", "outcome"),
    [
        (RESET, "success", "Successfully completed reset.", "succeeded"),
        (RESET, "success", "", "succeeded"),
        (RESET, "success", "None", "succeeded"),
        (RESET, "success", "OnPremisesSuccessCloudFailure", "cloud_failed"),
        (RESET, "failure", "OnPremisesConnectivityError", "unreachable"),
        (RESET, "failure", "OnPremisesConnectivityFailure ", "unreachable"),
        (RESET, "failure", "OnPremisesConnectivtyFailure", "unreachable"),
        (RESET, "failure", "We could not reach your on-premises password reset service.", "unreachable"),
        (RESET, "failure", "OnPremisesAdminActionRequired", "on_premises"),
        (RESET, "failure", "encountered a problem while resetting the user's on-premises password", "on_premises"),
        (FLOW, "failure", "User's password is managed on-premises. You can enable Password Writeback to resolve this", "writeback_off"),
        (FLOW, "failure", "User does not have a license", "not_licensed"),
        (FLOW, "failure", "User's account has insufficient authentication methods defined", "not_registered"),
        (FLOW, "failure", "Password reset is not enabled for this user", "not_enabled"),
        (FLOW, "failure", "Password reset is disabled entirely for this tenant", "not_enabled"),
        (RESET, "failure", "FuzzyPolicyViolationInvalidPassword", "user"),
        (RESET, "failure", "PasswordDoesnotComplyFuzzyPolicy", "user"),
        (FLOW, "failure", "User made too many invalid SMS attempts", "blocked"),
        (FLOW, "failure", "User cancelled before passing the required authentication methods", "abandoned"),
        (FLOW, "success", "User abandoned before completing the e-mail step", "abandoned"),
        (FLOW, "success", "User submitted their user ID ", "open"),
        (FLOW, "success", "User successfully reset password", "succeeded"),
        (FLOW, "success", "", "open"),
        (RESET, "failure", "SomethingNobodyHasSeen", "unclassified"),
        (RESET, "failure", "", "unclassified"),
        (FLOW, "failure", "SomethingNobodyHasSeen", "unclassified"),
        (RESET, "timeout", "", "unclassified"),
        (RESET, "unknownfuturevalue", "", "unclassified"),
    ],
)  # fmt: skip
def test_a_row_says_how_its_attempt_went(activity, result, reason, outcome):
    assert outcome_of(activity, result, reason) == outcome


def row(reason, *, activity=FLOW, result="success", attempt="a", minutes=30, target="u1"):
    at = NOW - timedelta(minutes=minutes)
    return {
        "id": f"{attempt}-{minutes}-{reason}",
        "correlationId": attempt,
        "activityDateTime": at.isoformat(),
        "activityDisplayName": activity,
        "result": result,
        "resultReason": reason,
        "targetResources": [{"id": target, "userPrincipalName": "kim@contoso.example"}],
    }


ONE = [
    row("User submitted their user ID", minutes=34),
    row("FuzzyPolicyViolationInvalidPassword", activity=RESET, result="failure", minutes=33),
    row("User submitted a new password", minutes=32),
    row("Successfully completed reset.", activity=RESET, minutes=31),
]


def folded(rows, trail=None):
    start = NOW - timedelta(days=30)
    page = read_audit_page(msgspec.json.encode({"value": rows}))
    return fold_events(trail or AuditTrail(start, start), page.value)


@pytest.mark.parametrize(
    "rows", list(permutations(ONE)), ids=lambda rows: "".join(r["id"][2:4] for r in rows)
)
def test_rows_of_one_correlation_id_are_one_attempt_in_any_order(rows):
    (attempt,) = folded(rows).attempts.recent.values()
    newest = int((NOW - timedelta(minutes=31)).timestamp())
    assert attempt == Attempt(newest, Kind.RESET, Outcome.SUCCEEDED)


def test_reading_rows_again_changes_nothing():
    once = folded(ONE)
    assert folded(ONE, once).attempts == once.attempts


def test_rows_of_one_attempt_may_come_in_two_pages():
    assert folded(ONE[2:], folded(ONE[:2])).attempts == folded(ONE).attempts


def test_users_who_are_blocked_are_counted_row_by_row():
    blocked = "Blocked from self-service password reset"
    rows = [row("", activity=blocked, minutes=m, attempt="same") for m in (5, 6)]
    assert [a.kind for a in folded(rows).attempts.recent.values()] == [Kind.BLOCKED] * 2


def test_an_unclassified_reason_is_kept_without_what_identifies_anybody():
    reason = "Oops for kim@contoso.example 5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5 code 123456"
    trail = folded([row(reason, activity=RESET, result="failure")])
    assert list(trail.attempts.unclassified) == ["Oops for … … code …"]
    assert b"kim" not in msgspec.json.encode(trail)
    assert b"u1" not in msgspec.json.encode(trail)


def test_only_so_many_unclassified_reasons_are_kept_the_newest():
    letters = "abcdefghijklmno"
    rows = [
        row(f"odd {c}", activity=RESET, result="failure", minutes=m) for m, c in enumerate(letters)
    ]
    assert set(folded(rows).attempts.unclassified) == {f"odd {c}" for c in letters[:10]}


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_is_said_to_be_none(reason):
    assert masked(reason) == "no reason given"


def attempt(hours, outcome=Outcome.SUCCEEDED, kind=Kind.RESET):
    return Attempt(int((NOW - timedelta(hours=hours)).timestamp()), kind, outcome)


def test_an_attempt_the_log_may_still_add_to_is_left_out():
    attempts = Attempts(
        {"a": attempt(0.5, Outcome.OPEN), "b": attempt(2, Outcome.OPEN), "c": attempt(0.1)}
    )
    settled = attempts.settled(Kind.RESET, NOW, hours=24, lag_seconds=LAG)
    assert [a.outcome for a in settled] == [Outcome.OPEN, Outcome.SUCCEEDED]


def test_old_attempts_become_numbers_per_day_and_the_total_stays():
    recent = {str(index): attempt(index) for index in range(0, 60, 2)}
    whole = Attempts(recent)
    retired = retire(
        whole, before=NOW - timedelta(days=1), oldest=NOW - timedelta(days=31), most=100
    )
    assert len(retired.recent) == 13
    for attempts in (whole, retired):
        counts = attempts.numbers(Kind.RESET, NOW, days=7, lag_seconds=LAG)
        assert counts == {Outcome.SUCCEEDED: 30}


def test_days_beyond_the_memory_are_forgotten():
    attempts = Attempts(
        days={"2026-10-01": {"reset succeeded": 3}, "2026-11-20": {"reset user": 1}}
    )
    kept = retire(attempts, before=NOW, oldest=NOW - timedelta(days=31), most=100)
    assert list(kept.days) == ["2026-11-20"]


def test_memory_stays_bounded_whatever_happens():
    recent = {str(index): attempt(index / 1000) for index in range(5000)}
    trail = AuditTrail(NOW, NOW, attempts=Attempts(recent))
    settled = settle(trail, NOW).attempts
    assert len(settled.recent) == 4000
    assert sum(settled.days["2026-11-21"].values()) == 1000


def test_attempts_are_kept_while_a_look_back_may_read_them_again():
    recent = {"a": attempt(24 * 10)}
    trail = AuditTrail(NOW, NOW - timedelta(days=10), attempts=Attempts(recent))
    assert settle(trail, NOW).attempts.recent == recent
