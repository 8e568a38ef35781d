from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks import assess, dates, method_retirement
from checks.facts import REGISTRATION, Facts
from checks.method_retirement import CHECK
from checks.registration_report import Coverage, Registration
from shared.model import Known, State
from shared.settings import load
from tests.checks.conftest import ENVIRONMENT

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PHONES_END = datetime(2027, 2, 1, tzinfo=UTC)
QUESTIONS_END = datetime(2027, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def report(phones=0, questions=0, admin_phones=0, admin_questions=0, capable=100, now=NOW):
    return Registration(
        Coverage(200, 150, 120, capable, phones, questions),
        Coverage(10, 10, 10, min(capable, 10), admin_phones, admin_questions),
        newest_at=now,
    )


def at(now, **counts):
    """The verdict at another time than usual."""
    facts = Facts({REGISTRATION.name: Known(report(now=now, **counts))})
    (verdict,) = assess([CHECK], facts, load(ENVIRONMENT, CHECK.thresholds), now)
    return verdict


@pytest.mark.parametrize(
    ("now", "code", "state"),
    [
        (PHONES_END - timedelta(days=60) - SECOND, "retirement_ahead", State.WARNING),
        (PHONES_END - timedelta(days=60), "retirement_close", State.CRITICAL),
        (PHONES_END - SECOND, "retirement_close", State.CRITICAL),
        (PHONES_END, "retirement_past", State.CRITICAL),
        (PHONES_END + timedelta(days=400), "retirement_past", State.CRITICAL),
    ],
    ids=["over 60 days", "60 days", "last second", "the day", "long past"],
)
def test_the_time_until_the_date_decides(now, code, state):
    verdict = at(now, phones=1)
    assert (verdict.code, verdict.state) == (code, state)


@pytest.mark.parametrize(
    ("counts", "first_at"),
    [
        ({"phones": 1}, "2027-02-01"),
        ({"questions": 1}, "2027-03-01"),
        ({"phones": 1, "questions": 1}, "2027-02-01"),
        ({"admin_phones": 1}, "2027-02-01"),
        ({"admin_questions": 1}, "2027-02-01"),
    ],
    ids=["phones", "questions", "both", "an administrator", "an administrator with questions too"],
)
def test_the_first_date_that_touches_somebody_counts(judge, counts, first_at):
    verdict = judge(CHECK, {REGISTRATION: report(**counts)})
    assert verdict.code == "retirement_ahead"
    assert verdict.params["first_at"] == first_at


def test_members_are_counted_for_each_date(judge):
    facts = {REGISTRATION: report(phones=7, questions=3, admin_phones=2, admin_questions=1)}
    params = judge(CHECK, facts).params
    assert (params["phones"], params["questions"], params["affected"]) == (10, 3, 13)
    assert params["affected_ratio"] == 13 / 110


def test_nobody_who_depends_on_them_is_healthy(judge):
    verdict = judge(CHECK, {REGISTRATION: report()})
    assert (verdict.code, verdict.state) == ("methods_last", State.HEALTHY)


def test_when_nobody_can_reset_nothing_is_praised(judge):
    verdict = judge(CHECK, {REGISTRATION: report(capable=0)})
    assert (verdict.code, verdict.state) == ("nobody_capable", State.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("declared", "counts", "code"),
    [
        ("on@2026-11-01", {"phones": 5}, "phones_declared"),
        ("on@2026-11-01", {"phones": 5, "questions": 1}, "retirement_ahead"),
        ("on@2026-11-01", {}, "methods_last"),
        ("off@2026-11-01", {"phones": 5}, "retirement_ahead"),
    ],
    ids=["phones", "questions too", "neither", "declared as not there"],
)
def test_with_a_telephony_provider_of_its_own_phones_go_on(judge, declared, counts, code):
    facts = {REGISTRATION: report(**counts)}
    verdict = judge(CHECK, facts, SSPR_DECLARED_TELEPHONY=declared)
    assert verdict.code == code
    assert any(item.source == "SSPR_DECLARED_TELEPHONY" for item in verdict.evidence)


def test_with_a_provider_only_questions_count(judge):
    facts = {REGISTRATION: report(phones=5, questions=1)}
    params = judge(CHECK, facts, SSPR_DECLARED_TELEPHONY="on@2026-11-01").params
    assert (params["phones"], params["affected"]) == (0, 1)
    assert params["first_at"] == "2027-03-01"


def test_dates_come_from_the_file_of_dates(judge, monkeypatch):
    sooner = dates.PHONE_RETIREMENT - timedelta(days=60)
    monkeypatch.setattr(method_retirement, "PHONE_RETIREMENT", sooner)
    assert judge(CHECK, {REGISTRATION: report(phones=1)}).code == "retirement_close"


def test_thresholds_come_from_settings(judge):
    facts = {REGISTRATION: report(phones=1)}
    settings = {"SSPR_METHOD_RETIREMENT_CRITICAL_DAYS": "72"}
    assert judge(CHECK, facts, **settings).code == "retirement_close"
