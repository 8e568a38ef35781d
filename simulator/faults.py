"""Faults that can be switched on: what a request meets instead of, or before, its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

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


@dataclass(kw_only=True)
class Fault:
    """A rule. `path` is a glob, with or without the version; `times=None` means for ever.

    With neither status, body nor drop the real answer is given, late and with extra headers.
    A body that is not bytes is encoded as JSON; without a body a status brings Graph's error.
    """

    path: str
    status: int | None = None
    code: str | None = None
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    delay: float = 0
    when: str | None = None
    method: str | None = None
    times: int | None = 1
    hits: int = 0

    def meets(self, method: str, version: str, path: str) -> bool:
        """Whether the rule applies to this request and is not used up."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.when not in (None, version) or self.method not in (None, method):
            return False
        glob = self.path.lower()
        return any(fnmatchcase(p.lower(), glob) for p in (path, f"/{version}{path}"))

    @property
    def replaces(self) -> bool:
        """Whether the caller gets something else than the real answer."""
        return self.status is not None or self.body is not None

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

    def meet(self, method: str, version: str, path: str) -> Fault | None:
        """The first rule that applies, its use counted."""
        for rule in self._rules:
            if rule.meets(method, version, path):
                rule.hits += 1
                return rule
        return None
