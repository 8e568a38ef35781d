"""The languages beside English: words from catalogues, numbers and dates from CLDR, by Babel.

Babel takes a while to import, so this module is, when somebody reads another language than English.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from shared.text import Words
from shared.text.choose import Lang

FOLDER = Path(__file__).parent / "locale"


def path(lang: Lang) -> Path:
    """The catalogue of a language."""
    return FOLDER / f"{lang}.po"


def load(lang: Lang) -> Words:
    """The words of a language that has a catalogue."""
    return _Translated(lang, _translations(lang))


def _translations(lang: Lang) -> GNUTranslations:
    """A catalogue, compiled in memory: some 50 ms, once, instead of a step of every build."""
    with path(lang).open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


class _Translated(Words):
    def __init__(self, lang: Lang, translations: GNUTranslations) -> None:
        super().__init__(lang, translations)
        self._locale = Locale.parse(lang, sep="-")
        self._percentage = self._locale.percent_formats[None].pattern.replace("0", "0.#")

    def listed(self, items: Sequence[str]) -> str:
        return format_list(items, locale=self._locale)

    def number(self, value: float) -> str:
        return format_decimal(value, "#,##0.#", self._locale)

    def day(self, day: date) -> str:
        return format_date(day, "long", self._locale)

    def _percent(self, ratio: float) -> str:
        return format_percent(ratio, self._percentage, self._locale)

    def short_day(self, day: date) -> str:
        return format_skeleton("MMMd", day, locale=self._locale)

    def time(self, moment: datetime) -> str:
        return format_skeleton("Hm", moment, locale=self._locale)
