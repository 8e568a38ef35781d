"""Faults that can be switched on: what a request meets instead of, or before, its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypedDict

HTML = b"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body></body></html>"
TRUNCATED = b'{"@odata.context":"x","value":[{"id":"0'
EMPTY = b""

_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "serviceNotAvailable",
    504: "gatewayTimeout",
}


class Switched(TypedDict, total=False):
    """What `Simulator.fail` takes: the fields of a Fault that are not its path."""

    query: str | None
    status: int | None
    code: str | None
    body: object
    headers: Mapping[str, str]
    drop: bool
    edit: Callable[[Any], object] | None
    reset: bool
    drip: float
    size: int
    packed: bool
    delay: float
    when: str | None
    method: str | None
    times: int | None


@dataclass(kw_only=True)
class Fault:
    """A rule. `path` is a glob, with or without the version; `times=None` means for ever.

    `query` is a glob as well, for the query as it reads: `*$filter=*eq 'a'*`. With neither status,
    body nor drop the real answer is given, late and with extra headers, after `edit` made
    another document of it. A body that is not bytes is encoded as JSON; without a body a status
    brings Graph's error.

    How an answer is sent, inside a batch the batch's: `reset` cuts the connection in mid-body,
    `drip` waits so many seconds before each byte, `size` adds blanks up to so many bytes, `packed`
    sends it as gzip. `sent` counts the bytes of such answers.
    """

    path: str
    query: str | None = None
    status: int | None = None
    code: str | None = None
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    edit: Callable[[Any], object] | None = None
    reset: bool = False
    drip: float = 0
    size: int = 0
    packed: bool = False
    delay: float = 0
    when: str | None = None
    method: str | None = None
    times: int | None = 1
    hits: int = 0
    sent: int = 0

    def meets(self, method: str, version: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether the rule applies to this request and is not used up."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.when not in (None, version) or self.method not in (None, method):
            return False
        if self.query is not None:
            asked = "&".join(f"{name}={value}" for name, value in query.items())
            if not fnmatchcase(asked, self.query):
                return False
        glob = self.path.lower()
        return any(fnmatchcase(p.lower(), glob) for p in (path, f"/{version}{path}"))

    @property
    def replaces(self) -> bool:
        """Whether the caller gets something else than the real answer."""
        return self.status is not None or self.body is not None

    @property
    def sends(self) -> bool:
        """Whether the answer is sent in a way of its own."""
        return bool(self.reset or self.drip or self.size)

    @property
    def error_code(self) -> str:
        return self.code or _CODES.get(self.status or 0, "UnknownError")


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, rule: Fault) -> Fault:
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        self._rules.clear()

    def meet(self, method: str, version: str, path: str, query: Mapping[str, str]) -> Fault | None:
        """The first rule that applies, its use counted."""
        for rule in self._rules:
            if rule.meets(method, version, path, query):
                rule.hits += 1
                return rule
        return None
