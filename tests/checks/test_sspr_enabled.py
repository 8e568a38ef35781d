from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.facts import REGISTRATION
from checks.registration_report import Coverage, Registration, Scope
from checks.sspr_enabled import CHECK
from shared.model import State

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def report(users, administrators=0, before=(), members=2000):
    """The scope today, and how many users were in it, day by day, until today."""
    past = [
        Scope(NOW - days * DAY, count, administrators)
        for days, count in zip(range(len(before), 0, -1), before, strict=True)
    ]
    return {
        REGISTRATION: Registration(
            Coverage(members, users, users, users),
            Coverage(10, administrators, administrators, administrators),
            newest_at=NOW,
            past=(*past, Scope(NOW, users, administrators)),
        )
    }


@pytest.mark.parametrize(
    ("facts", "code", "state"),
    [
        (report(1000), "scope_steady", State.HEALTHY),
        (report(900, before=[1000]), "scope_steady", State.HEALTHY),
        (report(899, before=[1000]), "scope_dropped", State.WARNING),
        (report(899, before=[950, 1000, 890]), "scope_dropped", State.WARNING),
        (report(16, before=[20]), "scope_steady", State.HEALTHY),
        (report(15, before=[20]), "scope_dropped", State.WARNING),
        (report(1100, before=[1000]), "scope_steady", State.HEALTHY),
        (report(1101, before=[1000]), "scope_widened", State.HEALTHY),
        (report(14, before=[10]), "scope_steady", State.HEALTHY),
        (report(15, before=[10]), "scope_widened", State.HEALTHY),
        (report(4, before=[0]), "scope_steady", State.HEALTHY),
        (report(5, before=[0]), "scope_widened", State.HEALTHY),
        (report(0, before=[1000]), "nobody_enabled", State.CRITICAL),
        (report(0), "nobody_enabled", State.CRITICAL),
    ],
    ids=[
        "first report", "10 % fewer", "more than 10 % fewer", "fewer than the most", "4 fewer of 20",
        "5 fewer of 20", "10 % more", "more than 10 % more", "4 more", "5 more", "4 after nobody",
        "5 after nobody", "all gone", "nobody ever",
    ],
)  # fmt: skip
def test_the_scope_is_compared_with_the_last_days(judge, facts, code, state):
    verdict = judge(CHECK, facts)
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("age", "code"),
    [(7 * DAY, "scope_dropped"), (7 * DAY + timedelta(seconds=1), "scope_steady")],
    ids=["at 7 days", "past 7 days"],
)
def test_a_drop_is_told_for_a_week(judge, age, code):
    counts = Registration(
        Coverage(2000, 500, 500, 500), newest_at=NOW, past=(Scope(NOW - age, 1000, 0),)
    )
    assert judge(CHECK, {REGISTRATION: counts}).code == code


def test_administrators_alone_do_not_stand_for_users(judge):
    verdict = judge(CHECK, report(0, administrators=10))
    assert (verdict.code, verdict.state) == ("only_administrators", State.CRITICAL)


def test_a_tenant_that_has_administrators_only_is_judged_by_them(judge):
    assert judge(CHECK, report(0, administrators=10, members=0)).state is State.HEALTHY


def test_users_who_become_administrators_are_no_drop(judge):
    counts = Registration(
        Coverage(90, 80, 80, 80),
        Coverage(20, 20, 20, 20),
        newest_at=NOW,
        past=(Scope(NOW - DAY, 100, 0),),
    )
    assert judge(CHECK, {REGISTRATION: counts}).code == "scope_steady"


def test_who_is_registered_but_not_enabled_is_evidence_and_no_more(judge):
    counts = Registration(Coverage(100, 40, 70, 30), Coverage(5, 5, 5, 5), newest_at=NOW)
    verdict = judge(CHECK, {REGISTRATION: counts})
    assert verdict.state is State.HEALTHY
    observed = {item.source.rpartition(".")[2]: item.observed for item in verdict.evidence}
    assert observed["isSsprRegistered and not isSsprEnabled"] == 40


def test_thresholds_come_from_settings(judge):
    facts = report(850, before=[1000])
    assert judge(CHECK, facts, SSPR_SSPR_ENABLED_CHANGE_PERCENT="15").code == "scope_steady"
    assert judge(CHECK, facts, SSPR_SSPR_ENABLED_CHANGE_MEMBERS="151").code == "scope_steady"
    assert judge(CHECK, facts).code == "scope_dropped"
