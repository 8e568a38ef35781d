"""What it means that Table Storage failed, in words that say what to fix and hold no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

_REFUSED = frozenset({401, 403})


class StorageError(Exception):
    """Table Storage cannot be used; the message says what to fix."""


def what_failed(error: AzureError) -> str:
    """What happened, and what to fix: status and error code, and nothing of the SDK's message.

    Azure answers a wrong key with what was signed, and a failed sign-in with who signed in.
    https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes
    """
    status = _status(error)
    code = getattr(error, "error_code", None) or ""
    known = re.fullmatch(r"\w{1,60}", getattr(code, "value", code))
    what = f"{status} {known[0] if known else ''}".strip() if status else type(error).__name__
    if status in _REFUSED:
        return (
            f"Table Storage refuses the app ({what}): the identity needs the role Storage Table "
            "Data Contributor, a connection string the right key, and the account's network rules "
            "must admit the app."
        )
    if isinstance(error, ClientAuthenticationError):
        return (
            f"The app cannot sign in to Table Storage ({what}): see whether the identity is still "
            "assigned, and AZURE_CLIENT_ID."
        )
    return (
        f"Table Storage cannot be reached ({what}): see AzureWebJobsStorage and the account's "
        "network rules."
    )


def _status(error: AzureError) -> int | None:
    return error.status_code if isinstance(error, HttpResponseError) else None


def time_of(headers: Mapping[str, str]) -> datetime | None:
    """The time by the clock of whoever answered, to the second; None when it is not told."""
    try:
        time = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return time if time.tzinfo else None


def time_in(error: AzureError) -> datetime | None:
    """The same of a refusal: whose clock is a quarter of an hour off is refused for just that."""
    return time_of(getattr(getattr(error, "response", None), "headers", {}))
