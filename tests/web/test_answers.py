from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shared.web.answers import Answer, cached, document, problem

ONE = document({"state": "healthy"}, aging={"age_seconds": 3.0})


def tag(answer: Answer) -> str:
    return cached(answer, None).headers["ETag"]


def test_only_the_readers_own_cache_keeps_an_answer_and_asks_before_it_shows_it():
    headers = cached(ONE, None).headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Vary"] == "Accept, Accept-Language"


@pytest.mark.parametrize("prefix", ["", 'W/"other", ', '"other",'])
def test_who_has_an_answer_already_is_told_so_without_it(prefix):
    answer = cached(ONE, prefix + tag(ONE))
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers == cached(ONE, None).headers


@pytest.mark.parametrize("known", [None, "", "nonsense", '"other"', 'W/"other"', '"'])
def test_any_other_tag_gets_the_answer(known):
    assert cached(ONE, known).body == ONE.body


def test_a_strong_tag_and_a_star_match_as_well():
    assert cached(ONE, tag(ONE).removeprefix("W/")).status == 304
    assert cached(ONE, "*").status == 304


def test_what_ages_is_part_of_the_document():
    assert json.loads(ONE.body) == {"state": "healthy", "age_seconds": 3.0}


def test_an_answer_that_is_only_older_has_the_same_tag():
    older = document({"state": "healthy"}, aging={"age_seconds": 63.0})
    assert older.body != ONE.body
    assert tag(older) == tag(ONE)


@pytest.mark.parametrize(
    "other",
    [
        document({"state": "warning"}, aging={"age_seconds": 3.0}),
        replace(ONE, media_type="application/health+json"),
    ],
    ids=["content", "media-type"],
)
def test_a_tag_is_never_that_of_another_answer(other):
    assert tag(other) != tag(ONE)
    assert cached(other, tag(ONE)).status == 200


@pytest.mark.parametrize(
    "answer",
    [problem(503, "No run yet", "Wait."), replace(ONE, headers={"Cache-Control": "no-store"})],
    ids=["problem", "no-store"],
)
def test_problems_and_what_must_not_be_kept_have_no_tag(answer):
    assert cached(answer, "*") is answer
