"""What Microsoft says about its own services: eight of them, and half a year of issues.

https://learn.microsoft.com/graph/api/resources/service-communications-api-overview
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from urllib.parse import quote

from .http import Ask, GraphError, Reply
from .listing import directory_filter, integer, selected
from .odata import Edm, holds
from .people import digest, fine_stamp, stamp
from .schema import Document, Filterable, documents, only
from .tenant import Tenant

# The documentation's samples call it "Identity Service"; the id has not changed.
ENTRA = "OrgLiveID"

_SERVICES = {
    "Exchange": "Exchange Online",
    ENTRA: "Microsoft Entra",
    "Intune": "Microsoft Intune",
    "OSDPPlatform": "Microsoft 365 suite",
    "SharePoint": "SharePoint Online",
    "microsoftteams": "Microsoft Teams",
    "yammer": "Microsoft Viva",
    "Microsoft365Defender": "Microsoft Defender XDR",
}
_PAST_ISSUES = 18
_PAGE = 100
_LARGEST_PAGE = 1000
_NULLABLE = frozenset({"eq", "ge", "le", "null"})

ISSUE = documents(
    "serviceHealthIssue",
    "startDateTime endDateTime lastModifiedDateTime title id impactDescription classification "
    "origin status service feature featureGroup isResolved details posts",
    classification=only(Edm.STRING, "eq"),
    endDateTime=Filterable(Edm.DATE, _NULLABLE, _NULLABLE),
    id=only(Edm.STRING, "eq"),
    isResolved=only(Edm.BOOLEAN, "eq"),
    lastModifiedDateTime=only(Edm.DATE, "ge", "le"),
    service=only(Edm.STRING, "eq"),
    startDateTime=only(Edm.DATE, "ge", "le"),
    status=only(Edm.STRING, "eq"),
)
_OVERVIEW = documents("serviceHealth", "service status id")


def overviews(ask: Ask) -> Reply:
    """All services in one answer, with `$expand=issues` everything that is known of them."""
    names = selected(ask, _OVERVIEW.properties, _OVERVIEW.type_name) or list(_OVERVIEW.properties)
    expanded = ask.query.get("$expand")
    if expanded not in (None, "issues"):
        raise GraphError(
            400,
            "BadRequest",
            "Parsing OData Select and Expand failed: Could not find a property named "
            f"'{expanded}' on type '{_OVERVIEW.type_name}'.",
        )
    rows: list[dict[str, object]] = []
    for id_, service in _SERVICES.items():
        row: Document = {"service": service, "status": _status(ask, id_), "id": id_}
        issues = {"issues": list(_issues(ask, id_))} if expanded else {}
        rows.append({**_OVERVIEW.row(row, names), **issues})
    context = ask.context("admin/serviceAnnouncement/healthOverviews")
    return Reply(
        body={"@odata.context": f"{context}(issues())" if expanded else context, "value": rows}
    )


def issues(ask: Ask) -> Reply:
    """A page of issues; the next one is told by `$skip`."""
    names = selected(ask, ISSUE.properties, ISSUE.type_name) or list(ISSUE.properties)
    node = directory_filter(ask, ISSUE, advanced=False)
    begin = integer(ask, "$skip") or 0
    most = _most(ask)
    rows = (row for id_ in _SERVICES for row in _issues(ask, id_))
    found = (row for row in rows if node is None or holds(node, ISSUE.exact(row)))
    page = list(islice(found, begin, begin + most + 1))
    body: dict[str, object] = {"@odata.context": ask.context("admin/serviceAnnouncement/issues")}
    if len(page) > most:
        query = {name: value for name, value in ask.query.items() if name != "$skip"}
        options = "".join(f"{name}={quote(value)}&" for name, value in query.items())
        body["@odata.nextLink"] = (
            f"{ask.root}/{ask.version}{ask.path}?{options}$skip={begin + most}"
        )
    body["value"] = [ISSUE.row(row, names) for row in page[:most]]
    return Reply(body=body)


def _most(ask: Ask) -> int:
    """Rows per page: $top, or what is preferred, up to 1000."""
    top = integer(ask, "$top")
    name, _, preferred = ask.headers.get("prefer", "").partition("=")
    if top is None and name.strip() == "odata.maxpagesize" and preferred.strip().isdecimal():
        top = int(preferred)
    if top == 0:
        raise GraphError(400, "BadRequest", "Invalid value '0' for $top query option found.")
    return min(top or _PAGE, _LARGEST_PAGE)


def _degraded_since(ask: Ask) -> datetime | None:
    """Since when Microsoft Entra is degraded, if it is by now."""
    if ask.tenant.degraded_for is None:
        return None
    began = ask.started - ask.tenant.degraded_for
    return began if began <= ask.now else None


def _status(ask: Ask, service: str) -> str:
    if service == ENTRA and _degraded_since(ask):
        return _cased(ask.tenant, "serviceDegradation")
    return _cased(ask.tenant, _UNUSUAL.get(service, "serviceOperational"))


_UNUSUAL: Mapping[str, str] = {"Exchange": "investigating", "Intune": "serviceRestored"}


def _cased(tenant: Tenant, word: str) -> str:
    """Enums are written in one of two ways: the metadata's, or that of the samples."""
    return word[0].upper() + word[1:] if tenant.pascal_case else word


