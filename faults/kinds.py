"""The faults of Graph, as data: how each is switched on, where it can be, what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from enum import StrEnum
from itertools import count
from typing import Any

import msgspec

from faults.asked import Place, Way
from faults.world import World
from shared.model import Reason
from simulator import EMPTY, HTML, TRUNCATED


class Comes(StrEnum):
    """What must come of a fault, where that is no reason to be unknown."""

    NOTHING = "nothing"
    """It passes, or does no harm: every verdict is as without it."""
    NO_ALARM = "no alarm"
    """The answer may count as odd or as one that says less, and never as worse or better."""
    BELIEVED = "believed"
    """The answer is as good as any: nobody could know that it is not so."""


Rules = Callable[[World, Place], Sequence[dict[str, Any]]]
"""What to tell the simulator; the path and query are those of the place unless named."""

BATCH, ITEM, ALONE, PUBLIC = (frozenset({way}) for way in Way)
GRAPH = BATCH | ITEM | ALONE
WHOLE = BATCH | ALONE
ANY = GRAPH | PUBLIC
LINES = WHOLE | PUBLIC


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A column. `times` is how often it is met, None for ever; `waits` the least and most seconds
    that it must be waited for.

    `lost`: a public page counts as not reached. `slow`: requests lose patience. `refuses`: nobody
    listens. `permission` is what must be named instead of that of the question.
    """

    name: str
    group: str
    rules: Rules
    comes: Reason | Comes
    on: frozenset[Way] = GRAPH
    paged: bool = False
    times: int | None = None
    waits: tuple[float, float] | None = None
    lost: bool = False
    slow: bool = False
    refuses: bool = False
    permission: str | None = None

    @property
    def alike(self) -> tuple[object, ...]:
        """The same for kinds of which one shows much of what the others do."""
        return self.group, self.comes, self.on, self.times, self.slow


def always(**what: Any) -> Rules:
    return lambda world, place: [what]


def status(number: int, code: str | None = None, **headers: str) -> Rules:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return always(status=number, code=code, headers=named)


def refused(code: str) -> Rules:
    return status(403, code)


def redirected(number: int) -> Rules:
    return lambda world, place: [
        {"status": number, "headers": {"Location": f"http://{world.foreign.host}{place.path}"}}
    ]


