"""JSON batches: https://learn.microsoft.com/graph/json-batching."""

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from yarl import URL

from .http import GraphError, Reply
from .people import digest

LIMIT = 20


class Item(msgspec.Struct, rename="camel"):
    """One question of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None
    depends_on: list[str] = []


class _Batch(msgspec.Struct):
    requests: list[Item]


def read(body: bytes) -> list[Item]:
    """The items of a batch; raises 400 for a batch that is refused as a whole."""
    try:
        items = msgspec.json.decode(body, type=_Batch).requests
    except msgspec.DecodeError:
        raise _malformed() from None
    if len(items) > LIMIT:
        raise GraphError(
            400,
            "MaximumValueExceeded",
            f"Number of batch request steps exceeds the maximum value of {LIMIT}.",
        )
    seen: set[str] = set()
    for item in items:
        # Ids are compared without regard to case:
        # https://github.com/microsoftgraph/microsoft-graph-docs/issues/4449
        if not item.id or item.id.lower() in seen:
            raise GraphError(
                400, "BadRequest", f"Request Id {item.id} has to be unique in a batch."
            )
        if not {name.lower() for name in item.depends_on} <= seen:
            raise _malformed()
        seen.add(item.id.lower())
        if not _is_relative(item.url):
            raise _malformed()
    return items


def _is_relative(url: str) -> bool:
    try:
        return not URL(url).absolute
    except ValueError:
        return False


def _malformed() -> GraphError:
    return GraphError(400, "BadRequest", "Invalid batch payload format.")


async def answer(items: list[Item], ask: Callable[[Item], Awaitable[Reply]], salt: int) -> Reply:
    """Ask everything in turn, and answer in another order."""
    statuses: dict[str, int] = {}
    responses: list[Mapping[str, object]] = []
    for item in items:
        if any(statuses[name.lower()] >= 400 for name in item.depends_on):
            reply = Reply(status=424, body={"error": {"code": "FailedDependency", "message": ""}})
        else:
            reply = await ask(item)
        statuses[item.id.lower()] = reply.status
        headers = {**reply.headers, "Content-Type": reply.content_type}
        responses.append(
            {
                "id": item.id,
                "status": reply.status,
                "headers": headers,
                "body": _embedded(reply.body),
            }
        )
    shuffled = sorted(responses, key=lambda response: digest(salt, response["id"]))
    if shuffled == responses:
        shuffled.reverse()
    return Reply(body={"responses": shuffled}, content_type="application/json")


def _embedded(body: object) -> object:
    """What is not JSON travels as base64."""
    return base64.b64encode(body).decode() if isinstance(body, bytes) else body
