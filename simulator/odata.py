"""The $filter language: from text to tree, and what a tree says of a row.

Three-valued: a row, or a whole cohort of rows of which only some properties are known, either
matches, does not, or may (None).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Final

Path = tuple[str, ...]
Lookup = Callable[[Path], object]


class Unknown(Enum):
    """The value differs from row to row."""

    VARIES = 0


UNKNOWN: Final = Unknown.VARIES


class FilterError(Exception):
    """The filter is refused: malformed, or (`unsupported`) well-formed but not available."""

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.unsupported = unsupported


class Edm(StrEnum):
    BOOLEAN = "Edm.Boolean"
    STRING = "Edm.String"
    GUID = "Edm.Guid"
    DATE = "Edm.DateTimeOffset"
    NUMBER = "Edm.Int32"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Literal:
    value: object
    edm: Edm


@dataclass(frozen=True, slots=True)
class Compare:
    path: Path
    op: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Among:
    path: Path
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    path: Path
    literal: Literal


@dataclass(frozen=True, slots=True)
class CountIs:
    path: Path
    op: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class AnyOf:
    path: Path
    body: "Node | None"


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Joined:
    op: str
    left: "Node"
    right: "Node"


Node = Compare | Among | StartsWith | CountIs | AnyOf | Not | Joined

_COMPARISONS = ("eq", "ne", "ge", "le", "gt", "lt")
_DEEPEST = 50
_LONGEST = 400
_TOO_MUCH = "The node count limit has been exceeded."
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
    | (?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)
    | (?P<number>-?\d{1,18})
    | (?P<text>'(?:[^']|'')*')
    | (?P<word>[A-Za-z_$@][\w$.]*)
    | (?P<mark>[(),/:])
    )""",
    re.VERBOSE,
)


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """The tree of a $filter; raises FilterError."""
    parser = _Parser(text)
    node = parser.either(frozenset(), 0)
    parser.end()
    return node


class _Parser:
    """Recursive descent, one method per level of precedence."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise FilterError(f"Syntax error at position {position} in '{text}'.")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        if len(self._tokens) > _LONGEST:
            raise FilterError(_TOO_MUCH)
        self._text = text

    def either(self, variables: frozenset[str], depth: int) -> Node:
        node = self._both(variables, depth)
        while self._take("word", "or"):
            node = Joined("or", node, self._both(variables, depth))
        return node

    def _both(self, variables: frozenset[str], depth: int) -> Node:
        node = self._term(variables, depth)
        while self._take("word", "and"):
            node = Joined("and", node, self._term(variables, depth))
        return node

    def _term(self, variables: frozenset[str], depth: int) -> Node:
        if depth > _DEEPEST:
            raise FilterError(_TOO_MUCH)
        if self._take("word", "not"):
            return Not(self._term(variables, depth + 1))
        if self._take("mark", "("):
            node = self.either(variables, depth + 1)
            self._need(")")
            return node
        if self._take("word", "startswith"):
            self._need("(")
            path = self._path(variables)
            self._need(",")
            literal = self._literal()
            self._need(")")
            return StartsWith(path, literal)
        return self._clause(variables, depth)

    def _clause(self, variables: frozenset[str], depth: int) -> Node:
        path = self._path(variables)
        if path and path[-1] in ("any", "all") and self._take("mark", "("):
            return self._lambda(path, depth)
        if self._take("word", "in"):
            return self._among(path)
        for op in _COMPARISONS:
            if self._take("word", op):
                literal = self._literal()
                if path and path[-1] == "$count":
                    return CountIs(path[:-1], op, literal)
                return Compare(path, op, literal)
        raise self._error()

    def _lambda(self, path: Path, depth: int) -> Node:
        if path[-1] == "all":
            raise FilterError("The 'all' lambda operator is not supported.", unsupported=True)
        if self._take("mark", ")"):
            return AnyOf(path[:-1], None)
        variable = self._next("word")
        self._need(":")
        body = self.either(frozenset({variable}), depth + 1)
        self._need(")")
        return AnyOf(path[:-1], body)

    def _among(self, path: Path) -> Node:
        self._need("(")
        literals = [self._literal()]
        while self._take("mark", ","):
            literals.append(self._literal())
        self._need(")")
        return Among(path, tuple(literals))

    def _path(self, variables: frozenset[str]) -> Path:
        parts = [self._next("word")]
        while self._take("mark", "/"):
            parts.append(self._next("word"))
        if not variables:
            return tuple(parts)
        if parts[0] not in variables:
            raise FilterError(f"Could not find a range variable named '{parts[0]}'.")
        return tuple(parts[1:])

    def _literal(self) -> Literal:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        match kind:
            case "text":
                return Literal(text[1:-1].replace("''", "'"), Edm.STRING)
            case "guid":
                return Literal(text.lower(), Edm.GUID)
            case "number":
                return Literal(int(text), Edm.NUMBER)
            case "date":
                return Literal(instant(text), Edm.DATE)
            case "word" if text in ("true", "false"):
                return Literal(text == "true", Edm.BOOLEAN)
            case "word" if text == "null":
                return Literal(None, Edm.NULL)
        raise self._error()

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, text):
            self._at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise self._error()

    def _next(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise self._error()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise self._error()

    def _error(self) -> FilterError:
        return FilterError(f"Syntax error at token {self._at + 1} in '{self._text}'.")


def instant(text: str) -> datetime:
    """A UTC time from its ISO form; a bare date is its midnight. Raises FilterError."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FilterError(f"Unrecognized 'Edm.DateTimeOffset' literal '{text}'.") from None


