"""What Microsoft says about its own service and counts itself, and whether its pages answer us."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from checks.facts import Asked, Fact, Gathered, Stamp
from shared.graph.clouds import Cloud
from shared.graph.question import Question, get
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


# Secure Score, which counts users enabled for SSPR on its own. A control is an open type: its
# numbers are not declared, and text. Scores without them have been seen, and in a tenant without P1
# one with 0 of 0 and full marks. https://learn.microsoft.com/graph/api/resources/controlscore

SSPR_CONTROL = "SelfServicePasswordReset"
_NOT_IN_CHINA = frozenset({Cloud.CHINA})
_Number = Annotated[int, msgspec.Meta(ge=0)]


class SecureScore(msgspec.Struct, frozen=True):
    """How many users Secure Score counts as enabled for SSPR; whom it counts is not documented.

    All is None where there is no score or no such control. `synced_at` is the age of the numbers,
    `created_at` that of the score, about two days later. `percent` is the score of the control.
    """

    enabled: _Number | None = msgspec.field(name="count", default=None)
    total: _Number | None = None
    percent: float | None = msgspec.field(name="scoreInPercentage", default=None)
    synced_at: Stamp | None = msgspec.field(name="lastSynced", default=None)
    created_at: Stamp | None = None

    @property
    def as_of(self) -> datetime | None:
        return self.synced_at or self.created_at

    @property
    def counted(self) -> tuple[int, int] | None:
        """Enabled, and of how many; None when nobody was counted or the percentage contradicts."""
        if self.enabled is None or not self.total or self.enabled > self.total:
            return None
        percent = 100 * self.enabled / self.total
        if self.percent is not None and abs(self.percent - percent) > 1:
            return None
        return self.enabled, self.total


class _Score(msgspec.Struct, frozen=True, rename="camel"):
    control_scores: tuple[dict[str, Any], ...] | None
    created_date_time: Stamp | None = None


class _Scores(msgspec.Struct, frozen=True):
    value: tuple[_Score, ...]


_read_scores = msgspec.json.Decoder(_Scores).decode


def _read_secure_score(body: bytes) -> SecureScore:
    """The control in the newest score, which is the first one."""
    for score in _read_scores(body).value[:1]:
        for control in score.control_scores or ():
            if control.get("controlName") == SSPR_CONTROL:
                found = msgspec.convert(control, SecureScore, strict=False)
                return msgspec.structs.replace(found, created_at=score.created_date_time)
    return SecureScore()


_NEWEST_SCORE = Question(
    name="secure_score",
    permission="SecurityEvents.Read.All",
    absent_in=_NOT_IN_CHINA,
    # Alone, not paged: even a single score comes with a link to the next one.
    request=lambda graph: get(graph.security.secure_scores, top=1),
    decode=_read_secure_score,
)

SECURE_SCORE: Fact[SecureScore] = Gathered(
    name="secure_score",
    permission=_NEWEST_SCORE.permission,
    source="GET /security/secureScores?$top=1",
    lag="about two days; asked once a day",
    absent_in=_NOT_IN_CHINA,
    optional=True,
    gather=lambda graph: graph.get(_NEWEST_SCORE),
    shape=SecureScore,
    every=timedelta(days=1),
)
