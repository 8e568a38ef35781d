from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from checks.dates import PHONE_RETIREMENT, REGISTERED_METHODS_ONLY
from checks.deadlines import deadlines
from shared.model import Param, State, Verdict

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONNECT = Verdict(
    "connect_certificate",
    State.HEALTHY,
    "certificate_valid",
    params={"end_at": "2027-01-20T12:03:00+00:00"},
)


def retiring(**params: Param) -> Verdict:
    return Verdict("method_retirement", State.WARNING, "retirement_ahead", params=params)


def named(*verdicts: Verdict, now: datetime = NOW) -> dict[str, int | None]:
    return {deadline.name: deadline.touches for deadline in deadlines(verdicts, now)}


def test_the_next_date_comes_first_with_how_many_it_touches():
    found = deadlines([retiring(phones=120, questions=0), CONNECT], NOW)
    assert [(one.name, one.touches) for one in found] == [
        ("certificate", None),
        ("phones", 120),
        ("questions", 0),
        ("connect_version", None),
        ("phones_of_global_administrators", None),
    ]
    assert found[0].day == date(2027, 1, 20)


def test_what_could_not_be_read_touches_an_unknown_number():
    unread = Verdict("method_retirement", State.UNKNOWN, "licence_missing")
    assert named(unread)["phones"] is None
    assert named()["phones"] is None


@pytest.mark.parametrize(("found", "told"), [(150, True), (0, False), (None, False)])
def test_a_date_that_has_passed_is_told_while_it_touches_somebody(found, told):
    params = {} if found is None else {"found": found}
    verdict = Verdict("directory_contact_data", State.CRITICAL, "many_found", params=params)
    assert NOW.date() > REGISTERED_METHODS_ONLY
    assert ("directory_data" in named(verdict)) is told


def test_a_date_is_told_on_its_own_day():
    on_the_day = datetime.combine(PHONE_RETIREMENT, NOW.time(), UTC)
    assert "phones" in named(now=on_the_day)


def test_connect_has_no_dates_where_it_is_not_used():
    unused = Verdict("connect_certificate", State.NOT_APPLICABLE, "no_connect")
    assert named(unused).keys() == named().keys()
    assert "connect_version" not in named(unused)


def test_connect_without_a_certificate_has_its_version_only():
    account = Verdict("connect_certificate", State.UNKNOWN, "service_account")
    assert "connect_version" in named(account)
    assert "certificate" not in named(account)
