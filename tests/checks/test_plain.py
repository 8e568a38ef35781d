from __future__ import annotations

import pytest

from checks.attempts import masked
from checks.audit_trail import read_audit_page
from checks.engine_facts import _read_jobs
from checks.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SPE_E5", "SPE_E5"),
        ("Zürich 東京 🧿", "Zürich 東京 🧿"),
        ("a\x1b[2Jb\x07", "a\ufffd[2Jb\ufffd"),
        ("a\r\nb\tc", "a\ufffd\ufffdb\ufffdc"),
        ("gnp.\u202eexe", "gnp.\ufffdexe"),
        ("\ufeff\u2028\u200f", "\ufffd\ufffd\ufffd"),
    ],
    ids=["plain", "languages", "terminal", "lines", "backwards", "unseen"],
)
def test_only_what_is_seen_is_left(text, shown):
    assert plain(text) == shown
    assert shown.isprintable()


def test_a_text_is_as_long_as_people_read():
    assert plain("A" * 1000) == "A" * 1000
    assert plain("A" * 1001) == "A" * 999 + "…"
    assert plain("A" * 10**6, 3) == "AA…"


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("Refused for Ada Berg", "Refused for … …"),
        ("Refused for BERG, ADA (ada.berg12)", "Refused for …, … (….…12)"),
        ("ada.berg12@contoso.example was refused", "… was refused"),
        ("HybridCallbackStateUnexpected", "HybridCallbackStateUnexpected"),
        ("A" * 10**6, "A" * 79 + "…"),
    ],
    ids=["name", "turned", "address", "nobody", "endless"],
)
def test_a_reason_is_kept_without_the_names_of_whom_it_is_about(reason, kept):
    assert masked(reason, ["Ada Berg", "ada.berg@contoso.example"]) == kept


def test_the_names_of_a_row_are_those_of_its_actor_and_its_targets():
    page = read_audit_page(
        b'{"value": [{"activityDateTime": "2026-11-21T12:00:00Z", "initiatedBy": {"user":'
        b' {"displayName": null, "userPrincipalName": "ada@contoso.example"}},'
        b' "targetResources": [{"id": "1", "displayName": "Bob"}, {"displayName": null}]}]}'
    )
    assert [*page.value[0].names] == ["Bob", "ada@contoso.example"]


def test_what_a_job_says_is_kept_short():
    reason = b'"' + b"A" * 10**6 + b'"'
    page = _read_jobs(b'{"value": [{"status": {"quarantine": {"reason": ' + reason + b"}}}]}")
    assert len(page.value[0].reason) == 80
