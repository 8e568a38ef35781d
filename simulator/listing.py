"""Collections of the directory: $filter, $select, $top, $count and pages."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from .http import Ask, GraphError, Reply
from .odata import FilterError, Node, holds, parse
from .paging import next_link, place_of
from .people import Item, Kind, Selection
from .schema import Document, Resource, Row

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 999


def selected(ask: Ask, known: Collection[str], type_name: str) -> list[str] | None:
    """The names in $select, None without it; raises 400 for a property that does not exist."""
    text = ask.query.get("$select")
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise GraphError(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: "
                f"Could not find a property named '{name}' on type '{type_name}'.",
            )
    return names


def integer(ask: Ask, option: str) -> int | None:
    """A non-negative number, None without the option; raises 400."""
    text = ask.query.get(option)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise GraphError(
            400, "BadRequest", f"Invalid value '{text}' for {option} query option found."
        )
    return int(text)


def directory_filter(ask: Ask, resource: Resource[Row], *, advanced: bool) -> Node | None:
    """The parsed $filter, if this kind of query may use it; raises 400."""
    text = ask.query.get("$filter")
    if text is None:
        return None
    try:
        node = parse(text)
        resource.check(node, advanced=advanced)
    except FilterError as error:
        if error.unsupported:
            raise GraphError(400, "Request_UnsupportedQuery", str(error)) from None
        raise GraphError(400, "BadRequest", f"Invalid filter clause: {error}") from None
    return node


def directory_page(
    ask: Ask, name: str, resource: Resource[Item[Kind]], first: Sequence[Item[Kind]]
) -> Reply:
    """One page; the count comes with the first page only, and only when counting is available."""
    names = selected(ask, resource.properties, resource.type_name)
    top = page_size(ask)
    if ask.query.get("$count", "false") not in ("true", "false"):
        raise GraphError(400, "BadRequest", "Invalid value for $count query option found.")
    node = directory_filter(ask, resource, advanced=ask.advanced)
    selection = Selection(resource, first, node)
    body: dict[str, object] = {"@odata.context": ask.context(name)}
    if ask.advanced and "$skiptoken" not in ask.query:
        body["@odata.count"] = selection.count()
    columns = names or resource.default or list(resource.properties)
    fill_page(ask, body, selection, resource, columns, top)
    return Reply(body=body)


def document_page(
    ask: Ask,
    name: str,
    resource: Resource[Document],
    rows: Iterable[Document],
    expanded: Sequence[str] = (),
) -> Reply:
    """One page of rows that are documents already, the expanded properties among them.

    Without $select they go out as they are.
    """
    names = selected(ask, resource.properties, resource.type_name)
    top = page_size(ask)
    node = directory_filter(ask, resource, advanced=False)
    begin = _begin(ask)
    found = (row for row in rows if node is None or holds(node, resource.exact(row)))
    page = list(islice(found, begin, begin + top + 1))
    context = ask.context(name) + "".join(f"({property_}())" for property_ in expanded)
    body: dict[str, object] = {"@odata.context": context}
    if len(page) > top:
        body["@odata.nextLink"] = next_link(ask, [str(begin + top)])
    body["value"] = [
        row if names is None else {name: row[name] for name in (*names, *expanded)}
        for row in page[:top]
    ]
    return Reply(body=body)


def page_size(ask: Ask) -> int:
    """What $top says, or the default; raises 400."""
    top = integer(ask, "$top")
    if top is not None and not 1 <= top <= _LARGEST_PAGE:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            f"Invalid page size specified: '{top}'. Must be between 1 and {_LARGEST_PAGE} "
            "inclusive.",
        )
    return top or _DEFAULT_PAGE


def directory_count(ask: Ask, resource: Resource[Item[Kind]], first: Sequence[Item[Kind]]) -> Reply:
    """The bare number of `/$count`: https://learn.microsoft.com/graph/aad-advanced-queries."""
    if "application/json" in ask.headers.get("accept", ""):
        raise GraphError(415, "Request_BadRequest", "A supported MIME type could not be found.")
    if not ask.eventual:
        raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
    node = directory_filter(ask, resource, advanced=True)
    return Reply(body=Selection(resource, first, node).count(), content_type="text/plain")


def fill_page(
    ask: Ask,
    body: dict[str, object],
    selection: Selection[Kind],
    resource: Resource[Item[Kind]],
    names: Sequence[str],
    top: int,
) -> None:
    """Put the rows of the page into the body, and the way to the next one if there is one."""
    rows = list(islice(selection.after(_begin(ask)), top + 1))
    if len(rows) > top:
        body["@odata.nextLink"] = next_link(ask, [str(rows[top - 1][0])])
    body["value"] = [resource.row(item, names) for _, item in rows[:top]]


def _begin(ask: Ask) -> int:
    """How many rows the pages before have shown; raises 400."""
    place = place_of(ask)
    try:
        return int(place[0]) if place else 0
    except (IndexError, ValueError):
        raise GraphError(400, "Request_BadRequest", "The page token is invalid.") from None
