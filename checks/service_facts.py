"""What Microsoft says about its own service, and whether its public pages answer us."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from checks.facts import Asked, Fact, Gathered
from shared.graph.question import get
from shared.model import Known

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_service_client import GraphServiceClient

    from shared.graph.client import Graph


class ServiceOverview(msgspec.Struct, frozen=True):
    """One service. `id` is stable, `service` is its display name, which has changed before."""

    id: str
    service: str | None = None
    status: str | None = None


class ServiceIssue(msgspec.Struct, frozen=True):
    """An issue that is open, without Microsoft's posts about it."""

    id: str
    service: str | None = None
    classification: str | None = None


class _Overviews(msgspec.Struct, frozen=True):
    value: tuple[ServiceOverview, ...]


class _Issues(msgspec.Struct, frozen=True):
    value: tuple[ServiceIssue, ...]


class Portal(msgspec.Struct, frozen=True):
    """A public page as it was found: the status it answered with, or why there was none."""

    url: str
    status: int | None = None
    failure: str = ""

    @property
    def reached(self) -> bool:
        """Anything but an error of the server's own: a page may well refuse to talk to us."""
        return self.status is not None and self.status < 500


class Portals(msgspec.Struct, frozen=True):
    found: tuple[Portal, ...]


_read_overviews = msgspec.json.Decoder(_Overviews).decode
_read_issues = msgspec.json.Decoder(_Issues).decode


def _ask_issues(graph: GraphServiceClient) -> RequestInformation:
    request = get(
        graph.admin.service_announcement.issues,
        filter="endDateTime eq null",
        # Without it every issue brings all of Microsoft's posts.
        select=["id", "service", "classification"],
    )
    # One page instead of 100 issues each.
    # https://learn.microsoft.com/graph/api/serviceannouncement-list-issues
    request.headers.try_add("Prefer", "odata.maxpagesize=1000")
    return request


async def _reach_portals(graph: Graph) -> Known[Portals]:
    """Every page at once; one that does not answer is an answer too."""
    urls = tuple(graph.portals.values())
    answers = await asyncio.gather(*map(graph.reach, urls))
    return Known(
        Portals(
            tuple(
                Portal(url, answer.value)
                if isinstance(answer, Known)
                else Portal(url, failure=answer.detail or answer.reason)
                for url, answer in zip(urls, answers, strict=True)
            )
        )
    )


SERVICE_OVERVIEWS: Fact[tuple[ServiceOverview, ...]] = Asked(
    name="service_overviews",
    permission="ServiceHealth.Read.All",
    source="GET /admin/serviceAnnouncement/healthOverviews",
    lag="until Microsoft posts it",
    request=lambda graph: get(graph.admin.service_announcement.health_overviews),
    decode=lambda body: _read_overviews(body).value,
)

SERVICE_ISSUES: Fact[tuple[ServiceIssue, ...]] = Asked(
    name="service_issues",
    permission="ServiceHealth.Read.All",
    source="GET /admin/serviceAnnouncement/issues?$filter=endDateTime eq null",
    lag="until Microsoft posts it",
    request=_ask_issues,
    decode=lambda body: _read_issues(body).value,
)

PORTALS: Fact[Portals] = Gathered(
    name="portals",
    permission="",
    source="GET the public pages, without a token",
    lag="none",
    gather=_reach_portals,
    shape=Portals,
    every=timedelta(0),
)
