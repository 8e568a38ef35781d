"""GET changes: what was confirmed to have changed, newest first, in pages."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from shared.history import OVERALL
from shared.model import Change
from shared.settings import KEEP_CHANGES, TENANT_ID
from shared.store import Store
from shared.text import Words
from shared.web.answers import Answer, document
from shared.web.asked import Asked

SCHEMA = "sspr-changes/1"

MOST = 1000
USUAL = 100

_KEY = re.compile(r"\d{10}-[a-z0-9_]{1,100}")


async def changes(asked: Asked, store: Store) -> Answer:
    """A page of changes, with what asks for the next one."""
    since = asked.time("since", asked.now - timedelta(days=asked.settings[KEEP_CHANGES]))
    limit = asked.number("limit", 1, MOST, USUAL)
    after = _after(asked)
    found, last = await store.changes(since, after=after, limit=limit)
    return document(
        {
            "schema": SCHEMA,
            "tenant": asked.settings[TENANT_ID],
            "changes": [told(change, asked.words) for change in found],
            "next": last and urlsafe_b64encode(last.encode()).decode().rstrip("="),
        }
    )


def told(change: Change, words: Words) -> dict[str, Any]:
    """A change, as every answer tells it."""
    return {
        "check": change.check,
        "title": title(change.check, words),
        "before": change.before,
        "after": change.after,
        "code": change.code,
        "since": change.since,
        "confirmed_at": change.slot,
        "lasted_seconds": change.lasted_seconds,
    }


def title(check: str, words: Words) -> str:
    """The name of a check, or of all together."""
    return words.say("Everything together") if check == OVERALL else words.title(check)


def _after(asked: Asked) -> str:
    """The key of the last row that the reader has; empty at the start."""
    token = asked.params.get("after", "")
    try:
        key = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        key = ""
    if token and not _KEY.fullmatch(key):
        fix = asked.words.say("Use `next` of the page before, or leave it out for the first page.")
        raise asked.refused("after", fix)
    return key
