"""From what somebody pastes to the codes it names. Only the first 200 characters are looked at.

Which spellings mean the same, and what stays ambiguous, is in docs/explain.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches

from shared.explain.codes import CODES
from shared.explain.entry import Entry, Kind
from shared.explain.events import EVENTS
from shared.explain.sync import SYNC

LONGEST = 200
MOST_NEAR = 5

ENTRIES: tuple[Entry, ...] = (*CODES, *EVENTS, *SYNC)

_SEPARATOR = r"[\s_:#-]{0,3}"
_SSPR = re.compile(
    rf"sspr(?:{_SEPARATOR}(?:error|code)){{0,2}}{_SEPARATOR}([0-9]{{1,4}})(?![0-9])", re.ASCII
)
_AADSTS = re.compile(rf"aadsts{_SEPARATOR}([0-9]{{4,7}})(?![0-9])", re.ASCII)
_HEX = re.compile(r"(?<![0-9a-z])(?:0x)?(8[0-9a-f]{7})(?![0-9a-z])")
_WORD = re.compile(r"[a-z][a-z0-9_]{5,}")
_LABEL = re.compile(
    r"^(?:(?:event|error|code|id|type|number|hr)(?![a-z])[\s:=#.()-]{0,4})+", re.ASCII
)
# A number says something only when it stands alone: not within a date, a version or an id.
_ALONE = r"(?![a-z0-9_-]|[.:][0-9])"
_NUMBER = re.compile(rf"(?<![a-z0-9_.-])([0-9]{{4,6}}){_ALONE}")
_EVENT = re.compile(
    rf"(?:event|id|error|type|code|sync)[\s:=#()-]{{0,4}}([0-9]{{3}}){_ALONE}", re.ASCII
)
_NUMBERED = re.compile(
    rf"(?:(sspr|aadsts){_SEPARATOR}|(?<![a-z0-9.]))([0-9]{{1,6}})(?![a-z0-9])", re.ASCII
)
_FARTHEST = 20
_LONGEST_NAME = 60


def _plain(text: str) -> str:
    """Lower case, digits and letters of full width made plain; cut, as they may grow by that."""
    return unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST].lower().strip()


def _key(text: str) -> str:
    """Letters and digits only, so that spaces, underscores and hyphens make no difference."""
    return re.sub(r"[^a-z0-9]", "", _plain(text))


def _keys(entry: Entry) -> Iterator[str]:
    for name in (entry.code, *entry.aliases):
        yield _key(name)
    yield _key(entry.code).removeprefix("0x").removeprefix("aadsts")


_INDEX = {key: entry for entry in ENTRIES for key in _keys(entry)}

_PHRASES = tuple(
    _key(name)
    for entry in ENTRIES
    for name in (entry.code, *entry.aliases)
    if not re.fullmatch(r"\w+", name)
)

_FAMILIES = {Kind.USER_ERROR: "sspr", Kind.SIGN_IN_ERROR: "aadsts"}

_NUMBERS = tuple(
    (_FAMILIES.get(entry.kind, ""), int(digits[0]), entry)
    for entry in ENTRIES
    if entry.kind in (*_FAMILIES, Kind.EVENT) and (digits := re.findall("[0-9]+", entry.code))
)


def found(text: str) -> tuple[Entry, ...]:
    """The entries that a text names, what tells most about the cause first."""
    text = _plain(text)
    if whole := _bare(_key(_LABEL.sub("", text))):
        return (whole,)
    codes = [
        *(_sspr(digits) for digits in _SSPR.findall(text)),
        *(_INDEX.get(f"aadsts{digits}") for digits in _AADSTS.findall(text)),
        *(_INDEX.get(digits) for digits in _HEX.findall(text)),
    ]
    words = [_INDEX.get(_key(word)) for word in _WORD.findall(text)]
    compact = _key(text)
    phrases = [_INDEX[phrase] for phrase in _PHRASES if phrase in compact]
    # A number beside a code that is not known would explain something else.
    known = None not in codes
    numbers = [
        _INDEX.get(digits)
        for pattern in (_NUMBER, _EVENT)
        for digits in (pattern.findall(text) if known else ())
    ]
    return tuple(dict.fromkeys(filter(None, (*codes, *words, *phrases, *numbers))))


def near(text: str) -> tuple[Entry, ...]:
    """At most five entries that may have been meant: neighbours by number, then by spelling."""
    text = _plain(text)
    words = sorted(_WORD.findall(text), key=len, reverse=True)[:1]
    alike = (
        _INDEX[key]
        for name in dict.fromkeys(_key(name)[:_LONGEST_NAME] for name in (text, *words))
        if not name.isdecimal()
        for key in get_close_matches(name, _INDEX, n=MOST_NEAR)
    )
    by_number, exactly = _neighbours(text)
    return tuple(dict.fromkeys((*by_number, *(() if exactly else alike))))[:MOST_NEAR]


def _bare(key: str) -> Entry | None:
    """A text that is a code and nothing else."""
    if (entry := _INDEX.get(key)) is not None:
        return entry
    return _sspr(key) if re.fullmatch("[0-9]{1,4}", key) else None


def _sspr(digits: str) -> Entry | None:
    """SSPR_009 and SSPR_0009 differ by their digits alone; other numbers may lose their zeros."""
    if (entry := _INDEX.get(f"sspr{digits}")) is not None:
        return entry
    same = [e for family, number, e in _NUMBERS if family == "sspr" and number == int(digits)]
    return same[0] if len(same) == 1 else None


def _neighbours(text: str) -> tuple[list[Entry], bool]:
    """Entries whose number is close to the first one in a text, and whether it is the very same."""
    match = _NUMBERED.search(text)
    if match is None:
        return [], False
    family, number = match[1], int(match[2])
    by_distance = sorted(
        (
            (abs(known - number), entry)
            for of, known, entry in _NUMBERS
            if family in (None, of) and abs(known - number) <= _FARTHEST
        ),
        key=lambda pair: pair[0],
    )
    exactly = [entry for distance, entry in by_distance if distance == 0]
    return exactly or [entry for _, entry in by_distance], bool(exactly)
