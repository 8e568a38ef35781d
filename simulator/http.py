"""What travels: a question as Graph sees it, its answer, and the refusal anybody may raise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from .faults import Fault
from .tenant import Tenant

JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)


class GraphError(Exception):
    """A refusal: HTTP status, Graph's error code and its message."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def wrong_method() -> GraphError:
    return GraphError(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )


class ConnectionDropped(Exception):  # noqa: N818 - nothing went wrong: a fault asked for it
    """The connection is to be cut without an answer."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question, whether it came alone or inside a batch. Header names are lower case.

    `granted` are the app role assignments that were made since the tenant is shown, by id: the one
    thing that can be written.
    """

    method: str
    version: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    root: str
    tenant: Tenant
    started: datetime
    now: datetime
    granted: dict[str, Mapping[str, object]]
    body: object = None

    @property
    def advanced(self) -> bool:
        """Both advanced query parameters are there.

        One without the other counts for nothing: https://aka.ms/graph-docs/advanced-queries
        """
        return self.eventual and self.query.get("$count") == "true"

    @property
    def eventual(self) -> bool:
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    def context(self, resource: str) -> str:
        """The `@odata.context` of an answer, which names the selected properties."""
        selected = self.query.get("$select")
        return f"{self.root}/{self.version}/$metadata#{resource}" + (
            f"({selected.replace(' ', '')})" if selected else ""
        )


@dataclass(kw_only=True)
class Reply:
    """An answer; `body` is encoded as JSON unless it is bytes already.

    `fault` is what says that it is sent in a way of its own.
    """

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    fault: Fault | None = None

    @property
    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


@dataclass(kw_only=True)
class Asked:
    """What was asked, kept for the tests. `items` are the questions inside a batch."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int = 0
    at: datetime
    items: list["Asked"] = field(default_factory=list)