def conjuncts(node: Node | None) -> list[Node]:
    """The parts that must all hold."""
    if isinstance(node, Joined) and node.op == "and":
        return conjuncts(node.left) + conjuncts(node.right)
    return [] if node is None else [node]


def holds(node: Node, value_of: Lookup) -> bool | None:
    """Whether the row (or every row of the cohort) matches; None when it depends on the row."""
    match node:
        case Joined(op, left, right):
            decisive = op == "or"
            first = holds(left, value_of)
            if first is decisive:
                return first
            second = holds(right, value_of)
            if second is decisive:
                return second
            return None if first is None or second is None else not decisive
        case Not(inner):
            verdict = holds(inner, value_of)
            return None if verdict is None else not verdict
        case AnyOf(path, body):
            items = value_of(path)
            if items is UNKNOWN:
                return None
            return _any(items if isinstance(items, list) else [], body)
        case CountIs(path, op, literal):
            items = value_of(path)
            if items is UNKNOWN:
                return None
            return _compare(len(items) if isinstance(items, list) else 0, op, literal.value)
        case _:
            value = value_of(node.path)
            return None if value is UNKNOWN else _leaf(node, value)


def _any(items: list[object], body: Node | None) -> bool | None:
    if body is None:
        return bool(items)
    verdicts = [holds(body, within(item)) for item in items]
    if any(verdicts):
        return True
    return None if None in verdicts else False


def within(item: object) -> Lookup:
    """Values inside a JSON object; the empty path is the object itself."""

    def value_of(path: Path) -> object:
        value = item
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return value_of


def _leaf(node: Compare | Among | StartsWith, value: object) -> bool:
    match node:
        case Among(_, literals):
            return any(_compare(value, "eq", literal.value) for literal in literals)
        case StartsWith(_, literal):
            return isinstance(value, str) and value.casefold().startswith(
                str(literal.value).casefold()
            )
        case Compare(_, op, literal):
            return _compare(value, op, literal.value)


def _compare(value: object, op: str, other: object) -> bool:
    if isinstance(value, str) and isinstance(other, datetime):
        value = instant(value)
    if isinstance(value, str) and isinstance(other, str):
        value, other = value.casefold(), other.casefold()
    if op in ("eq", "ne"):
        return (value == other) is (op == "eq")
    if isinstance(value, datetime) and isinstance(other, datetime):
        return value >= other if op == "ge" else value <= other
    if isinstance(value, int) and isinstance(other, int):
        return value >= other if op == "ge" else value <= other
    return False
