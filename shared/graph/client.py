"""Asking Graph: many questions in one batch, or one request alone; every failure comes back typed.

The SDK authenticates, builds requests and sends them. Bodies are decoded straight from bytes: the
SDK's own models take thousands of times longer for a page of registration rows.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from shared.graph.clouds import ENDPOINTS, Cloud, simulated_portals
from shared.graph.credentials import SimulatorToken, azure_credential
from shared.graph.failures import MALFORMED_TRIES, Failure, classify
from shared.graph.pacing import Pacer
from shared.graph.question import BETA, V1, Paged, Question, follow
from shared.model import Known, Reason, Unavailable
from shared.settings import CLOUD, GRAPH_ENDPOINT, GRAPH_TOKEN, TENANT_ID, Settings

if TYPE_CHECKING:
    import ssl

    import httpx
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_request_adapter import GraphRequestAdapter

logger = logging.getLogger(__name__)
T = TypeVar("T")
P = TypeVar("P", bound=Paged)

BATCH_LIMIT = 20
REQUEST_TIMEOUT = 30.0
LONGEST_BACKOFF = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _BatchItem(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"")


class _Batch(msgspec.Struct):
    responses: list[msgspec.Raw]


_batch_decoder = msgspec.json.Decoder(_Batch)
_item_decoder = msgspec.json.Decoder(_BatchItem)

# What decoding raises: not only its own errors, of which ValueError is the base, but also those of
# bytes that are no text (https://github.com/msgspec/msgspec/issues/714), and of too deep nesting.
_UNREADABLE = (ValueError, RecursionError)

# What sending a batch gives for each question: an answer, or why there is none.
Replies = dict[str, Reply | Failure]


class Graph:
    """Graph for one tenant, for one event loop, until one deadline. Made by `open_graph`.

    `portals` are the public pages that users need, by name: `password_reset` and `sign_in`.
    """

    def __init__(
        self,
        adapter: GraphRequestAdapter,
        public: httpx.AsyncClient,
        root: str,
        cloud: Cloud,
        portals: Mapping[str, str],
        *,
        seconds: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        from msgraph.graph_service_client import GraphServiceClient

        self.requests = 0
        self.portals = portals
        self._adapter = adapter
        self._public = public
        self._builders = GraphServiceClient(request_adapter=adapter)
        self._root = root
        self._cloud = cloud
        self._sleep = sleep
        self.clock = clock
        self._now = now
        self._deadline = clock() + seconds
        self._reports = Pacer(sleep=sleep, clock=clock)
        self._sign_in_failed = False

    async def ask(self, questions: Sequence[Question[Any]]) -> dict[str, Known[Any] | Unavailable]:
        """Ask many questions in as few requests as possible, joined by name."""
        answers: dict[str, Known[Any] | Unavailable] = {}
        batches: list[list[Question[Any]]] = []
        for version in (V1, BETA):
            asked = []
            for question in questions:
                if self._cloud in question.absent_in:
                    answers[question.name] = _not_in_cloud(self._cloud)
                elif question.version == version:
                    asked.append(question)
            batches += [asked[i : i + BATCH_LIMIT] for i in range(0, len(asked), BATCH_LIMIT)]
        for settled in await asyncio.gather(*(self._persist(self._batch, b) for b in batches)):
            answers |= settled
        return answers

    async def get(self, question: Question[T]) -> Known[T] | Unavailable:
        """Ask one question in a request of its own."""
        if self._cloud in question.absent_in:
            return _not_in_cloud(self._cloud)
        return (await self._persist(self._single, [question]))[question.name]

    async def reach(self, url: str) -> Known[int] | Unavailable:
        """The status that a public address answers with, asked without a token.

        It is no part of Graph, so that it is asked even when the time for Graph is over.
        """
        import httpx

        try:
            # A status is all we want: whatever follows it, at whatever pace, is not read.
            async with (
                asyncio.timeout(REQUEST_TIMEOUT),
                self._public.stream("GET", url) as response,
            ):
                return Known(response.status_code, as_of=self._now())
        except (TimeoutError, httpx.TimeoutException):
            return Unavailable(Reason.TIMEOUT, detail="no answer in time")
        except httpx.HTTPError as error:
            return Unavailable(Reason.UNREACHABLE, detail=type(error).__name__)

    async def pages(
        self, question: Question[P], *, link: str | None = None, most: int | None = None
    ) -> AsyncIterator[Known[P] | Unavailable]:
        """Read a collection page by page, from `link` if given; ends after the first failure.

        A page whose link leads elsewhere, or nowhere new, counts as one that could not be read.
        """
        for _ in range(most) if most else count():
            if link is not None and not self._is_ours(link):
                yield Unavailable(Reason.MALFORMED, detail="the next page is on another host")
                return
            answer = await self.get(question if link is None else _at(question, link))
            if isinstance(answer, Unavailable):
                yield answer
                return
            following = answer.value.next_link
            if following is not None and not self._is_ours(following):
                yield Unavailable(Reason.MALFORMED, detail="the next page is on another host")
                return
            if following is not None and following == link:
                yield Unavailable(Reason.MALFORMED, detail="the next page is the same one")
                return
            yield answer
            if following is None:
                return
            link = following

    def _is_ours(self, link: str) -> bool:
        """Whether a link stays with Graph: a page must not send our token anywhere else."""
        try:
            return urlsplit(link)[:2] == urlsplit(self._root)[:2]
        except ValueError:
            return False

    async def _persist(
        self,
        send: Callable[[Sequence[Question[Any]]], Awaitable[Replies]],
        questions: Sequence[Question[Any]],
    ) -> dict[str, Known[Any] | Unavailable]:
        """Send until every question is settled; only those that failed are asked again."""
        answers: dict[str, Known[Any] | Unavailable] = {}
        pending = list(questions)
        tries = 0
        while pending:
            tries += 1
            replies = await send(pending)
            again, waits = [], [0.0]
            for question in pending:
                outcome = self._settle(question, replies.get(question.name))
                if isinstance(outcome, Known):
                    answers[question.name] = outcome
                    continue
                answers[question.name] = outcome.unavailable
                if tries < outcome.tries:
                    again.append(question)
                    waits.append(_wait(outcome, tries))
            pending = again
            if pending and not await self._pause(max(waits)):
                logger.warning("No time left to ask again: %s", ", ".join(q.name for q in pending))
                break
        return answers

    def _settle(self, question: Question[T], reply: Reply | Failure | None) -> Known[T] | Failure:
        if reply is None:
            return _malformed("no readable answer for this item of the batch")
        if isinstance(reply, Failure):
            return reply
        if not 200 <= reply.status < 300:
            return classify(
                reply.status,
                reply.headers,
                reply.body,
                permission=question.permission,
                now=self._now(),
            )
        try:
            return Known(question.decode(reply.body), as_of=self._now())
        except _UNREADABLE as error:
            return _malformed(str(error))

    def _patience(self) -> float:
        """The seconds that a request may take that begins now."""
        return min(REQUEST_TIMEOUT, self._deadline - self.clock())

    async def _pause(self, seconds: float) -> bool:
        """Wait before asking again; False when the deadline comes first."""
        if self.clock() + seconds >= self._deadline:
            return False
        await self._sleep(seconds)
        return True

    async def _single(self, questions: Sequence[Question[Any]]) -> Replies:
        (question,) = questions
        if question.paced:
            await self._reports.turn()
        request = self._build(question)
        return {question.name: await self._send(request)}

    async def _batch(self, questions: Sequence[Question[Any]]) -> Replies:
        """POST $batch: https://learn.microsoft.com/graph/json-batching"""
        from kiota_abstractions.method import Method
        from kiota_abstractions.request_information import RequestInformation

        version = questions[0].version
        items = [self._item(question, version) for question in questions]
        request = RequestInformation(Method.POST)
        # Not as a template, which would be expanded again at every look at it.
        request.url = f"{self._root}/{version}/$batch"
        request.set_stream_content(
            msgspec.json.encode({"requests": items}), content_type="application/json"
        )
        reply = await self._send(request)
        if isinstance(reply, Failure) or reply.status != 200:
            return {question.name: reply for question in questions}
        try:
            batch = _batch_decoder.decode(reply.body)
        except _UNREADABLE as error:
            return {question.name: _malformed(str(error)) for question in questions}
        return dict(_readable(batch))

    def _build(self, question: Question[Any]) -> RequestInformation:
        request = question.request(self._builders)
        # Expanded here: the adapter would put its own base, which knows neither cloud nor version.
        request.path_parameters["baseurl"] = f"{self._root}/{question.version}"
        if request.url_template:
            request.url = _expanded(request)
        return request

    def _item(self, question: Question[Any], version: str) -> dict[str, object]:
        request = self._build(question)
        return {
            "id": question.name,
            "method": "GET",
            "url": request.url.removeprefix(f"{self._root}/{version}"),
            "headers": request.request_headers,
        }

    async def _send(self, request: RequestInformation) -> Reply | Failure:
        import httpx
        from azure.core.exceptions import AzureError
        from kiota_abstractions.native_response_handler import NativeResponseHandler
        from kiota_http.middleware.options import ResponseHandlerOption

        from shared.graph.connection import TooLongError

        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        self.requests += 1
        try:
            async with asyncio.timeout(self._patience()):
                response: httpx.Response | None = await self._adapter.send_primitive_async(
                    request, "bytes", {}
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            return Failure(Unavailable(Reason.TIMEOUT, detail=type(error).__name__), tries=2)
        except AzureError as error:
            # No token. The message may name a person, so it is for those who ask for details only.
            level = logging.DEBUG if self._sign_in_failed else logging.WARNING
            logger.log(level, "Signing in to Microsoft Graph failed: %s", type(error).__name__)
            logger.debug("%s", error)
            self._sign_in_failed = True
            return Failure(Unavailable(Reason.SIGN_IN_FAILED, detail=type(error).__name__))
        except TooLongError as error:
            return Failure(Unavailable(Reason.MALFORMED, detail=str(error)))
        except httpx.HTTPError as error:
            return Failure(Unavailable(Reason.UNREACHABLE, detail=type(error).__name__), tries=4)
        except httpx.InvalidURL as error:
            return _malformed(type(error).__name__)
        except ValueError as error:
            # A refusal whose challenge the SDK cannot read.
            return Failure(Unavailable(Reason.SIGN_IN_FAILED, detail=type(error).__name__))
        if response is None:
            return _malformed("no response")
        return Reply(response.status_code, _lower(response.headers), response.content)


def _expanded(request: RequestInformation) -> str:
    """The address of a request, `$` written as such.

    The template engine below the SDK quotes letter by letter. For a long filter that takes more
    time than all else about a request, so the query is written here.
    """
    query = dict(request.query_parameters)
    request.query_parameters.clear()
    request.url_template = (request.url_template or "").partition("{?")[0]
    options = (f"{name.replace('%24', '$')}={_option(value)}" for name, value in query.items())
    return "?".join(filter(None, (request.url, "&".join(options))))


def _option(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_option, value))
    return quote(str(value).lower() if isinstance(value, bool) else str(value), safe="")


