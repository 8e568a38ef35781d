"""Answers: a status code, a media type and a body. Errors are problem documents (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

JSON = "application/json"
PROBLEM = "application/problem+json"
HEALTH = "application/health+json"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    media_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def document(value: object, *, status: int = 200, media_type: str = JSON) -> Answer:
    return Answer(status, media_type, msgspec.json.encode(value))


def problem(status: int, title: str, detail: str, *, retry_seconds: int | None = None) -> Answer:
    """A problem document whose detail says what to fix."""
    headers = {"Retry-After": str(retry_seconds)} if retry_seconds else {}
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(status, PROBLEM, msgspec.json.encode(body), headers)
