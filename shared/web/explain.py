"""GET explain: what a code means, who can mend it and how to begin.

What was asked is never repeated in an answer: with a function key in `?code=`, it is a secret.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from shared.explain import ENTRIES, found, near
from shared.explain.entry import Entry, Kind
from shared.text import Words
from shared.text.choose import Lang
from shared.text.links import localized
from shared.web.answers import PROBLEM, Answer, document

SCHEMA = "sspr-explain/1"
SCHEMA_OF_LIST = "sspr-codes/1"


def explain(code: str | None, known_checks: Collection[str], words: Words) -> Answer:
    """The code that a text names, or near ones (404); all codes when there is no text.

    Of the checks that watch a code, only those among `known_checks` are shown.
    """
    if code is None or not code.strip():
        kinds = [_listed(kind, words) for kind in Kind]
        return document({"schema": SCHEMA_OF_LIST, "kinds": kinds})
    entries = found(code)
    if not entries:
        return _unknown(near(code), words)
    entry, *others = entries
    return document(
        {
            "schema": SCHEMA,
            **_told(entry, words),
            "checks": [check for check in entry.checks if check in known_checks],
            "also": [_brief(other, words) for other in others],
        }
    )


def _told(entry: Entry, words: Words) -> dict[str, Any]:
    link, translated = localized(entry.link, words.lang)
    return {
        **msgspec.to_builtins(entry),
        "source": words.say(entry.source),
        "meaning": words.say(entry.meaning),
        "steps": [words.say(step) for step in entry.steps],
        "link": link,
        "link_language": words.lang if translated else Lang.EN,
    }


def _listed(kind: Kind, words: Words) -> dict[str, Any]:
    codes = [_brief(entry, words) for entry in ENTRIES if entry.kind is kind]
    return {"kind": kind, "codes": codes}


def _brief(entry: Entry, words: Words) -> dict[str, str]:
    return {"code": entry.code, "meaning": words.say(entry.meaning)}


def _unknown(entries: tuple[Entry, ...], words: Words) -> Answer:
    return document(
        {
            "type": "about:blank",
            "title": words.say("Unknown code"),
            "status": 404,
            "detail": words.say(
                "No explanation is known for exactly this code. Did you mean one of these:"
                " {codes}?",
                codes=words.listed([entry.code for entry in entries]),
            )
            if entries
            else words.say(
                "No explanation is known for this code. Without a code, all that are known are"
                " listed."
            ),
            "near": [_brief(entry, words) for entry in entries],
        },
        status=404,
        media_type=PROBLEM,
    )
