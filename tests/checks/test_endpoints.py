from __future__ import annotations

import pytest

from checks.endpoints import CHECK
from checks.service_facts import PORTALS, Portal, Portals
from shared import text
from shared.model import Reason, State, Unavailable, worst

RESET, SIGN_IN = "https://reset.example", "https://login.example"


def found(*statuses):
    """The pages in order, by status; None for one that did not answer."""
    return {
        PORTALS: Portals(
            tuple(
                Portal(url, status, "" if status else "no answer in time")
                for url, status in zip((RESET, SIGN_IN), statuses, strict=False)
            )
        )
    }


@pytest.mark.parametrize(
    ("statuses", "code", "state"),
    [
        ((200, 200), "reachable", State.NOT_APPLICABLE),
        ((302, 404), "reachable", State.NOT_APPLICABLE),
        ((499, 403), "reachable", State.NOT_APPLICABLE),
        ((500, 200), "some_unreachable", State.WARNING),
        ((200, None), "some_unreachable", State.WARNING),
        ((None, 503), "none_reachable", State.WARNING),
        ((None, None), "none_reachable", State.WARNING),
        ((200,), "reachable", State.NOT_APPLICABLE),
        ((None,), "none_reachable", State.WARNING),
    ],
    ids=[
        "both", "odd answers", "below 500", "at 500", "one silent", "silent and failing", "silent",
        "the only one known", "the only one known, silent",
    ],
)  # fmt: skip
def test_what_answers_decides(judge, statuses, code, state):
    verdict = judge(CHECK, found(*statuses))
    assert (verdict.code, verdict.state) == (code, state)


def test_reaching_the_pages_makes_no_tenant_healthy(judge):
    reachable = judge(CHECK, found(200, 200)).state
    assert worst([reachable]) is State.UNKNOWN
    assert worst([reachable, State.UNKNOWN]) is State.UNKNOWN
    assert worst([reachable, State.NOT_APPLICABLE]) is State.UNKNOWN


def test_nothing_it_sees_is_critical():
    assert set(CHECK.codes.values()) == {State.NOT_APPLICABLE, State.WARNING}


@pytest.mark.parametrize("statuses", [(200, 200), (200, None), (None, None)])
def test_every_sentence_says_from_where_it_was_seen(judge, statuses):
    assert "from where this app runs" in text.sentence(judge(CHECK, found(*statuses))).lower()
    assert "from where this app runs" in text.title(CHECK.id)


def test_the_silent_page_is_named_with_what_was_seen(judge):
    verdict = judge(CHECK, found(200, None))
    assert verdict.params["unreachable"] == SIGN_IN
    assert [item.observed for item in verdict.evidence] == [200, "no answer in time"]


def test_pages_that_were_not_asked_are_unknown(judge):
    verdict = judge(CHECK, {PORTALS: Unavailable(Reason.NOT_COLLECTED)})
    assert (verdict.state, verdict.code) == (State.UNKNOWN, Reason.NOT_COLLECTED)