class InSevenSeconds(Mapping[str, str]):
    """A header that names a date, counted from when it is sent."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getitem__(self, name: str) -> str:
        return format_datetime(self._world.clock.at + timedelta(seconds=7), usegmt=True)

    def __iter__(self) -> Iterator[str]:
        return iter(("Retry-After",))

    def __len__(self) -> int:
        return 1


# What becomes of a document.

Edit = Callable[[Any], object]


def leaves(change: Callable[[Any], Any]) -> Edit:
    """Change what is in the rows, or in the document where there are none."""

    def edit(document: Any) -> Any:
        if isinstance(document, dict):
            return {
                key: value if key.startswith("@") else edit(value)
                for key, value in document.items()
            }
        if isinstance(document, list):
            return [edit(value) for value in document]
        return change(document)

    return edit


def unknown_word(value: Any) -> Any:
    """Words of an enumeration are letters; names, ids and dates are not only that."""
    return "unknownFutureValue" if isinstance(value, str) and value.isalpha() else value


def wrong_types(document: Any) -> Any:
    return {key: {"unexpected": [True]} for key in document}


def without_rows(document: Any) -> Any:
    rows = "responses" if "responses" in document else "value"
    return {**document, rows: []} if rows in document else {}


def no_text(document: Any) -> bytes:
    """The first byte of every word is none of UTF-8."""
    marked = leaves(lambda value: f"\ue000{value}" if isinstance(value, str) else value)
    return msgspec.json.encode(marked(document)).replace("\ue000".encode(), b"\xff")


def nested(document: Any) -> bytes:
    deep = b"[" * 100_000 + b"]" * 100_000
    return b'{"deep":' + deep + b"," + msgspec.json.encode(document)[1:]


def with_link(link: Callable[[World, Place], object]) -> Rules:
    def rules(world: World, place: Place) -> Sequence[dict[str, Any]]:
        return [{"edit": lambda document: {**document, "@odata.nextLink": link(world, place)}}]

    return rules


def beyond(world: World, place: Place, number: int) -> str:
    return f"{world.graph.endpoint}/{place.version}{place.path}?beyond={number}"


def endless(world: World, place: Place) -> Sequence[dict[str, Any]]:
    numbers = count()

    def linked(document: Any) -> Any:
        return {**document, "@odata.nextLink": beyond(world, place, next(numbers))}

    return [{"edit": linked}, {"query": "beyond=*", "body": {"value": []}, "edit": linked}]


def circle(world: World, place: Place) -> Sequence[dict[str, Any]]:
    def linked(document: Any) -> Any:
        return {**document, "@odata.nextLink": beyond(world, place, 0)}

    return [{"edit": linked}, {"query": "beyond=*", "body": {"value": []}, "edit": linked}]


def empty_first(world: World, place: Place) -> Sequence[dict[str, Any]]:
    """An empty page, whose link leads to the page that was asked for."""
    whole: list[Any] = []

    def emptied(document: Any) -> Any:
        whole.append(document)
        return {"value": [], "@odata.nextLink": beyond(world, place, 0)}

    return [
        {"edit": emptied},
        {"query": "beyond=*", "body": {"value": []}, "edit": lambda document: whole[-1]},
    ]


def in_batch(change: Callable[[dict[str, Any]], Sequence[dict[str, Any]]]) -> Rules:
    """Change what a batch says about one of its items."""

    def rules(world: World, place: Place) -> Sequence[dict[str, Any]]:
        def edit(document: Any) -> Any:
            entries: list[Any] = []
            for entry in document["responses"]:
                mine = entry["id"].rstrip("0123456789").rstrip("_") == place.name
                entries += change(entry) if mine else [entry]
            return {"responses": entries}

        return [{"path": "/$batch", "query": None, "edit": edit}]

    return rules


_DENIED = Reason.PERMISSION_MISSING
_LICENCE = Reason.LICENCE_MISSING
_DOWN = Reason.UNREACHABLE
_ODD = Reason.MALFORMED

KINDS: tuple[Kind, ...] = (
    # Refusals: what Graph is documented or known to say.
    *(
        Kind(name=name, group="refused", rules=rules, comes=comes)
        for name, rules, comes in (
            ("400", status(400), Reason.UNSUPPORTED),
            ("400 P1", status(400, "AadPremiumLicenseRequired"), _LICENCE),
            ("401", status(401), Reason.SIGN_IN_FAILED),
            ("403", refused("Authorization_RequestDenied"), _DENIED),
            ("403 role", refused("Authentication_MSGraphPermissionMissing"), _DENIED),
            ("403 log", refused("Authentication_ApplicationHasNoReadAuditLogDataAccess"), _DENIED),
            ("403 P1", refused("Authentication_RequestFromNonPremiumTenantOrB2CTenant"), _LICENCE),
            ("403 html", always(status=403, body=HTML), _DENIED),
            ("403 bare", refused("UnknownError"), _DENIED),
            ("404", status(404), Reason.UNSUPPORTED),
            ("409", status(409, "Conflict"), Reason.REFUSED),
        )
    ),
    Kind(
        name="403 blind",
        group="refused",
        rules=refused("Authentication_ApplicationHasNoDirectoryReadAccess"),
        comes=_DENIED,
        permission="Directory.Read.All",
    ),
    Kind(
        name="401 odd",
        group="refused",
        rules=status(401, WWW_Authenticate='Bearer claims="/w=="'),
        comes=Reason.SIGN_IN_FAILED,
        on=WHOLE,
    ),
    # Throttling, with and without a time; a server that is down; both pass as well.
    Kind(name="429", group="busy", rules=status(429), comes=Reason.THROTTLED),
    Kind(
        name="429 1 h",
        group="busy",
        rules=status(429, Retry_After="3600"),
        comes=Reason.THROTTLED,
    ),
    *(
        Kind(
            name=name,
            group="busy",
            rules=status(number, **({"Retry_After": after} if after else {})),
            comes=Comes.NOTHING,
            times=1,
            waits=waits,
        )
        for name, number, after, waits in (
            ("429 once", 429, "", (4, 6)),
            ("429 7", 429, "7", (7, 7)),
            ("429 2.1", 429, "2.128", (2.128, 2.128)),
            ("429 soon", 429, "soon", (4, 6)),
            ("503 once", 503, "", (1, 1.5)),
            ("503 7", 503, "7", (7, 7)),
        )
    ),
    Kind(
        name="429 date",
        group="busy",
        rules=lambda world, place: [{"status": 429, "headers": InSevenSeconds(world)}],
        comes=Comes.NOTHING,
        times=1,
        waits=(6, 7),
    ),
    *(
        Kind(name=name, group="busy", rules=rules, comes=_DOWN, on=ANY, lost=True)
        for name, rules in (
            ("500", status(500)),
            ("502", always(status=502, body=HTML)),
            ("503", status(503)),
            ("504", status(504)),
        )
    ),
    # The line.
    Kind(
        name="refused",
        group="line",
        rules=always(),
        comes=_DOWN,
        on=LINES,
        lost=True,
        refuses=True,
    ),
    Kind(name="dropped", group="line", rules=always(drop=True), comes=_DOWN, on=LINES, lost=True),
    Kind(name="reset", group="line", rules=always(reset=True), comes=_DOWN, on=WHOLE),
    Kind(
        name="hang",
        group="line",
        rules=always(delay=30.5),
        comes=Reason.TIMEOUT,
        on=LINES,
        lost=True,
        slow=True,
    ),
    Kind(
        name="drip",
        group="line",
        rules=always(drip=1),
        comes=Reason.TIMEOUT,
        on=WHOLE,
        slow=True,
    ),
    *(
        Kind(
            name=f"{name} once",
            group="line",
            rules=always(**{name: True}),
            comes=Comes.NOTHING,
            on=WHOLE,
            times=1,
            waits=(1, 1.5),
        )
        for name in ("drop", "reset")
    ),
    Kind(
        name="hang once",
        group="line",
        rules=always(delay=30.5),
        comes=Comes.NOTHING,
        on=WHOLE,
        times=1,
        slow=True,
    ),
    Kind(
        name="drip page",
        group="line",
        rules=always(drip=1),
        comes=Comes.NOTHING,
        on=PUBLIC,
        slow=True,
    ),
    # Leading elsewhere.
    *(
        Kind(
            name=str(number),
            group="elsewhere",
            rules=redirected(number),
            comes=Reason.REFUSED,
            on=ANY,
        )
        for number in (301, 302, 307, 308)
    ),
    *(
        Kind(
            name=name,
            group="elsewhere",
            rules=with_link(link),
            comes=_ODD,
            on=ALONE,
            paged=True,
        )
        for name, link in (
            ("host", lambda world, place: f"https://attacker.example{place.path}"),
            ("port", lambda world, place: f"http://{world.foreign.host}{place.path}"),
            ("user", lambda world, place: f"{world.graph.endpoint}@{world.foreign.host}/"),
            ("scheme", lambda world, place: f"https{world.graph.endpoint.removeprefix('http')}/x"),
            ("path", lambda world, place: f"/{place.version}{place.path}?beyond=0"),
            ("no link", lambda world, place: "http://[::1"),
            ("number", lambda world, place: 7),
        )
    ),
    # Bodies.
    *(
        Kind(name=name, group="body", rules=rules, comes=_ODD)
        for name, rules in (
            ("html", always(status=200, body=HTML)),
            ("cut", always(status=200, body=TRUNCATED)),
            ("empty", always(status=200, body=EMPTY)),
            ("204", always(status=204, body=EMPTY)),
            ("types", always(edit=wrong_types)),
        )
    ),
    Kind(
        name="cut once",
        group="body",
        rules=always(status=200, body=TRUNCATED),
        comes=Comes.NOTHING,
        times=1,
    ),
    *(
        Kind(name=name, group="body", rules=always(edit=edit), comes=Comes.NO_ALARM)
        for name, edit in (
            ("nulls", leaves(lambda value: None)),
            ("enums", leaves(unknown_word)),
        )
    ),
    Kind(name="no rows", group="body", rules=always(edit=without_rows), comes=Comes.BELIEVED),
    Kind(
        name="no utf-8",
        group="body",
        rules=always(edit=no_text),
        comes=Comes.NO_ALARM,
        on=WHOLE,
    ),
    Kind(name="deep", group="body", rules=always(edit=nested), comes=_ODD, on=WHOLE),
    Kind(name="huge", group="body", rules=always(size=64 * 2**20), comes=_ODD, on=WHOLE),
    Kind(
        name="packed",
        group="body",
        rules=always(size=256 * 2**20, packed=True),
        comes=_ODD,
        on=WHOLE,
    ),
    Kind(
        name="huge page",
        group="body",
        rules=always(size=64 * 2**20),
        comes=Comes.NOTHING,
        on=PUBLIC,
    ),
    # Pages.
    Kind(
        name="endless",
        group="page",
        rules=endless,
        comes=Comes.NO_ALARM,
        on=ALONE,
        paged=True,
    ),
    Kind(name="circle", group="page", rules=circle, comes=_ODD, on=ALONE, paged=True),
    Kind(
        name="empty 1st",
        group="page",
        rules=empty_first,
        comes=Comes.NOTHING,
        on=ALONE,
        paged=True,
    ),
    # What a batch says about one item.
    *(
        Kind(name=name, group="item", rules=in_batch(change), comes=comes, on=ITEM)
        for name, change, comes in (
            ("missing", lambda entry: [], _ODD),
            ("no id", lambda entry: [{**entry, "id": None}], _ODD),
            ("no status", lambda entry: [{**entry, "status": None}], _ODD),
            ("text status", lambda entry: [{**entry, "status": "200"}], _ODD),
            ("no headers", lambda entry: [{**entry, "headers": None}], _ODD),
            ("no body", lambda entry: [{k: v for k, v in entry.items() if k != "body"}], _ODD),
            ("twice", lambda entry: [entry, entry], Comes.NOTHING),
            ("424", lambda entry: [{**entry, "status": 424, "body": None}], Reason.REFUSED),
        )
    ),
)
