"""One Graph request with a typed answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from shared.graph.clouds import Cloud

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_service_client import GraphServiceClient

T = TypeVar("T")


class Paged(Protocol):
    """A page of a collection; `next_link` is the @odata.nextLink, None on the last one."""

    @property
    def next_link(self) -> str | None: ...


V1 = "v1.0"
BETA = "beta"


@dataclass(frozen=True, kw_only=True)
class Question(Generic[T]):
    """What is asked, which permission allows it, and how the bytes become a value.

    `request` builds it with the SDK; `decode` raises msgspec.MsgspecError on a body it cannot read.
    `paced` questions belong to the report endpoints and wait for their turn.
    """

    name: str
    permission: str
    request: Callable[[GraphServiceClient], RequestInformation]
    decode: Callable[[bytes], T]
    version: str = V1
    absent_in: frozenset[Cloud] = frozenset()
    paced: bool = False


def get(builder: Any, *, eventual: bool = False, **query: Any) -> RequestInformation:
    """A GET by one of the SDK's request builders; `eventual` for advanced directory queries.

    https://learn.microsoft.com/graph/aad-advanced-queries
    """
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    parameters = getattr(type(builder), f"{type(builder).__name__}GetQueryParameters", None)
    configuration: RequestConfiguration[Any] = RequestConfiguration(
        query_parameters=parameters(**query) if parameters else None
    )
    if eventual:
        configuration.headers.add("ConsistencyLevel", "eventual")
    request: RequestInformation = builder.to_get_request_information(configuration)
    return request


def follow(link: str) -> RequestInformation:
    """A GET of an @odata.nextLink, which is used as it came."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    request = RequestInformation()
    request.http_method = Method.GET
    request.url = link
    request.headers.try_add("Accept", "application/json")
    return request