def _issues(ask: Ask, service: str) -> Iterator[Document]:
    """The newest first; only what is going on has no end."""
    if service == ENTRA and (since := _degraded_since(ask)):
        yield _issue(ask.tenant, service, 0, since, None, "incident", "serviceDegradation")
    if service == "Exchange":
        began = ask.started - timedelta(days=2)
        yield _issue(ask.tenant, service, 0, began, None, "advisory", "investigating")
    past = _past_issues(ask.tenant, ask.started, service)
    yield from (issue for ended, issue in past if ended <= ask.now)


@lru_cache(maxsize=2 * len(_SERVICES))
def _past_issues(
    tenant: Tenant, started: datetime, service: str
) -> list[tuple[datetime, Document]]:
    """Those that are over, with their end."""
    issues = []
    for number in range(1, _PAST_ISSUES + 1):
        chance = digest("issue", service, number)
        began = started - timedelta(days=10 * number, seconds=chance % 86_400)
        ended = began + timedelta(hours=1 + chance % 90)
        kind = "incident" if chance % 3 == 0 else "advisory"
        issue = _issue(tenant, service, number, began, ended, kind, "serviceRestored")
        issues.append((ended, issue))
    return issues


def _issue(
    tenant: Tenant,
    service: str,
    number: int,
    began: datetime,
    ended: datetime | None,
    classification: str,
    status: str,
) -> Document:
    name = _SERVICES[service]
    what = "Some users may be unable to sign in or to reset their password"
    title = what if service == ENTRA else f"Some users may be unable to use {name}"
    changed = (ended or began) + timedelta(minutes=40)
    prefix = "".join(letter for letter in name if letter.isupper())[:2].ljust(2, "X")
    return {
        "startDateTime": stamp(began),
        "endDateTime": stamp(ended),
        "lastModifiedDateTime": fine_stamp(changed),
        "title": title,
        "id": f"{prefix}{900_000 + digest(service) % 900 * 100 + number}",
        "impactDescription": f"{title}.",
        "classification": _cased(tenant, classification),
        "origin": _cased(tenant, "microsoft"),
        "status": _cased(tenant, status),
        "service": name,
        "feature": "Authentication" if service == ENTRA else "Access",
        "featureGroup": "Authentication" if service == ENTRA else "Networking Issues",
        "isResolved": ended is not None,
        "details": [{"name": "NotifyInApp", "value": "True"}],
        "posts": [
            {
                "createdDateTime": fine_stamp(changed),
                "postType": _cased(tenant, "regular"),
                "description": {"contentType": "html", "content": f"Title: {title}"},
            }
        ],
    }
