"""Rows out of nothing: any user, group or contact is made from its number when it is asked for."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Generic, TypeVar
from uuid import UUID

from .odata import Among, Compare, Node, conjuncts, holds
from .schema import Resource
from .tenant import DOMAIN, INITIAL_DOMAIN, Cohort, Tenant, ThingCohort

Kind = TypeVar("Kind", Cohort, ThingCohort)

_GIVEN = (
    "Ada Anton Aylin Bela Birgit Bram Camila Cato Chidi Dagny Deniz Edda Emil Esra Farah Finn "
    "Gita Greta Hana Hugo Ida Imre Ines Jonas Jun Kaia Kofi Lea Levi Lin Mads Maren Mei Milo "
    "Nadia Nils Noor Olga Otto Pia Priya Rana Rolf Runa Sami Selma Siri Tariq Tessa Tove Udo "
    "Vera Viggo Wanda Wei Yara Yusuf Zeno"
)
_FAMILY = (
    "Abel Aalto Bakker Berg Brandt Castro Chen Dahl Demir Eide Ekman Falk Ferrer Fossum Gruber "
    "Haddad Hansen Holm Iversen Jansen Juma Kaya Keller Kimura Krog Lange Lim Lund Marino Mbeki "
    "Moen Nagy Novak Nygaard Okafor Olsen Park Petrov Quist Ramos Reiter Rossi Sato Schuster "
    "Silva Sofia Strand Sutanto Tan Thoresen Uddin Vance Vidal Wagner Wibowo Wirth Xu Yilmaz Zhou"
)
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC to the second, as the directory writes it."""
    return None if moment is None else f"{moment.isoformat(timespec='seconds')[:19]}Z"


def fine_stamp(moment: datetime) -> str:
    """ISO 8601 in UTC to 100 ns without trailing zeros, as the reports write it."""
    return f"{moment.isoformat(timespec='microseconds')[:26]}1Z"


def digest(*parts: object) -> int:
    """128 bits that depend on nothing but the parts."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=16).digest())


def guid(*parts: object) -> str:
    return str(UUID(int=digest(*parts), version=4))


# The number hides in the first digits of an id, so that an id leads back to it without a search.
_SPREAD = 0x9E3779B1
_GATHER = pow(_SPREAD, -1, 2**32)


@lru_cache(maxsize=8192)
def id_of(seed: int, family: str, number: int) -> str:
    head = (number * _SPREAD + digest(seed, family)) % 2**32
    return f"{head:08x}{guid(seed, family, number)[8:]}"


def number_of(seed: int, family: str, identifier: str) -> int | None:
    """Whose id it is; None when it is nobody's."""
    try:
        head = int(identifier[:8], 16)
    except ValueError:
        return None
    number = (head - digest(seed, family)) * _GATHER % 2**32
    return number if id_of(seed, family, number) == identifier.lower() else None


@dataclass(frozen=True, slots=True)
class Item(Generic[Kind]):
    """The `number`-th user, group or contact of a tenant."""

    tenant: Tenant
    started: datetime
    now: datetime
    cohort: Kind
    number: int
    family: str = "user"

    @property
    def id(self) -> str:
        return id_of(self.tenant.seed, self.family, self.number)

    @property
    def given_name(self) -> str:
        return GIVEN[digest(self.tenant.seed, "given", self.number) % len(GIVEN)]

    @property
    def surname(self) -> str:
        return FAMILY[digest(self.tenant.seed, "family", self.number) % len(FAMILY)]

    def moment(self, purpose: str, youngest: timedelta, oldest: timedelta) -> datetime:
        """Some moment before the start, always the same one."""
        span = int((oldest - youngest).total_seconds())
        chance = digest(self.tenant.seed, purpose, self.number) % span
        return self.started - youngest - timedelta(seconds=chance)


Person = Item[Cohort]
Thing = Item[ThingCohort]


def display_name(person: Person) -> str:
    return f"{person.given_name} {person.surname}"


