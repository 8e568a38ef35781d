"""What a resource looks like: its properties, how a row gets them, and how they may be filtered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .odata import (
    UNKNOWN,
    Among,
    AnyOf,
    Compare,
    CountIs,
    Edm,
    FilterError,
    Joined,
    Literal,
    Lookup,
    Node,
    Not,
    Path,
    StartsWith,
)

Row = TypeVar("Row")
Document = Mapping[str, object]

# https://learn.microsoft.com/graph/filter-query-parameter
MOST_VALUES = 15

NEEDS_ADVANCED = (
    "Operator '{}' is not supported because the required parameters might be missing. "
    "Try adding $count=true query parameter and ConsistencyLevel:eventual header. "
    "Refer to https://aka.ms/graph-docs/advanced-queries for more information"
)


@dataclass(frozen=True)
class Filterable:
    """Which operators a property takes by default, and which in advanced queries.

    `parts` are the properties of the elements of a collection (the name "" is the element itself).
    """

    edm: Edm | None
    default: frozenset[str]
    advanced: frozenset[str]
    parts: Mapping[str, "Filterable"] = field(default_factory=dict)


def equals(edm: Edm, *also: str, advanced_only: bool = False) -> Filterable:
    """`eq`, with all that follows from it: https://aka.ms/graph-docs/advanced-queries.

    Where `eq` works by default so does `in`; `ne` and `not` always need the advanced parameters.
    """
    default = frozenset({"eq", "in", *(op for op in also if op != "null")})
    advanced = default | {"ne", "not", *also}
    return Filterable(edm, frozenset() if advanced_only else default, advanced)


def only(edm: Edm, *operators: str) -> Filterable:
    """Just these operators, in every kind of query."""
    return Filterable(edm, frozenset(operators), frozenset(operators))


def collection(parts: Mapping[str, Filterable], *, advanced_only: bool = False) -> Filterable:
    """A collection for `any(...)`; emptiness (`/$count eq 0`) always needs advanced queries."""
    default = frozenset() if advanced_only else frozenset({"any"})
    return Filterable(None, default, frozenset({"any", "not", "$count"}), parts)


@dataclass(frozen=True)
class Property(Generic[Row]):
    """`value` makes it for a row; `varies` says it is not the same for the whole cohort."""

    value: Callable[[Row], object]
    filterable: Filterable | None = None
    varies: bool = False


def varying(value: Callable[[Row], object], filterable: Filterable | None = None) -> Property[Row]:
    return Property(value, filterable, varies=True)


def part(name: str, filterable: Filterable | None = None) -> Property[Document]:
    """A property of a row that is a document already."""
    return Property(lambda document: document.get(name), filterable)


@dataclass(frozen=True, kw_only=True)
class Resource(Generic[Row]):
    """An entity type. `default` are the properties returned without $select (all if empty)."""

    name: str
    type_name: str
    properties: Mapping[str, Property[Row]]
    default: Sequence[str] = ()
    connectives: frozenset[str] = frozenset({"and", "or", "not"})

    def row(self, item: Row, names: Sequence[str]) -> dict[str, object]:
        properties = self.properties
        return {name: properties[name].value(item) for name in names}

    def certain(self, item: Row) -> Lookup:
        """What is known of every row of the cohort that `item` belongs to."""
        return lambda path: self._dig(item, path, vary=False)

    def exact(self, item: Row) -> Lookup:
        return lambda path: self._dig(item, path, vary=True)

    def _dig(self, item: Row, path: Path, *, vary: bool) -> object:
        found = self.properties[path[0]]
        if found.varies and not vary:
            return UNKNOWN
        value = found.value(item)
        for name in path[1:]:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def check(self, node: Node, *, advanced: bool) -> None:
        """Raise FilterError unless this resource accepts the filter."""
        self._check(node, self._find, advanced=advanced, negated=False)

    def _check(
        self, node: Node, find: Callable[[Path], Filterable], *, advanced: bool, negated: bool
    ) -> None:
        match node:
            case Joined(op, left, right):
                self._connective(op)
                self._check(left, find, advanced=advanced, negated=negated)
                self._check(right, find, advanced=advanced, negated=negated)
            case Not(inner):
                self._connective("not")
                self._check(inner, find, advanced=advanced, negated=True)
            case AnyOf(path, body):
                rule = find(path)
                if not rule.parts:
                    raise FilterError(f"Any/All may only be used on a collection, not '{path[0]}'.")
                _allow(rule, "any", advanced=advanced, negated=negated)
                if body is not None:
                    parts = rule.parts
                    self._check(
                        body,
                        lambda inner: _part(parts, inner),
                        advanced=advanced,
                        negated=negated,
                    )
            case CountIs(path, op, literal):
                _allow(find(path), "$count", advanced=advanced, negated=negated)
                if op not in ("eq", "ne") or literal.value != 0:
                    raise FilterError("Only 'eq 0' and 'ne 0' work on $count.", unsupported=True)
            case _:
                _leaf(node, find(node.path), advanced=advanced, negated=negated)

    def _connective(self, op: str) -> None:
        if op not in self.connectives:
            raise FilterError(f"Operator '{op}' is not supported.", unsupported=True)

    def _find(self, path: Path) -> Filterable:
        """The rule for a path; complex values may list theirs as 'user/id'."""
        found = self.properties.get(path[0])
        if found is None:
            raise FilterError(
                f"Could not find a property named '{path[0]}' on type '{self.type_name}'."
            )
        rule = found.filterable
        if rule is not None and len(path) > 1:
            rule = rule.parts.get("/".join(path[1:]))
        if rule is None:
            raise FilterError(
                "Unsupported or invalid query filter clause specified for property "
                f"'{path[0]}' of resource '{self.name}'.",
                unsupported=True,
            )
        return rule


def _part(parts: Mapping[str, Filterable], path: Path) -> Filterable:
    rule = parts.get("/".join(path))
    if rule is None:
        raise FilterError(f"Could not find a property named '{'/'.join(path)}' on the element.")
    return rule


def _leaf(
    node: Compare | Among | StartsWith, rule: Filterable, *, advanced: bool, negated: bool
) -> None:
    if rule.parts:
        raise FilterError(f"'{node.path[0]}' is a collection: a lambda is expected.")
    literals: tuple[Literal, ...]
    match node:
        case Compare(_, op, literal):
            literals, operator = (literal,), op
        case Among(_, several):
            if len(several) > MOST_VALUES:
                raise FilterError(
                    f"Too many values for 'in': {len(several)}. Max allowed: {MOST_VALUES}.",
                    unsupported=True,
                )
            literals, operator = several, "in"
        case StartsWith(_, literal):
            literals, operator = (literal,), "startswith"
    if any(literal.edm is Edm.NULL for literal in literals):
        _allow(rule, "null", advanced=advanced, negated=negated)
        if operator == "eq":
            return
    _allow(rule, operator, advanced=advanced, negated=negated)
    for literal in literals:
        _same_type(rule, literal)


def _same_type(rule: Filterable, literal: Literal) -> None:
    if literal.edm not in (rule.edm, Edm.NULL):
        raise FilterError(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{rule.edm}' and '{literal.edm}'."
        )


def _allow(rule: Filterable, operator: str, *, advanced: bool, negated: bool) -> None:
    allowed = rule.advanced if advanced else rule.default
    for op in (operator, "not") if negated else (operator,):
        if op in allowed:
            continue
        if op in rule.advanced:
            raise FilterError(NEEDS_ADVANCED.format(op), unsupported=True)
        raise FilterError(f"Operator '{op}' is not supported here.", unsupported=True)


def documents(type_name: str, names: str, **filterable: Filterable) -> Resource[Document]:
    """An entity type whose rows are documents; `names` are its properties, apart by blanks."""
    return Resource(
        name=type_name[0].upper() + type_name[1:],
        type_name=f"microsoft.graph.{type_name}",
        properties={name: part(name, filterable.get(name)) for name in names.split()},
    )
