"""Rules that every translation keeps. Terms, and words that are wrong, are in docs/translate.md."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from functools import cache

from babel.messages.catalog import Catalog, Message

from local.azurite import ROOT
from shared.text import CASES

PAGE = ROOT / "docs" / "translate.md"
LONGEST_WORD = 40

# Names without a capital, digit or underscore inside that would give them away: see `_kept`.
_NAMES = (
    "Azure AD Sync",
    "Cloud Sync",
    "Microsoft",
    "Microsoft Entra Connect",
    "Microsoft Entra Connect Health",
    "Microsoft Entra ID",
    "Microsoft Graph",
    "Secure Score",
    "Service Bus",
    "Synchronization Service Manager",
)
_TECHNICAL = re.compile(r"https?://[^\s,;)]+[\w/]|[\w.-]*[\w-]")
_INFLECTED = re.compile(r"(^|_)(seconds|days|hours)$")
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*([^*]+)\*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

Rule = Callable[[Catalog], Iterator[str]]


def untranslated(catalogue: Catalog) -> list[str]:
    """Messages without a translation, or with one that somebody has to look at."""
    return [
        _english(message)
        for message in catalogue
        if message.id and (message.fuzzy or not all(_forms(message)))
    ]


def placeholders(catalogue: Catalog) -> Iterator[str]:
    """Every placeholder of the English, no other, and only cases that exist."""
    for message, form in _translated(catalogue):
        allowed = [_fields(english).keys() for english in _all_english(message)]
        try:
            fields = _fields(form)
        except ValueError as error:
            yield f"{form!r}: {error}"
            continue
        if fields.keys() not in allowed:
            yield f"{form!r}: has {sorted(fields)}, not {sorted(allowed[-1])}"
        for name, case in fields.items():
            if case and not (case in CASES and _INFLECTED.search(name)):
                yield f"{form!r}: {name} has no {case}"


def names(catalogue: Catalog) -> Iterator[str]:
    """Names, codes, numbers and addresses as they are in English."""
    for message, form in _translated(catalogue):
        kept = set.intersection(*map(_kept, _all_english(message)))
        if missing := sorted(name for name in kept if name not in form):
            yield f"{form!r}: {', '.join(missing)}"
        if "Azure AD" in form.replace("Azure AD Sync", "") or "Azure Active Directory" in form:
            yield f"{form!r}: a name that the product no longer has"


def terms(catalogue: Catalog) -> Iterator[str]:
    """The term of the table, where English has its own."""
    table = _table("## Terms")
    for message, form in _translated(catalogue):
        for english, expected in table.items():
            if not all(_says(text, english) for text in _all_english(message)):
                continue
            choices = _choices(expected[_tag(catalogue)].casefold())
            if not any(term in form.casefold() for term in choices):
                yield f"{form!r}: {english} is {expected[_tag(catalogue)]}"


def mistakes(catalogue: Catalog) -> Iterator[str]:
    """Nothing that the table says is wrong."""
    for _, form in _translated(catalogue):
        for language, never in _mistakes():
            if language == _tag(catalogue) and re.search(rf"(?<![a-zà-ÿ]){never}", form):
                yield f"{form!r}: {never}"


def script(catalogue: Catalog) -> Iterator[str]:
    """Chinese in characters that are in use where they are traditional, and nowhere else."""
    for _, form in _translated(catalogue):
        found = _CHINESE.findall(form)
        if _tag(catalogue) != "zh-Hant":
            odd = found
        else:
            odd = [character for character in found if not _is_traditional(character)]
        if odd:
            yield f"{form!r}: {''.join(odd)}"


def widths(catalogue: Catalog) -> Iterator[str]:
    """No word that is too long for a narrow page."""
    for _, form in _translated(catalogue):
        for word in re.split(r"[\s/()-]", re.sub(r"https?://\S+", "", form)):
            if len(word) > LONGEST_WORD and not _kept(word) and not _CHINESE.search(word):
                yield f"{form!r}: {word}"


def endings(catalogue: Catalog) -> Iterator[str]:
    """A sentence ends as a sentence, a label as a label; a percentage has its sign already."""
    for message, form in _translated(catalogue):
        if _english(message).endswith(".") != form.endswith((".", "。")) or form != form.strip():
            yield f"{form!r}: another ending than in English"
        if re.search(r"ratio}\s*[%\uff05]", form):
            yield f"{form!r}: a second percent sign"


RULES: tuple[Rule, ...] = (placeholders, names, terms, mistakes, script, widths, endings)


def _english(message: Message) -> str:
    return _all_english(message)[-1]


def _all_english(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _forms(message: Message) -> tuple[str, ...]:
    text = message.string or ""
    return (text,) if isinstance(text, str) else tuple(text)


def _translated(catalogue: Catalog) -> Iterator[tuple[Message, str]]:
    """Every form of every translation there is."""
    for message in catalogue:
        if message.id:
            for form in filter(None, _forms(message)):
                yield message, form


def _tag(catalogue: Catalog) -> str:
    return str(catalogue.locale).replace("_", "-")


def _fields(text: str) -> dict[str, str]:
    """The placeholders of a message, each with what follows its colon. Raises ValueError."""
    return {name: case or "" for _, name, case, _ in string.Formatter().parse(text) if name}


def _kept(english: str) -> set[str]:
    """What stays as it is: listed names, and words that look like no English word."""
    plain = re.sub(r"\{[^}]*\}", "", english)
    return {name for name in _NAMES if name in plain} | {
        word for word in _TECHNICAL.findall(plain) if re.search(r"[\d_@]|.[A-Z]|[a-z]\.[A-Z]", word)
    }


def _says(english: str, term: str) -> bool:
    """Whether a message has a term, as a word or at the beginning of its plural."""
    flags = 0 if term[0].isupper() else re.IGNORECASE
    return re.search(rf"(?<![\w-]){re.escape(term)}", english, flags) is not None


@cache
def _table(heading: str) -> dict[str, dict[str, str]]:
    head, _, *rows = _rows(heading)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@cache
def _mistakes() -> list[tuple[str, str]]:
    _, _, *rows = _rows("## Mistakes that machines make")
    return [(language, word) for language, never, _ in rows for word in _choices(never)]


def _rows(heading: str) -> list[list[str]]:
    section = PAGE.read_text("utf-8").partition(f"{heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in row.split("|")] for row in _ROW.findall(section)]


def _choices(cell: str) -> list[str]:
    return [choice.strip() for choice in _EMPHASIS.sub(r"\1", cell).split(" / ")]


def _is_traditional(character: str) -> bool:
    # Big5 is what Taiwan wrote with: it has no character that only mainland China uses.
    try:
        character.encode("cp950")
    except UnicodeEncodeError:
        return False
    return True
