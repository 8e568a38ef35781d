"""Answers: a status code, a media type and a body. Errors are problem documents (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec

from shared.settings import SettingsError
from shared.text import Words

JSON = "application/json"
PROBLEM = "application/problem+json"
HEALTH = "application/health+json"


# Kept by the reader's own browser at most, and never shown without asking: who has just mended
# something reloads and must see it.
FOR_READERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Language"}
NEVER_KEPT = {"Cache-Control": "no-store"}

_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Answer:
    """`lasting` is the body without what changes with the clock alone, such as an age."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    lasting: bytes | None = None


def document(
    value: Mapping[str, object],
    *,
    status: int = 200,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    aging: Mapping[str, object] | None = None,
) -> Answer:
    """A document in JSON; `aging` are members besides, that change with the clock alone."""
    body = lasting = msgspec.json.encode(value)
    if aging:
        body = msgspec.json.encode(aging)[:-1] + b"," + lasting[1:]
    return Answer(status, media_type, body, headers or {}, lasting)


def cached(answer: Answer, if_none_match: str | None) -> Answer:
    """What a cache may do with an answer; 304 when the reader has it already.

    The tag is made of what was answered, so whatever it depends on (rows, query, language, format,
    settings, the version of the app), the same tag is the same answer. It is weak, as only what is
    `lasting` counts. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    """
    if answer.status != 200 or "Cache-Control" in answer.headers:
        return answer
    made = blake2b(answer.media_type.encode(), digest_size=16)
    made.update(answer.body if answer.lasting is None else answer.lasting)
    tag = f'"{made.hexdigest()}"'
    headers = {**answer.headers, **FOR_READERS, "ETag": f"W/{tag}"}
    known = (if_none_match or "").strip()
    if known == "*" or tag in _TAG.findall(known):
        return Answer(304, answer.media_type, b"", headers)
    return replace(answer, headers=headers)


def problem(status: int, title: str, detail: str, *, retry_seconds: int | None = None) -> Answer:
    """A problem document whose detail says what to fix; both texts in the reader's language."""
    headers = {"Retry-After": str(retry_seconds)} if retry_seconds else {}
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(status, PROBLEM, msgspec.json.encode(body), headers)


def needs_attention(error: SettingsError, words: Words) -> Answer:
    """A problem document with a sentence for each setting that has to be fixed."""
    said = (
        words.say(found.said, **{**found.params, "allowed": _allowed(found.params, words)})
        for found in error.problems
    )
    return problem(503, words.say("Settings need attention"), " ".join(said))


def storage_unreachable(words: Words) -> Answer:
    """A problem document for when Table Storage does not answer, or refuses the app."""
    return problem(
        503,
        words.say("Storage cannot be reached"),
        words.say(
            "See AzureWebJobsStorage, the identity's table role and the account's network rules."
        ),
        retry_seconds=30,
    )


def _allowed(params: Mapping[str, str], words: Words) -> str:
    allowed = params.get("allowed", "")
    return words.say(allowed) if allowed else ""
