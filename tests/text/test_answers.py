"""Every text of an answer is a message that the catalogues have."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import checks
from shared.explain import ENTRIES
from shared.model import State
from shared.settings import SettingsError, load
from shared.text import Lang, Words, words
from shared.trend import By, History, Period, Series, Trend, Window
from shared.web.answers import Answer, needs_attention
from shared.web.catalogue import catalogue
from shared.web.explain import explain
from shared.web.trend import spreadsheet
from tests.text.conftest import outside

ENVIRONMENT = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "SSPR_TENANT_ID": "00000000-0000-4000-8000-000000000001",
}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOR_PEOPLE = {"title", "detail", "meaning", "steps", "source", "lag", "purpose"}


def body(answer: Answer) -> Any:
    return msgspec.json.decode(answer.body)


def unmarked(value: Any, field: str = "") -> list[str]:
    """The texts for people that hold words beside messages."""
    if isinstance(value, dict):
        parts = value.items()
        return [text for name, part in parts for text in unmarked(part, name)]
    if isinstance(value, list):
        return [text for part in value for text in unmarked(part, field)]
    return [value] if field in FOR_PEOPLE and outside(value) else []


@pytest.mark.parametrize("code", [None, "SSPR_9", "nothing", *(entry.code for entry in ENTRIES)])
def test_an_explanation_is_made_of_messages(code: str | None, marked: Words) -> None:
    assert unmarked(body(explain(code, checks.BY_ID, marked))) == []


def test_the_catalogue_of_checks_is_made_of_messages(marked: Words) -> None:
    told = body(catalogue(checks.CATALOGUE, load(ENVIRONMENT, checks.THRESHOLDS), marked))
    sources = {fact.source for fact in checks.needed(checks.CATALOGUE)}
    assert [text for text in unmarked(told) if text not in sources] == []


@pytest.mark.parametrize("by", ["runs", "days"])
def test_the_headings_of_a_spreadsheet_are_made_of_messages(by: str, marked: Words) -> None:
    extremes = ([2.0], [4.0]) if by == "days" else (None, None)
    series = Series("sync_age", "seconds", [3.0], *extremes)
    period = Period(NOW, NOW + timedelta(hours=1), {State.HEALTHY: 3600.0})
    history = History("directory_sync", period, [period], [period], [series], [])
    found = Trend(Window.DAY, By.RUN, NOW, period.end, [period], [], [history])
    head, row = spreadsheet(found, marked).body.decode("utf-8-sig").splitlines()
    # What is measured has an id, which is the same in every language.
    assert re.sub('[",]', "", outside(head).replace("sync_age (seconds)", "")) == ""
    assert row.startswith("directory_sync,")


def test_a_spreadsheet_with_other_letters_says_how_it_is_encoded() -> None:
    found = Trend(Window.DAY, By.RUN, NOW, NOW, [], [], [])
    assert spreadsheet(found, words()).body.startswith(b"check,from (UTC)")
    chinese = spreadsheet(found, words(Lang.ZH_HANT)).body
    assert chinese.startswith("\ufeff檢查,".encode())


@pytest.mark.parametrize(
    "wrong",
    [
        {"SSPR_TENANT_ID": "", "SSPR_CLOUD": "mars", "AzureWebJobsStorage": ""},
        {"SSPR_TENANT_ID": "x", "SSPR_LANG": "klingon"},
        {"SSPR_DIRECTORY_SYNC_WARNING_HOURS": "30"},
        {"SSPR_GRAPH_ENDPOINT": "https://graph.contoso.example", "SSPR_GRAPH_TOKEN": "t"},
        {"SSPR_GRAPH_ENDPOINT": "http://127.0.0.1:1"},
        {"SSPR_GRAPH_TOKEN": "t"},
    ],
    ids=["missing", "not valid", "order", "elsewhere", "no token", "token alone"],
)
def test_settings_that_are_wrong_are_told_in_messages(wrong: dict[str, str], marked: Words) -> None:
    with pytest.raises(SettingsError) as raised:
        load(ENVIRONMENT | wrong, checks.THRESHOLDS)
    told = body(needs_attention(raised.value, marked))
    assert unmarked(told) == []
    assert "{" not in told["detail"]
    english = body(needs_attention(raised.value, words()))
    assert english["detail"] == str(raised.value)


@pytest.mark.parametrize(
    ("lang", "locale", "language"),
    [(Lang.DE, "/de-de/", "de"), (Lang.NB, "com/entra/", "en"), (Lang.EN, "com/entra/", "en")],
)
def test_a_link_is_in_the_language_of_the_reader_or_says_that_it_is_not(
    lang: Lang, locale: str, language: str
) -> None:
    told = body(explain("SSPR_0010", checks.BY_ID, words(lang)))
    listed = body(catalogue(checks.CATALOGUE, load(ENVIRONMENT, checks.THRESHOLDS), words(lang)))
    for linked in (told, listed["checks"][0]):
        assert locale in linked["link"]
        assert linked["link_language"] == language
