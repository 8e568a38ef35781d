"""`dev.py text`: takes every message out of the code and brings the catalogues up to date.

A message stays with its translation as long as its English is the same. `--check` writes nothing.
"""

from __future__ import annotations

import argparse
import string
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

import checks
from local import proof
from local.azurite import ROOT
from shared import text
from shared.explain import ENTRIES
from shared.settings import MESSAGES, SETTINGS
from shared.text import Lang, sentences
from shared.text.sentences import Outcome
from shared.text.translated import path

LANGUAGES = tuple(lang for lang in Lang if lang is not Lang.EN)
KEYWORDS: dict[str, Any] = {"say": None, "count": (1, 2)}
COMMENT = "Translators:"
SOURCES = ("shared/text/*.py", "shared/web/*.py", "function_app.py")
TEMPLATES = ("shared/web/templates/*",)

# Sources of events that are names, the same in every language.
NAMES = {"ADSync", "Directory Synchronization", "Microsoft Graph", "PasswordResetService"}

_KINDS = {
    "seconds": 'a duration, such as "1 day 2 hours"',
    "days": 'a number of days, such as "7 days"',
    "hours": 'a number of hours, such as "24 hours"',
    "ratio": 'a percentage, such as "12.5%"',
    "at": 'a date, or a date with its time, such as "21 November 2026 08:05 UTC"',
}
_TEXTS = {
    "account": "the name of a setting",
    "admin_sspr.allowed": "true or false, the value of a property",
    "admin_sspr.declared": "true or false, the value of a property",
    "cloud": "the name of a setting",
    "cloud_sync_jobs.reason": "the reason that Microsoft Graph gave",
    "cloud_sync_jobs.states": "states, as Microsoft Graph names them",
    "code": "a code, such as sync_late",
    "codes": 'codes in a row, such as "a, b and c"',
    "day": "a date",
    "endpoints.unreachable": "addresses of pages, separated by commas",
    "incidents": 'ids such as MO123456, separated by commas, or "-"',
    "larger": 'a unit of time, such as "1 day"',
    "limit": "a number",
    "metric": "a metric with its unit, such as sync_age (seconds)",
    "method_migration.value": "a value, as Microsoft Graph gave it",
    "other": "the name of a setting",
    "percentage": "a percentage",
    "permission": "a permission, such as User.Read.All",
    "shared/web/templates/shapes.html.limit": "a number with its unit",
    "service": "the name of a service, as Microsoft writes it",
    "setting": "the name of a setting",
    "settings.allowed": "what may be set, such as: a number from 0 to 100 (percent)",
    "settings.value": "what was set",
    "settings_changed.what": "an entry of the audit log, in English",
    "skus": "subscriptions with their status, as Microsoft Graph names them",
    "smaller": 'a unit of time, such as "2 hours"',
    "state": "a state, such as Critical",
    "status": "a status, as Microsoft Graph names it",
    "time": "hours and minutes",
    "uri": "the name of a setting",
}
_CHECK_OF_ALL = "any check"


def template(lang: Lang) -> Catalog:
    """Every message, with what a translator needs to know about it, and no translation."""
    found = read_po(BytesIO(_header(lang).encode()))
    for message in (
        *_states(),
        *_checks(),
        *_amounts(),
        *_explanations(),
        *_catalogue(),
        *_settings(),
    ):
        found.add(message.id, context=message.context, auto_comments=message.auto_comments)
    for message in _written():
        found.add(message.id, locations=message.locations, auto_comments=message.auto_comments)
    return found


def merged(lang: Lang) -> Catalog:
    """Every message, with the translation that the catalogue of a language has for it."""
    old, new = catalogue(lang), template(lang)
    for message in _messages(new):
        known = old.get(message.id, message.context)
        if known is not None and known.id == message.id:
            message.string = known.string
            message.flags |= known.flags
            message.user_comments = known.user_comments
        elif message.pluralizable:
            message.string = ("",) * new.num_plurals
    return new


def catalogue(lang: Lang) -> Catalog:
    """The catalogue of a language, as it is stored."""
    with path(lang).open("rb") as file:
        return read_po(file, abort_invalid=True)


def written(lang: Lang) -> str:
    """The file of a language, as it should be."""
    body = BytesIO()
    write_po(body, merged(lang), width=100, omit_header=True, include_lineno=False)
    return f"{_header(lang)}\n{body.getvalue().decode().strip()}\n"


def _header(lang: Lang) -> str:
    """What names the language and its plurals, and nothing that changes from day to day."""
    locale = Locale.parse(lang, sep="-")
    plural = "nplurals=2; plural=(n != 1)" if locale.plural_form.tags else "nplurals=1; plural=0"
    return rf"""# {locale.english_name}. How to translate: docs/translate.md
msgid ""
msgstr ""
"Language: {locale}\n"
"Plural-Forms: {plural};\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"""


def is_old(lang: Lang) -> bool:
    """Whether the code has messages that the catalogue has not, or the other way round."""
    return path(lang).read_text("utf-8") != written(lang)


def placeholders(message: str) -> list[str]:
    """The names between braces, in their order."""
    names = (name for _, name, _, _ in string.Formatter().parse(message) if name)
    return list(dict.fromkeys(names))


