"""Values as rows: a JSON document, split over properties that Table Storage accepts.

The emulator does not enforce all of the service's limits, so they are enforced here.
https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from shared.model import Change

T = TypeVar("T")

SCHEMA = 1

# A string property holds 32,768 UTF-16 units, which are at least half as many characters, and an
# entity 1 MiB.
PROPERTY_CHARS = 16_000
ENTITY_UNITS = 450_000

_LAST_SECOND = 9_999_999_999
_LAST_DAY = 99_999_999
_COLUMN = "c_"


class RowTooLargeError(ValueError):
    """The value does not fit into one row."""


def run_key(slot: datetime) -> str:
    """Seconds counted down, so that the newest row comes first: ten digits."""
    return f"{_LAST_SECOND - int(slot.timestamp()):010d}"


def slot_of_key(key: str) -> datetime:
    """The slot that `run_key` was made of."""
    return datetime.fromtimestamp(_LAST_SECOND - int(key), UTC)


def day_key(day: date) -> str:
    """Days counted down, newest first: eight digits."""
    return f"{_LAST_DAY - int(f'{day:%Y%m%d}'):08d}"


def day_of_key(key: str) -> date:
    """The day that `day_key` was made of."""
    return date.fromisoformat(str(_LAST_DAY - int(key)))


def change_key(change: Change) -> str:
    """Newest first, one for each check and run."""
    return f"{run_key(change.slot)}-{change.check}"


def pack_columns(values: Mapping[str, object]) -> dict[str, Any]:
    """One property for each check, so that the history of one can be read without the others'."""
    return {_COLUMN + name: msgspec.json.encode(value).decode() for name, value in values.items()}


def unpack_columns(entity: Mapping[str, Any], shape: type[T]) -> dict[str, T]:
    """The values of `pack_columns`, as far as this version can read them."""
    values = {}
    for name, text in entity.items():
        if name.startswith(_COLUMN):
            try:
                values[name.removeprefix(_COLUMN)] = msgspec.json.decode(text, type=shape)
            except msgspec.MsgspecError:
                # Another version's: history has a gap there rather than no answer at all.
                continue
    return values


def columns(checks: Iterable[str]) -> list[str]:
    """The properties that hold these checks."""
    return [_COLUMN + check for check in checks]


def pack(value: object) -> dict[str, Any]:
    """The properties `schema`, `document`, `document_1` ... for a value."""
    text = msgspec.json.encode(value).decode()
    # Counted in UTF-16: a character outside the basic plane takes two units.
    units = len(text.encode("utf-16-le")) // 2
    if units > ENTITY_UNITS:
        raise RowTooLargeError(f"{type(value).__name__} takes {units} of {ENTITY_UNITS} units")
    parts = [text[i : i + PROPERTY_CHARS] for i in range(0, len(text), PROPERTY_CHARS)]
    return {"schema": SCHEMA} | {_property(i): part for i, part in enumerate(parts)}


def unpack(entity: Mapping[str, Any], shape: type[T]) -> T:
    """The value of a row. Raises msgspec.MsgspecError when the row holds no such value."""
    parts: list[str] = []
    while (part := entity.get(_property(len(parts)))) is not None:
        parts.append(part)
    return msgspec.json.decode("".join(parts), type=shape)


def _property(index: int) -> str:
    return f"document_{index}" if index else "document"
