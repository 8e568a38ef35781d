"""The reporting workload: registration rows and the audit log.

It has manners of its own: no advanced queries, fewer operators, other words for a refusal.
"""

from datetime import UTC, datetime, timedelta

from .audit import Event, log_of
from .http import Ask, GraphError, Reply
from .listing import fill_page, integer, selected
from .odata import Compare, Edm, FilterError, Node, conjuncts, holds, parse
from .paging import next_link, place_of
from .people import Selection, firsts
from .resources import REGISTRATION
from .schema import Document, Filterable, Resource, Row, collection, only, part

LOG_DELAY = timedelta(minutes=10)

_REGISTRATION_PAGE = 999
_AUDIT_PAGE = 1000
_TEXT = only(Edm.STRING, "eq", "startswith")
_EXACT = only(Edm.STRING, "eq")


def _complex(**parts: Filterable) -> Filterable:
    return Filterable(
        None,
        frozenset(),
        frozenset(),
        {path.replace("__", "/"): rule for path, rule in parts.items()},
    )


_AUDIT: Resource[Document] = Resource(
    name="DirectoryAudit",
    type_name="microsoft.graph.directoryAudit",
    connectives=frozenset({"and"}),
    properties={
        "activityDateTime": part("activityDateTime", only(Edm.DATE, "eq", "ge", "le")),
        "activityDisplayName": part("activityDisplayName", _TEXT),
        "additionalDetails": part("additionalDetails"),
        "category": part("category", _EXACT),
        "correlationId": part("correlationId", _EXACT),
        "id": part("id", _EXACT),
        "initiatedBy": part(
            "initiatedBy",
            _complex(
                user__id=_EXACT,
                user__displayName=_TEXT,
                user__userPrincipalName=_TEXT,
                app__appId=_EXACT,
                app__displayName=_TEXT,
            ),
        ),
        "loggedByService": part("loggedByService", _EXACT),
        "operationType": part("operationType"),
        # Not filterable: who wants only the failures has to read everything.
        "result": part("result"),
        "resultReason": part("resultReason"),
        "targetResources": part(
            "targetResources", collection({"id": _EXACT, "displayName": _TEXT})
        ),
    },
)


def registration_details(ask: Ask) -> Reply:
    """A page of rows: members and guests who are enabled."""
    names = selected(ask, REGISTRATION.properties, REGISTRATION.type_name)
    top = _page_size(ask, _REGISTRATION_PAGE)
    people = firsts(ask.tenant, ask.tenant.cohorts, ask.started, ask.now, "user")
    enabled = [first for first in people if first.cohort.enabled]
    selection = Selection(REGISTRATION, enabled, _filter(ask, REGISTRATION))
    context = ask.context("reports/authenticationMethods/userRegistrationDetails")
    body: dict[str, object] = {"@odata.context": context}
    fill_page(ask, body, selection, REGISTRATION, names or list(REGISTRATION.properties), top)
    return Reply(body=body)


def delegated_only(ask: Ask) -> Reply:
    """No app role opens this door, so nobody gets here."""
    raise NotImplementedError(ask.path)


def directory_audits(ask: Ask) -> Reply:
    """A page of the audit log, the newest first unless ordered otherwise."""
    names = selected(ask, _AUDIT.properties, _AUDIT.type_name)
    top = _page_size(ask, _AUDIT_PAGE)
    newest_first = _newest_first(ask)
    node = _filter(ask, _AUDIT)
    oldest, newest = _interval(ask, node)
    after = _after(ask)
    if after is not None:
        oldest, newest = (oldest, after[0]) if newest_first else (after[0], newest)
    rows: list[tuple[datetime, Event]] = []
    events = log_of(ask.tenant, ask.started).between(oldest, newest, newest_first=newest_first)
    for at, event in events:
        key = (at, str(event["id"]))
        if after is not None and (key >= after if newest_first else key <= after):
            continue
        if node is None or holds(node, _AUDIT.exact(event)):
            rows.append((at, event))
        if len(rows) > top:
            break
    body: dict[str, object] = {"@odata.context": ask.context("auditLogs/directoryAudits")}
    if len(rows) > top:
        at, event = rows[top - 1]
        body["@odata.nextLink"] = next_link(ask, [at.isoformat(), str(event["id"])])
    body["value"] = [
        event if names is None else {name: event[name] for name in names if name in event}
        for _, event in rows[:top]
    ]
    return Reply(body=body)


def _page_size(ask: Ask, most: int) -> int:
    top = integer(ask, "$top")
    if top is None:
        return most
    if top > most:
        raise GraphError(
            400,
            "BadRequest",
            f"The limit of '{most}' for Top query has been exceeded. "
            f"The value from the incoming request is '{top}'.",
        )
    if top == 0:
        raise GraphError(400, "BadRequest", "Invalid value '0' for $top query option found.")
    return top


def _filter(ask: Ask, resource: Resource[Row]) -> Node | None:
    text = ask.query.get("$filter")
    if text is None:
        return None
    try:
        node = parse(text)
        resource.check(node, advanced=False)
    except FilterError as error:
        raise GraphError(400, "BadRequest", f"Invalid filter clause: {error}") from None
    return node


def _newest_first(ask: Ask) -> bool:
    words = ask.query.get("$orderby", "activityDateTime desc").split()
    if words[:1] != ["activityDateTime"] or words[1:] not in ([], ["asc"], ["desc"]):
        raise GraphError(400, "BadRequest", "Only activityDateTime can be ordered by.")
    return words[1:] == ["desc"]


def _interval(ask: Ask, node: Node | None) -> tuple[datetime, datetime]:
    """What of the log can be seen, narrowed by the filter so that no hour is made in vain."""
    oldest, newest = ask.now - ask.tenant.retention, ask.now - LOG_DELAY
    for term in conjuncts(node):
        if not isinstance(term, Compare) or not isinstance(term.literal.value, datetime):
            continue
        if term.op in ("ge", "eq"):
            oldest = max(oldest, term.literal.value)
        if term.op in ("le", "eq"):
            newest = min(newest, term.literal.value)
    return oldest, newest


def _after(ask: Ask) -> tuple[datetime, str] | None:
    """The last event of the page before."""
    place = place_of(ask)
    if place is None:
        return None
    try:
        return datetime.fromisoformat(place[0]).astimezone(UTC), place[1]
    except (IndexError, ValueError):
        raise GraphError(400, "BadRequest", "The page token is invalid.") from None