def alias(person: Person) -> str:
    return f"{person.given_name}.{person.surname}{person.number}".lower()


def mail(person: Person) -> str:
    if person.cohort.guest:
        return f"{alias(person)}@partner.example"
    return f"{alias(person)}@{DOMAIN if person.tenant.custom_domain else INITIAL_DOMAIN}"


def principal_name(person: Person) -> str:
    address = mail(person)
    if person.cohort.guest:
        return f"{address.replace('@', '_')}#EXT#@{INITIAL_DOMAIN}"
    return address


def stride(size: int) -> int:
    """A step that visits every position once and keeps neighbours far apart."""
    step = max(1, int(size * 0.618))
    while math.gcd(step, size) != 1:
        step += 1
    return step


class Selection(Generic[Kind]):
    """The rows a filter leaves, in an order that mixes the cohorts; nothing is held in memory.

    A cohort of which the filter says nothing certain stays in, and its rows are looked at one by
    one. Counting is O(cohorts) unless there are such cohorts. Of a filter that names ids only these
    rows are looked at.
    """

    def __init__(
        self,
        resource: Resource[Item[Kind]],
        first: Sequence[Item[Kind]],
        node: Node | None,
    ) -> None:
        """`first` holds the first item of every cohort that is in the collection."""
        self._resource: Resource[Item[Kind]] = resource
        self._node: Node | None = None
        self._firsts: list[Item[Kind]] = []
        self._starts: list[int] = []
        self.size = 0
        for item in first:
            verdict = True if node is None else holds(node, resource.certain(item))
            if verdict is False or not item.cohort.size:
                continue
            if verdict is None:
                self._node = node
            self._firsts.append(item)
            self._starts.append(self.size)
            self.size += item.cohort.size
        self._stride = stride(self.size) if self.size else 1
        ids = _ids(node)
        self._places = None if ids is None else sorted(self._places_of(ids))

    def count(self) -> int:
        if self._node is None:
            return self.size
        return sum(1 for _ in self.after(0))

    def after(self, position: int) -> Iterator[tuple[int, Item[Kind]]]:
        """Matching items from a position on, each with the position that follows it."""
        places: Sequence[int] = range(position, self.size)
        if self._places is not None:
            places = [place for place in self._places if place >= position]
        for place in places:
            item = self._at(place * self._stride % self.size)
            if self._node is None or holds(self._node, self._resource.exact(item)):
                yield place + 1, item

    def _places_of(self, ids: Iterable[str]) -> set[int]:
        back = pow(self._stride, -1, self.size) if self.size else 0
        places: set[int] = set()
        if not self._firsts:
            return places
        seed, family = self._firsts[0].tenant.seed, self._firsts[0].family
        numbers = {number_of(seed, family, identifier) for identifier in ids}
        for first, start in zip(self._firsts, self._starts, strict=True):
            for number in numbers:
                if number is not None and 0 <= number - first.number < first.cohort.size:
                    places.add((start + number - first.number) * back % self.size)
        return places

    def _at(self, offset: int) -> Item[Kind]:
        index = bisect_right(self._starts, offset) - 1
        first = self._firsts[index]
        return Item(
            first.tenant,
            first.started,
            first.now,
            first.cohort,
            first.number + offset - self._starts[index],
            first.family,
        )


def _ids(node: Node | None) -> list[str] | None:
    """The ids that a filter narrows everything down to; None when it names none."""
    for part in conjuncts(node):
        match part:
            case Compare(("id",), "eq", literal):
                return [str(literal.value)]
            case Among(("id",), literals):
                return [str(literal.value) for literal in literals]
    return None


def firsts(
    tenant: Tenant, cohorts: Sequence[Kind], started: datetime, now: datetime, family: str
) -> list[Item[Kind]]:
    """The first item of each cohort; the cohorts lie end to end on the line of numbers."""
    items: list[Item[Kind]] = []
    number = 0
    for cohort in cohorts:
        items.append(Item(tenant, started, now, cohort, number, family))
        number += cohort.size
    return items
