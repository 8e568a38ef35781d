"""How an answer leaves when a fault says how: cut off, byte by byte, or longer than it is."""

import zlib
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from .faults import Fault
from .http import Reply

_CHUNK = 2**16
_GZIP = 16 + zlib.MAX_WBITS


async def send(
    request: web.Request, reply: Reply, fault: Fault, sleep: Callable[[float], Awaitable[None]]
) -> web.StreamResponse:
    """Send an answer as the fault wants it, for as long as the caller listens."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    if not fault.size:
        response.content_length = len(reply.encoded)
    if fault.packed:
        response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    try:
        for chunk in _chunks(reply.encoded, fault):
            if fault.drip:
                await sleep(fault.drip)
            await response.write(chunk)
            fault.sent += len(chunk)
    except ConnectionError:
        return response  # the caller has had enough
    if fault.reset and request.transport is not None:
        request.transport.abort()
    return response


def _chunks(body: bytes, fault: Fault) -> Iterator[bytes]:
    if fault.reset:
        yield body[: len(body) // 2]
    elif fault.drip:
        yield from (body[i : i + 1] for i in range(len(body)))
    else:
        yield from _packed(_padded(body, fault.size)) if fault.packed else _padded(body, fault.size)


def _padded(body: bytes, size: int) -> Iterator[bytes]:
    """A body and, as JSON allows, blanks."""
    yield body
    for _ in range(len(body), size, _CHUNK):
        yield b" " * _CHUNK


def _packed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
