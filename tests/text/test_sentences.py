from __future__ import annotations

import re
import string

import pytest

import checks
from checks.check import Check
from shared.model import Reason, State, Verdict
from shared.text import words
from shared.text.sentences import CHECKS, OVERALL, UNREADABLE


@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
def test_every_outcome_has_a_sentence_and_no_sentence_is_left_over(check: Check) -> None:
    assert CHECKS[check.id].outcomes.keys() == check.codes.keys()


@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
def test_whoever_is_told_of_a_problem_is_told_what_to_do(check: Check) -> None:
    for code, state in check.codes.items():
        has_fix = CHECKS[check.id].outcomes[code].fix is not None
        assert has_fix or state not in (State.WARNING, State.CRITICAL), code


def test_every_reason_and_every_state_has_a_sentence() -> None:
    assert UNREADABLE.keys() == {*Reason, "capped_by_sync", "internal_error"}
    assert OVERALL.keys() == set(State)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (5_400, "1 hour 30 minutes"),
        (86_400, "1 day"),
        (86_400 + 120, "1 day"),
        (93_600, "1 day 2 hours"),
        (30 * 86_400, "30 days"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, expected: str) -> None:
    assert words().duration(seconds) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", 1600, "1,600"),
        ("x_ratio", 0.08, "8%"),
        ("x_ratio", 0.0875, "8.8%"),
        ("x_ratio", 1.0, "100%"),
        ("x_ratio", 0.99999, "99.9%"),
        ("x_ratio", 0.00001, "less than 0.1%"),
        ("x_ratio", 0.0, "0%"),
        ("x_at", "2026-11-21T08:05:00+00:00", "21 November 2026 08:05 UTC"),
        ("x_at", "2026-11-01", "1 November 2026"),
        ("x_seconds", 7200.0, "2 hours"),
        ("hours", 24, "24 hours"),
        ("days", 1, "1 day"),
        ("x", "{n}", "{n}"),
    ],
)
def test_a_param_is_written_as_its_name_says(name: str, value: str | float, expected: str) -> None:
    assert words().say(f"{{{name}}}", **{name: value}) == expected


def test_sentences_hold_no_link_of_one_language() -> None:
    everything = repr(CHECKS) + repr(UNREADABLE)
    assert not re.search(r"https://\S*/[a-z]{2}-[a-z]{2}/", everything)


def test_the_permission_that_is_missing_is_named() -> None:
    verdict = Verdict(
        "writeback",
        State.UNKNOWN,
        Reason.PERMISSION_MISSING,
        params={"permission": "AuditLog.Read.All", "fact": "audit_trail"},
        permission="AuditLog.Read.All",
    )
    assert "AuditLog.Read.All" in words().sentence(verdict)
    assert "AuditLog.Read.All" in (words().fix(verdict) or "")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_sentences_for_unreadable_facts_use_only_what_is_always_there() -> None:
    for outcome in UNREADABLE.values():
        assert placeholders(outcome.sentence + (outcome.fix or "")) <= {"permission", "fact"}