def _messages(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def _states() -> Iterator[Message]:
    for word in sentences.STATES.values():
        yield Message(word, context=text.STATE, auto_comments=["A label that stands alone."])
    for state, sentence in sentences.OVERALL.items():
        yield Message(sentence, auto_comments=[f"The whole tenant is {state}."])


def _checks() -> Iterator[Message]:
    for check in checks.CATALOGUE:
        told = sentences.CHECKS[check.id]
        yield Message(told.title, auto_comments=[f"Title of the check {check.id}."])
        for code, outcome in told.outcomes.items():
            yield from _outcome(check.id, f"{code} ({check.codes[code]})", outcome)
    for code, outcome in (*sentences.UNREADABLE.items(), ("another", sentences.UNTOLD)):
        yield from _outcome(_CHECK_OF_ALL, f"{code} (unknown)", outcome)


def _outcome(check: str, code: str, outcome: Outcome) -> Iterator[Message]:
    whole = outcome.sentence
    what = f"Check {check}, code {code}." if check != _CHECK_OF_ALL else f"Any check, code {code}."
    yield Message(
        (outcome.one, whole) if outcome.one else whole,
        auto_comments=[
            what,
            *(f"One or many: {{{name}}}." for name in [outcome.by] if name),
            *_described(whole, check),
        ],
    )
    if outcome.fix:
        advice = f"What to do about it: {what[0].lower()}{what[1:]}"
        yield Message(outcome.fix, auto_comments=[advice, *_described(outcome.fix, check)])


def _described(message: str, check: str, unknown: str = "a number") -> Iterator[str]:
    for name in placeholders(message):
        kind = _KINDS.get(name.rpartition("_")[2])
        other = _TEXTS.get(f"{check}.{name}") or _TEXTS.get(name) or unknown
        yield f"{{{name}}}: {kind or other}."


def _amounts() -> Iterator[Message]:
    for case, context in text.CASES.items():
        comment = (
            f"A unit of time, in the {case}: after words such as German vor, in, seit."
            if case
            else "A unit of time, by itself."
        )
        for _, one, many in text.SPANS.values():
            yield Message((one, many), context=context, auto_comments=[comment])
        yield Message(text.MOMENT, context=context, auto_comments=[comment])
    yield Message(
        text.TOGETHER,
        context=text.DURATION,
        auto_comments=['Two units of time, such as "1 day" and "2 hours".'],
    )
    yield Message(
        text.SENTENCES,
        context=text.PARAGRAPH,
        auto_comments=["Two whole sentences, one after the other: is there a space between them?"],
    )
    for one, many in text.QUANTITIES.values():
        yield Message((one, many), context=text.AMOUNT, auto_comments=["A number of a metric."])


def _explanations() -> Iterator[Message]:
    """What is told of codes; a text that many of them share comes once."""
    sources: dict[str, list[str]] = {}
    steps: dict[str, list[str]] = {}
    for entry in ENTRIES:
        if entry.source not in NAMES:
            sources.setdefault(entry.source, []).append(entry.code)
        for step in entry.steps:
            steps.setdefault(step, []).append(entry.code)
    for source, codes in sources.items():
        yield Message(source, auto_comments=[f"Where one meets {_some(codes)}."])
    for entry in ENTRIES:
        yield Message(entry.meaning, auto_comments=[f"What {entry.code} means ({entry.source})."])
    for step, codes in steps.items():
        yield Message(step, auto_comments=[f"A step to mend {_some(codes)}."])


def _some(codes: list[str]) -> str:
    return ", ".join(codes[:4]) + (f" and {len(codes) - 4} more" if len(codes) > 4 else "")


def _catalogue() -> Iterator[Message]:
    for fact in checks.needed(checks.CATALOGUE):
        comment = f"How late the data of the fact {fact.name} may be."
        yield Message(fact.lag, auto_comments=[comment])
    for threshold in checks.THRESHOLDS:
        comment = f"What the setting {threshold.name} is for."
        yield Message(threshold.purpose, auto_comments=[comment])


def _settings() -> Iterator[Message]:
    for message in MESSAGES:
        yield Message(
            message,
            auto_comments=[
                "A setting is wrong; the names of settings stay as they are.",
                *_described(message, "settings"),
            ],
        )
    allowed: dict[str, list[str]] = {}
    for setting in (*SETTINGS, *checks.THRESHOLDS):
        allowed.setdefault(setting.allowed, []).append(setting.name)
    for choice, names in allowed.items():
        yield Message(choice, auto_comments=[f"Stands for {{allowed}}: {_some(names)}."])


def _written() -> Iterator[Message]:
    """Messages that stand in calls of `say` and `count`."""
    methods: dict[Path, Any] = dict.fromkeys(_files(SOURCES), "python")
    methods |= dict.fromkeys(_files(TEMPLATES), babel_extract)
    for file, method in methods.items():
        with file.open("rb") as source:
            for _, found, comments, _ in extract(
                method, source, KEYWORDS, [COMMENT], {"silent": "false"}, strip_comment_tags=True
            ):
                whole = found if isinstance(found, str) else found[-1]
                named = file.relative_to(ROOT).as_posix()
                told = [*comments, *_described(whole, named, "a number or a name")]
                yield Message(found, locations=[(named, 0)], auto_comments=told)


def _files(patterns: Iterable[str]) -> list[Path]:
    return [file for pattern in patterns for file in sorted(ROOT.glob(pattern))]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a catalogue is old, incomplete or wrong."""
    parser = argparse.ArgumentParser(prog="dev.py text", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    faults = 0
    for lang in LANGUAGES:
        if is_old(lang):
            if options.check:
                faults += 1
                print(f"{lang}: old, run python3 dev.py text")
            else:
                path(lang).write_text(written(lang), "utf-8")
        found = catalogue(lang)
        missing = proof.untranslated(found)
        wrong = [f"{rule.__name__}: {fault}" for rule in proof.RULES for fault in rule(found)]
        print(f"{lang}: {len(found)} messages, {len(missing)} not translated, {len(wrong)} wrong")
        for fault in wrong:
            print(f"  {fault}")
        faults += len(missing) + len(wrong)
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main())
