"""Page tokens: opaque, tied to their question, and good for a day."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

import msgspec

from .http import Ask, GraphError
from .people import guid

# Graph promises no lifetime; a client has to cope with an end of it.
LIFETIME = timedelta(hours=24)


class _Token(msgspec.Struct, array_like=True):
    question: str
    issued: Annotated[datetime, msgspec.Meta(tz=True)]
    place: list[str]


def next_link(ask: Ask, place: list[str]) -> str:
    """The absolute address of the page that begins at `place`."""
    token = msgspec.json.encode(_Token(_question(ask), ask.now, place))
    text = base64.urlsafe_b64encode(token).rstrip(b"=").decode()
    query = {name: value for name, value in ask.query.items() if name != "$skiptoken"}
    options = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return f"{ask.root}/{ask.version}{ask.path}?{options}{'&' if options else ''}$skiptoken={text}"


def place_of(ask: Ask) -> list[str] | None:
    """Where the page begins: None for the first one; raises 400 for a token that is no good."""
    text = ask.query.get("$skiptoken")
    if text is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = msgspec.json.decode(raw, type=_Token)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise GraphError(
            400, "Request_BadRequest", "The specified page token is invalid."
        ) from None
    if token.question != _question(ask) or not timedelta() <= ask.now - token.issued < LIFETIME:
        raise GraphError(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your "
            "request.",
        )
    return token.place


def _question(ask: Ask) -> str:
    """What must not change between pages."""
    options: Mapping[str, str] = ask.query
    return guid(ask.path, *(options.get(name) for name in ("$filter", "$orderby", "$search")))
