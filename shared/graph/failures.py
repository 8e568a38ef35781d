"""What an answer that is no answer means. Branch on status and error code, never on the message.

Source: https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from shared.model import Reason, Unavailable

_PREMIUM_MISSING = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
_LICENCE_CHECK_BLIND = "Authentication_ApplicationHasNoDirectoryReadAccess"
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_UNSUPPORTED = frozenset({400, 404, 405, 501})

MALFORMED_TRIES = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """Why, how often to try before it is believed, and how long Graph asks us to wait (seconds)."""

    unavailable: Unavailable
    tries: int = 1
    wait: float | None = None


class _Error(msgspec.Struct):
    code: str | None = None


class _Envelope(msgspec.Struct):
    error: _Error | None = None


_decoder = msgspec.json.Decoder(_Envelope)


def error_code(body: bytes) -> str:
    """The `error.code` of a Graph error body; empty for HTML, nothing, or anything else."""
    try:
        envelope = _decoder.decode(body)
    except (ValueError, RecursionError):
        return ""
    code = (envelope.error and envelope.error.code) or ""
    return re.sub(r"[^\w.]", "", code)[:80]


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait: whole, decimal (both occur) or an HTTP date; None when not said."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def classify(
    status: int, headers: Mapping[str, str], body: bytes, *, permission: str, now: datetime
) -> Failure:
    """Type a refused request. `permission` is the least one that would allow it."""
    code = error_code(body)
    detail = f"{status} {code}".strip()
    if status == 401:
        return Failure(Unavailable(Reason.SIGN_IN_FAILED, detail=detail))
    if status == 403:
        return _forbidden(code, detail, permission)
    if status == 429:
        wait = retry_after(headers, now)
        return Failure(Unavailable(Reason.THROTTLED, detail=detail), tries=4, wait=wait)
    if status in _TRANSIENT:
        wait = retry_after(headers, now)
        return Failure(Unavailable(Reason.UNREACHABLE, detail=detail), tries=4, wait=wait)
    if code == "AadPremiumLicenseRequired":
        return Failure(Unavailable(Reason.LICENCE_MISSING, detail=detail))
    if status in _UNSUPPORTED:
        return Failure(Unavailable(Reason.UNSUPPORTED, detail=detail))
    return Failure(Unavailable(Reason.REFUSED, detail=detail))


def _forbidden(code: str, detail: str, permission: str) -> Failure:
    if code == _PREMIUM_MISSING:
        # Also said, now and then, to tenants that do have a licence:
        # https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/8777
        return Failure(Unavailable(Reason.LICENCE_MISSING, detail=detail), tries=3)
    if code == _LICENCE_CHECK_BLIND:
        permission = "Directory.Read.All"
    elif code in ("", "UnknownError"):
        # A gateway's refusal (HTML, or an empty code) is worth a second try before it is believed.
        return Failure(Unavailable(Reason.PERMISSION_MISSING, permission, detail), tries=2)
    return Failure(Unavailable(Reason.PERMISSION_MISSING, permission, detail))
