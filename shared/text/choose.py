"""Which language an answer is in: the one asked for, one that the browser accepts, or ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class Lang(StrEnum):
    """The languages we speak, by their tags (BCP 47)."""

    EN = "en"
    DE = "de"
    NB = "nb"
    ID = "id"
    ZH_HANT = "zh-Hant"

    @property
    def name_of_itself(self) -> str:
        """How its own readers call it, for a list of languages to choose from."""
        return _NAMES[self]


_NAMES = {
    Lang.EN: "English",
    Lang.DE: "Deutsch",
    Lang.NB: "Norsk bokmål",
    Lang.ID: "Bahasa Indonesia",
    Lang.ZH_HANT: "繁體中文",
}

# Beginnings of tags that mean one of ours. Traditional characters are asked for by script, or by a
# region that uses them. `no` is the language whose usual form is Bokmål, which readers of Nynorsk
# read too; `in` is what Indonesian was called until 1989, and by Java long after.
# https://www.iana.org/assignments/language-subtag-registry/language-subtag-registry
_MEANT = {
    "en": Lang.EN,
    "de": Lang.DE,
    "nb": Lang.NB,
    "no": Lang.NB,
    "nn": Lang.NB,
    "id": Lang.ID,
    "in": Lang.ID,
    "zh-hant": Lang.ZH_HANT,
    "zh-tw": Lang.ZH_HANT,
    "zh-hk": Lang.ZH_HANT,
    "zh-mo": Lang.ZH_HANT,
}

_RANGE = re.compile(
    r"\s*(?P<tag>[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*",
    re.IGNORECASE | re.ASCII,
)
# Browsers send a handful; what comes after this many characters is not looked at. Nor is it of the
# parameter: the beginnings of 50,000 subtags would take half a minute.
_LONGEST = 1_000


def choose(lang_param: str | None, accept_language: str | None, default: Lang) -> Lang:
    """`lang=`, else Accept-Language, else the default. What is not understood is passed over."""
    asked = _meant((lang_param or "")[:_LONGEST].strip().replace("_", "-"))
    return asked or next(_accepted(accept_language or ""), default)


def _accepted(header: str) -> Iterator[Lang]:
    """Our languages that a header accepts, best first; equals in their order.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4
    """
    found = (_RANGE.fullmatch(part) for part in header[:_LONGEST].split(","))
    ranges = [(match["tag"], float(match["q"] or 1)) for match in found if match]
    for tag, quality in sorted(ranges, key=lambda r: -r[1]):
        lang = _meant(tag)
        if lang and quality:
            yield lang


def _meant(tag: str) -> Lang | None:
    """The language of a tag or of its longest beginning that is known: de-CH-1996, de-CH, de."""
    parts = tag.lower().split("-")
    beginnings = ("-".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((_MEANT[start] for start in beginnings if start in _MEANT), None)