def _readable(batch: _Batch) -> Iterator[tuple[str, Reply]]:
    """The answers by id, each read on its own: an odd one harms no other."""
    for raw in batch.responses:
        with suppress(*_UNREADABLE):
            item = _item_decoder.decode(raw)
            yield item.id, Reply(item.status, _lower(item.headers), bytes(item.body))


def _at(question: Question[T], link: str) -> Question[T]:
    return replace(question, request=lambda graph: follow(link))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _not_in_cloud(cloud: Cloud) -> Unavailable:
    return Unavailable(Reason.UNSUPPORTED, detail=f"not offered in cloud {cloud}")


def _malformed(detail: str) -> Failure:
    return Failure(Unavailable(Reason.MALFORMED, detail=detail[:200]), tries=MALFORMED_TRIES)


def _wait(failure: Failure, tries: int) -> float:
    """What Graph asked for, or else 1, 2, 4 ... seconds and up to half as much again, so that many
    apps do not return at once.

    A report endpoint that is throttled says nothing and wants ten seconds, so that starts at 4.
    """
    if failure.wait is not None:
        return failure.wait
    step = tries + 1 if failure.unavailable.reason is Reason.THROTTLED else tries - 1
    delay = min(LONGEST_BACKOFF, 2.0**step)
    return delay * random.uniform(1.0, 1.5)  # noqa: S311 - jitter, not a secret


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once per process: reading them takes longer than all
    else that a run computes. https://github.com/encode/httpx/issues/3627
    """
    import httpx

    return httpx.create_ssl_context()


@asynccontextmanager
async def open_graph(
    settings: Settings,
    *,
    seconds: float,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Graph]:
    """Graph for this run and this event loop; connections and credential are closed at the end.

    A client that outlives its loop fails: https://github.com/microsoftgraph/msgraph-sdk-python/issues/366
    """
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph.graph_request_adapter import GraphRequestAdapter

    from shared.graph.connection import Client

    cloud = settings[CLOUD]
    simulator = settings[GRAPH_ENDPOINT]
    root = simulator or ENDPOINTS[cloud].graph
    portals = simulated_portals(simulator) if simulator else ENDPOINTS[cloud].portals
    token = settings[GRAPH_TOKEN]
    credential = SimulatorToken(token) if token else azure_credential(tenant_id=settings[TENANT_ID])
    # A plain client instead of the SDK's, whose middleware follows redirects (Graph's JSON makes
    # none, and one could carry the token away), repeats requests without knowing of batches, and
    # hides the connections from whoever wants to close them.
    client = Client(
        timeout=REQUEST_TIMEOUT,
        follow_redirects=False,
        http2=True,
        verify=_trusted(),
        transport=transport,
    )
    async with credential, client:
        adapter = GraphRequestAdapter(
            AzureIdentityAuthenticationProvider(
                credential,
                scopes=[ENDPOINTS[cloud].scope],
                allowed_hosts=[urlsplit(root).hostname or ""],
            ),
            client=client,
        )
        yield Graph(
            adapter,
            client,
            root,
            cloud,
            portals,
            seconds=seconds,
            sleep=sleep,
            clock=clock,
            now=now,
        )
