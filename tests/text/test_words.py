from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from babel.dates import format_date

from docs.generate import ROOT
from shared.model import State, Verdict
from shared.text import Lang, words
from shared.text.sentences import CHECKS

MOMENT = datetime(2026, 3, 1, 8, 5, tzinfo=UTC)


def plain(text: str) -> str:
    """With ordinary spaces, for those that do not break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("lang", "number", "ratio", "day", "time"),
    [
        (Lang.EN, "1,234,567.5", "8.8%", "1 March 2026", "08:05"),
        (Lang.DE, "1.234.567,5", "8,8 %", "1. März 2026", "08:05"),
        (Lang.NB, "1 234 567,5", "8,8 %", "1. mars 2026", "08:05"),
        (Lang.ID, "1.234.567,5", "8,8%", "1 Maret 2026", "08.05"),
        (Lang.ZH_HANT, "1,234,567.5", "8.8%", "2026年3月1日", "08:05"),
    ],
)
def test_numbers_and_dates_are_written_as_readers_write_them(
    lang: Lang, number: str, ratio: str, day: str, time: str
) -> None:
    told = words(lang)
    assert plain(told.number(1_234_567.5)) == number
    assert plain(told.percent(0.0875)) == ratio
    assert told.day(date(2026, 3, 1)) == day
    moment = told.at(MOMENT)
    assert day in moment
    assert time in moment
    assert "UTC" in moment


def test_english_dates_are_those_of_cldr() -> None:
    days = [date(2026, month, day) for month in range(1, 13) for day in (1, 10, 28)]
    assert [words().day(day) for day in days] == [format_date(day, "long", "en_GB") for day in days]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (Lang.EN, "One. Two. Three."),
        (Lang.DE, "One. Two. Three."),
        (Lang.ZH_HANT, "One.Two.Three."),
    ],
)
def test_sentences_follow_each_other_as_in_the_language(lang: Lang, expected: str) -> None:
    assert words(lang).paragraph("One.", "", "Two.", "Three.") == expected
    assert words(lang).paragraph("", "") == ""


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (Lang.EN, ["", "a", "a and b", "a, b and c"]),
        (Lang.DE, ["", "a", "a und b", "a, b und c"]),
        (Lang.NB, ["", "a", "a og b", "a, b og c"]),
        (Lang.ID, ["", "a", "a dan b", "a, b, dan c"]),
        (Lang.ZH_HANT, ["", "a", "a和b", "a、b和c"]),
    ],
)
def test_a_list_is_written_as_in_the_language(lang: Lang, expected: list[str]) -> None:
    assert [words(lang).listed(list("abc"[:n])) for n in range(4)] == expected


@pytest.mark.parametrize("lang", Lang)
def test_a_percentage_is_never_rounded_up_to_all_nor_down_to_nothing(lang: Lang) -> None:
    told = words(lang)
    shown = [told.percent(ratio) for ratio in (0.0, 0.00001, 0.99999, 1.0)]
    assert len(set(shown)) == 4


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=8)))
    assert words().at(elsewhere) == "1 March 2026 08:05 UTC"


@pytest.mark.parametrize(
    ("lang", "seconds", "expected"),
    [
        (Lang.EN, 93_600, "1 day 2 hours ago"),
        (Lang.EN, -5, "less than a minute ago"),
        (Lang.DE, 2 * 86_400 + 3_600, "vor 2 Tagen 1 Stunde"),
        (Lang.DE, 86_400, "vor 1 Tag"),
        (Lang.NB, 720, "for 12 minutter siden"),
        (Lang.ID, 720, "12 menit yang lalu"),
        (Lang.ZH_HANT, 7_200, "2 小時前"),
    ],
)
def test_the_past_is_told_in_the_forms_of_the_language(
    lang: Lang, seconds: float, expected: str
) -> None:
    assert plain(words(lang).ago(seconds)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1, "users", "1 user"),
        (1_600, "users", "1,600 users"),
        (1.5, "users", "1.5 users"),
        (0, "seats", "0 seats"),
        (720, "seconds", "12 minutes"),
        (-86_400, "seconds", "-1 day"),
        (0.875, "ratio", "87.5%"),
        (80, "percent", "80%"),
        (24, "hours", "24 hours"),
        (1, "days", "1 day"),
        (3, "widgets", "3 widgets"),
    ],
)
def test_a_number_is_told_with_its_unit(value: float, unit: str, expected: str) -> None:
    assert words().quantity(value, unit) == expected


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (1, "The only administrator is not synchronized from the on-premises directory."),
        (2, "None of 2 administrators is synchronized from the on-premises directory."),
    ],
)
def test_one_is_told_in_the_singular(users: int, expected: str) -> None:
    verdict = Verdict(
        "synced_administrators", State.HEALTHY, "administrators_in_cloud", {"users": users}
    )
    assert words().sentence(verdict) == expected


@pytest.mark.parametrize("lang", Lang)
@pytest.mark.parametrize("check", CHECKS)
def test_what_a_code_says_is_outlined_without_what_a_verdict_fills_in(
    check: str, lang: Lang
) -> None:
    for code, outcome in CHECKS[check].outcomes.items():
        told = words(lang).outline(check, code)
        assert ("…" in told) is ("{" in outcome.sentence)
        assert "{" not in told


def test_a_message_is_counted() -> None:
    told = words()
    assert told.count("{n} run in {hours}", "{n} runs in {hours}", 1, hours=1) == "1 run in 1 hour"
    assert told.count("{n} run", "{n} runs", 1_000) == "1,000 runs"


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("writeback", State.WARNING, "no_longer_a_code"),
        Verdict("writeback", State.HEALTHY, "writeback_proven", {"another": 1}),
        Verdict("no_longer_a_check", State.WARNING, "x"),
    ],
    ids=["another code", "other params", "another check"],
)
def test_what_another_version_stored_is_told_by_its_code(verdict: Verdict) -> None:
    assert verdict.code in words().sentence(verdict)
    assert words().fix(verdict) is None
    assert words().title(verdict.check)


@pytest.mark.parametrize("lang", Lang)
def test_states_have_words_that_differ(lang: Lang) -> None:
    assert len({words(lang).state(state) for state in State}) == len(State)


def test_whoever_reads_english_waits_for_nothing() -> None:
    """Babel takes as long to import as everything else that answers a request."""
    code = (
        "import sys; import shared.web.explain as explain; from shared.text import words;"
        "explain.explain('SSPR_0010', (), words()); print('babel' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
