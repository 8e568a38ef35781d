"""Formats of answers, and which of them an Accept header wants most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum


class Format(StrEnum):
    """What `format=` can name."""

    JSON = "json"
    HTML = "html"
    HEALTH = "health"
    TEXT = "text"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.HTML: "text/html",
    Format.HEALTH: "application/health+json",
    Format.TEXT: "text/plain",
    Format.CSV: "text/csv",
}

_RANGE = re.compile(r"\s*(?P<type>[^\s/;,]+)/(?P<subtype>[^\s/;,]+)\s*(?P<params>(?:;.*)?)")
_QUALITY = re.compile(r";\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)
# Browsers send some 150 characters; what comes after this many is not looked at.
_LONGEST = 1_000


def accepted(header: str, offered: Sequence[Format]) -> Format | None:
    """The format that is wanted most; None when the header admits none that is offered.

    Of equals, the one that is named rather than covered by a wildcard, then the one that is named
    first, then the one that is offered first. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
    """
    ranges = _ranges(header)
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda offer: _wanted(offer, ranges))
    quality, _, _ = _wanted(best, ranges)
    return best if quality else None


def wants_page(named: str | None, accept: str, offered: Sequence[Format]) -> bool:
    """Whether a page is wanted, rather than one of the formats that are offered to programs."""
    return (named or accepted(accept, (*offered, Format.HTML))) == Format.HTML


_Range = tuple[str, float]


def _ranges(header: str) -> list[_Range]:
    """Media ranges with their quality; parts that are none are passed over."""
    found = (_RANGE.fullmatch(part) for part in header[:_LONGEST].lower().split(","))
    ranges = []
    for match in filter(None, found):
        quality = _QUALITY.search(match["params"])
        ranges.append((f"{match['type']}/{match['subtype']}", float(quality[1]) if quality else 1))
    return ranges


def _wanted(offer: Format, ranges: Sequence[_Range]) -> tuple[float, int, int]:
    """Quality, how exactly it is named, and how early: by the most exact range that matches it."""
    type_ = offer.media_type.partition("/")[0]
    for exactness, name in ((2, offer.media_type), (1, f"{type_}/*"), (0, "*/*")):
        for position, (range_, quality) in enumerate(ranges):
            if range_ == name:
                return quality, exactness, -position
    return 0.0, 0, 0
