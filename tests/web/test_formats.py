from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.asked import RefusedError
from shared.web.formats import Format, accepted

OFFERED = (Format.JSON, Format.HEALTH, Format.TEXT)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        (BROWSER, Format.JSON),
        ("nonsense", Format.JSON),
        ("application/json", Format.JSON),
        ("application/health+json", Format.HEALTH),
        ("Application/Health+JSON", Format.HEALTH),
        ("application/health+json, application/json", Format.HEALTH),
        ("application/json, application/health+json", Format.JSON),
        ("application/json;q=0.5, application/health+json", Format.HEALTH),
        ("application/health+json, */*", Format.HEALTH),
        ("application/json;q=0, */*", Format.HEALTH),
        ("text/*", Format.TEXT),
        ("text/plain;charset=utf-8;q=0.3, application/*;q=0.2", Format.TEXT),
        ("application/json;q=0.001", Format.JSON),
        ("application/json;q=0", None),
        ("text/html", None),
        ("image/png, text/html;q=0.9", None),
    ],
)
def test_the_format_is_the_one_that_is_accepted_most(header, expected):
    assert accepted(header, OFFERED) is expected


@given(st.text(max_size=2000))
def test_any_header_gets_an_answer(header):
    assert accepted(header, OFFERED) in (*OFFERED, None)


def test_the_parameter_beats_the_header(ask):
    assert ask(format="text", accept="application/json").format(OFFERED) is Format.TEXT


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"format": "xml"}, 400, "json, health, text"),
        ({"format": "csv"}, 400, "json, health, text"),
        ({"accept": "image/png"}, 406, "application/json, application/health+json, text/plain"),
    ],
)
def test_an_unknown_format_is_refused_with_those_that_are_known(ask, asked, status, told):
    with pytest.raises(RefusedError) as refused:
        ask(**asked).format(OFFERED)
    answer = refused.value.answer
    assert (answer.status, answer.media_type) == (status, "application/problem+json")
    assert told in json.loads(answer.body)["detail"]


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EARLIEST = NOW - timedelta(days=730)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00:00Z", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01T10:00:00+01:00", datetime(2026, 11, 1, 9, tzinfo=UTC)),
        ("2026-11-01T10:00:00 01:00", datetime(2026, 11, 1, 9, tzinfo=UTC)),
        ("2026-11-01 10:00:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", EARLIEST),
        ("9999-12-31T23:59:59-14:00", NOW),
    ],
)
def test_a_time_is_read_as_utc_and_kept_within_what_can_be_stored(ask, since, expected):
    assert ask(NOW, since=since).time("since", EARLIEST) == expected


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "1", "2026-11-01T25:00:00Z", "\0"])
def test_a_time_that_is_none_is_refused_with_an_example(ask, since):
    with pytest.raises(RefusedError) as refused:
        ask(since=since).time("since", EARLIEST)
    assert b"2026-11-01T12:00:00Z" in refused.value.answer.body
    assert since not in json.loads(refused.value.answer.body)["title"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1e3", "²", "9" * 5000])
def test_a_number_out_of_bounds_is_refused(ask, limit):
    with pytest.raises(RefusedError):
        ask(limit=limit).number("limit", 1, 1000, 100)
