"""GET explain: what a code means, who can mend it and how to begin.

What was asked is never repeated in an answer: with a function key in `?code=`, it is a secret.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from shared.explain import ENTRIES, found, near
from shared.explain.entry import Entry, Kind
from shared.web.answers import PROBLEM, Answer, document

SCHEMA = "sspr-explain/1"
SCHEMA_OF_LIST = "sspr-codes/1"

NOT_KNOWN = "No explanation is known for this code. Without a code, all that are known are listed."
NEAR = "No explanation is known for exactly this code. Did you mean one of these: {codes}?"


def explain(code: str | None, known_checks: Collection[str]) -> Answer:
    """The code that a text names, or near ones (404); all codes when there is no text.

    Of the checks that watch a code, only those among `known_checks` are shown.
    """
    if code is None or not code.strip():
        return document({"schema": SCHEMA_OF_LIST, "kinds": [_listed(kind) for kind in Kind]})
    entries = found(code)
    if not entries:
        return _unknown(near(code))
    entry, *others = entries
    shown = tuple(check for check in entry.checks if check in known_checks)
    return document(
        {
            "schema": SCHEMA,
            **msgspec.to_builtins(msgspec.structs.replace(entry, checks=shown)),
            "also": [_brief(other) for other in others],
        }
    )


def _listed(kind: Kind) -> dict[str, Any]:
    return {"kind": kind, "codes": [_brief(entry) for entry in ENTRIES if entry.kind is kind]}


def _brief(entry: Entry) -> dict[str, str]:
    return {"code": entry.code, "meaning": entry.meaning}


def _unknown(entries: tuple[Entry, ...]) -> Answer:
    codes = ", ".join(entry.code for entry in entries)
    return document(
        {
            "type": "about:blank",
            "title": "Unknown code",
            "status": 404,
            "detail": NEAR.format(codes=codes) if entries else NOT_KNOWN,
            "near": [_brief(entry) for entry in entries],
        },
        status=404,
        media_type=PROBLEM,
    )
