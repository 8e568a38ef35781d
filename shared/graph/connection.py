"""The HTTP client below the SDK. Imported with the first request, as httpx takes its time."""

from __future__ import annotations

from typing import Any

import httpx

MOST_BYTES = 16 * 2**20
"""Of one answer. A full page of the audit log takes two or three million."""


class TooLongError(httpx.HTTPError):
    """An answer that is longer than any that Graph gives."""


class Client(httpx.AsyncClient):
    """Reads an answer until it is too long: whatever is sent, memory stays bounded."""

    async def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        """The answer, read to its end unless it is asked for as a stream. Raises TooLongError."""
        response = await super().send(request, stream=True, **options)
        if stream:
            return response
        body = bytearray()
        try:
            # Unpacked: a small answer can be packed from a large one.
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise TooLongError(f"more than {MOST_BYTES:,} bytes")
        finally:
            await response.aclose()
        headers = [item for item in response.headers.raw if item[0].lower() != b"content-encoding"]
        return httpx.Response(
            response.status_code,
            headers=headers,
            content=bytes(body),
            request=request,
            extensions=response.extensions,
        )
