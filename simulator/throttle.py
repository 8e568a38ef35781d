"""Budgets per app and tenant: https://learn.microsoft.com/graph/throttling-limits."""

import math
from collections import deque
from datetime import datetime, timedelta

from .http import GraphError

_WINDOW = timedelta(seconds=10)
_REPORTS_LIMIT = 5


class Reports:
    """Identity and access reports: 5 requests in 10 s.

    Refused requests count too, and no Retry-After is sent: a client that hammers never gets in.
    """

    def __init__(self) -> None:
        self._recent: deque[datetime] = deque()

    def spend(self, now: datetime) -> None:
        # Nothing counts that is yet to come, as the clock can be moved back.
        self._recent = deque(at for at in self._recent if now - _WINDOW < at <= now)
        self._recent.append(now)
        if len(self._recent) > _REPORTS_LIMIT:
            raise GraphError(
                429, "TooManyRequests", "Too many requests. Please try again in a few seconds."
            )


class Directory:
    """Identity and access: a bucket of resource units that refills within 10 s."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at: datetime | None = None

    def spend(self, units: int, users: int, now: datetime) -> dict[str, str]:
        """The headers of an answer that cost `units`; raises 429 with Retry-After."""
        limit = 3500 if users < 50 else 5000 if users <= 500 else 8000
        if self._at is not None:
            left = self._level - limit * ((now - self._at) / _WINDOW)
            self._level = max(0.0, left) if self._at <= now else 0.0
        self._at = now
        if self._level + units > limit:
            wait = (self._level + units - limit) / limit * _WINDOW.total_seconds()
            raise GraphError(
                429,
                "TooManyRequests",
                "Too many requests.",
                {
                    "Retry-After": str(max(1, math.ceil(wait))),
                    "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
                    "x-ms-throttle-information": "ResourceUnitLimitExceeded",
                },
            )
        self._level += units
        headers = {"x-ms-resource-unit": str(units)}
        if self._level > 0.8 * limit:
            headers["x-ms-throttle-limit-percentage"] = f"{self._level / limit:.2f}"
        return headers
