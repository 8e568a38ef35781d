"""One queue for the report endpoints: at most five requests in any ten seconds per tenant.

Source: https://learn.microsoft.com/graph/throttling-limits (identity and access reports). The
family sends no dependable Retry-After, so we keep below the limit rather than find it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable


class Pacer:
    """Hands out turns: no more than `turns` in any `seconds`."""

    def __init__(
        self,
        turns: int = 5,
        seconds: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._taken: deque[float] = deque(maxlen=turns)
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next request may go out."""
        async with self._queue:
            if len(self._taken) == self._taken.maxlen:
                due = self._taken[0] + self._seconds
                if (wait := due - self._clock()) > 0:
                    await self._sleep(wait)
            self._taken.append(self._clock())
