from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.facts import REGISTRATION
from checks.registration_report import Coverage, Registration, Scope
from checks.service_facts import SECURE_SCORE, SecureScore
from checks.sspr_enabled import CHECK
from shared.model import Reason, State, Unavailable

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
        "first report", "10% fewer", "more than 10% fewer", "fewer than the most", "4 fewer of 20",
        "5 fewer of 20", "10% more", "more than 10% more", "4 more", "5 more", "4 after nobody",
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


REFUSED = Unavailable(Reason.PERMISSION_MISSING, "AuditLog.Read.All")
STEADY = report(990, administrators=10, members=1990)
STALE = Registration(Coverage(2000, 1000, 1000, 1000), newest_at=NOW - timedelta(hours=49))


def score(enabled, total=2000, *, age=2 * DAY, percent=None):
    return SecureScore(enabled, total, percent, synced_at=NOW - age, created_at=NOW)


@pytest.mark.parametrize(
    ("unusable", "why"),
    [
        (REFUSED, "permission_missing"),
        (Unavailable(Reason.LICENCE_MISSING), "licence_missing"),
        (Unavailable(Reason.NOT_COLLECTED), "not_collected"),
        (STALE, "report_stale"),
        (Registration(), "report_empty"),
    ],
    ids=["refused", "no licence", "not yet", "stale", "empty"],
)
def test_secure_score_stands_in_for_a_report_that_cannot_be_used(judge, unusable, why):
    verdict = judge(CHECK, {REGISTRATION: unusable, SECURE_SCORE: score(1900)})
    assert (verdict.code, verdict.state) == ("enabled_by_score", State.HEALTHY)
    assert verdict.as_of == NOW - 2 * DAY
    assert verdict.evidence[0].observed == why
    assert verdict.params["score_age_seconds"] == 2 * 86_400
    assert not verdict.metrics


@pytest.mark.parametrize(
    ("counted", "code", "state"),
    [
        (score(200), "enabled_by_score", State.HEALTHY),
        (score(199), "few_by_score", State.UNKNOWN),
        (score(1), "few_by_score", State.UNKNOWN),
        (score(0), "nobody_by_score", State.WARNING),
        (score(0, percent=0.0), "nobody_by_score", State.WARNING),
        (score(1, 1), "enabled_by_score", State.HEALTHY),
        (score(200, age=7 * DAY), "enabled_by_score", State.HEALTHY),
        (score(200, age=7 * DAY + timedelta(seconds=1)), "permission_missing", State.UNKNOWN),
        (score(0, percent=100.0), "permission_missing", State.UNKNOWN),
        (score(0, 0, percent=100.0), "permission_missing", State.UNKNOWN),
        (score(None), "permission_missing", State.UNKNOWN),
        (score(200, None), "permission_missing", State.UNKNOWN),
        (SecureScore(200, 2000), "permission_missing", State.UNKNOWN),
        (SecureScore(), "permission_missing", State.UNKNOWN),
    ],
    ids=[
        "10%", "less than 10%", "one", "nobody", "nobody by its percentage too", "one of one",
        "7 days old", "older than 7 days", "full marks for nobody", "nobody counted", "count null",
        "total null", "undated", "no control",
    ],
)  # fmt: skip
def test_secure_score_alone_is_believed_with_care(judge, counted, code, state):
    verdict = judge(CHECK, {REGISTRATION: REFUSED, SECURE_SCORE: counted})
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.UNSUPPORTED])
@pytest.mark.parametrize(
    "given",
    [
        REFUSED,
        STALE,
        Registration(),
        *(facts[REGISTRATION] for facts in (STEADY, report(899, before=[1000]), report(0))),
    ],
    ids=["refused", "stale", "empty", "steady", "dropped", "nobody"],
)
def test_without_secure_score_everything_is_as_if_it_were_not_there(judge, given, reason):
    absent = {SECURE_SCORE: Unavailable(reason, "SecurityEvents.Read.All")}
    assert judge(CHECK, {REGISTRATION: given} | absent) == judge(CHECK, {REGISTRATION: given})


@pytest.mark.parametrize(
    ("facts", "counted", "code"),
    [
        (STEADY, score(1510), "score_differs"),
        (STEADY, score(1500), "scope_steady"),
        (STEADY, score(490), "score_differs"),
        (STEADY, score(500), "scope_steady"),
        (STEADY, score(75, 100), "scope_steady"),
        (STEADY, score(76, 100), "score_differs"),
        (STEADY, score(0), "score_differs"),
        (STEADY, score(2000, age=8 * DAY), "scope_steady"),
        (STEADY, score(0, 0), "scope_steady"),
        (report(0, administrators=5, members=0), score(5, 5), "score_differs"),
        (report(0, administrators=6, members=0), score(5, 5), "scope_steady"),
    ],
    ids=[
        "more than 25 points above", "25 points above", "more than 25 points below",
        "25 points below", "25 points of others", "more than 25 points of others", "nobody",
        "too old", "nobody counted", "5 members apart", "4 members apart",
    ],
)  # fmt: skip
def test_a_score_far_from_a_steady_scope_is_pointed_out(judge, facts, counted, code):
    verdict = judge(CHECK, facts | {SECURE_SCORE: counted})
    assert (verdict.code, verdict.state) == (code, State.HEALTHY)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (report(899, before=[1000]), "scope_dropped"),
        (report(1101, before=[1000]), "scope_widened"),
        (report(0), "nobody_enabled"),
        (report(0, administrators=10), "only_administrators"),
    ],
    ids=["dropped", "widened", "nobody", "administrators"],
)
@pytest.mark.parametrize("counted", [score(0), score(2000)], ids=["none", "all"])
def test_a_score_never_overrules_what_the_report_says(judge, facts, code, counted):
    assert judge(CHECK, facts | {SECURE_SCORE: counted}).code == code


def test_the_score_is_evidence_beside_the_report_even_when_it_says_nothing(judge):
    sources = [
        [item.observed for item in judge(CHECK, facts).evidence if "secureScores" in item.source]
        for facts in (
            STEADY,
            STEADY | {SECURE_SCORE: score(1100)},
            STEADY | {SECURE_SCORE: SecureScore()},
        )
    ]
    assert sources == [[], [1100, "2026-11-19T12:00:00+00:00"], [None, None]]


def test_thresholds_of_the_score_come_from_settings(judge):
    alone = {REGISTRATION: REFUSED, SECURE_SCORE: score(190)}
    assert judge(CHECK, alone, SSPR_SSPR_ENABLED_SCORE_PERCENT="9.5").code == "enabled_by_score"
    assert judge(CHECK, alone, SSPR_SSPR_ENABLED_SCORE_DAYS="1").code == "permission_missing"
    both = STEADY | {SECURE_SCORE: score(1510)}
    assert judge(CHECK, both, SSPR_SSPR_ENABLED_SCORE_POINTS="26").code == "scope_steady"
    assert judge(CHECK, both, SSPR_SSPR_ENABLED_CHANGE_MEMBERS="511").code == "scope_steady"
