"""The registration report, folded into counts. Rows are people; only counts are kept.

Enabled: in the scope of the SSPR policy. Registered: has enough methods. Capable: both.
https://learn.microsoft.com/graph/api/resources/userregistrationdetails
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

SELECT = (
    "isAdmin",
    "isSsprCapable",
    "isSsprEnabled",
    "isSsprRegistered",
    "userType",
    "lastUpdatedDateTime",
)


class RegistrationRow(msgspec.Struct, rename="camel"):
    is_sspr_capable: bool | None
    is_sspr_enabled: bool | None
    is_sspr_registered: bool | None
    is_admin: bool | None = None
    user_type: str | None = None
    last_updated_date_time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class RegistrationPage(msgspec.Struct):
    value: tuple[RegistrationRow, ...]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


read_registration_page = msgspec.json.Decoder(RegistrationPage).decode


class Coverage(msgspec.Struct, frozen=True):
    """How many members there are, and of them are Enabled, Registered, Capable."""

    members: int = 0
    enabled: int = 0
    registered: int = 0
    capable: int = 0

    @property
    def ratio(self) -> float | None:
        """Capable / Enabled; None when nobody is enabled. Never Registered / Capable."""
        return self.capable / self.enabled if self.enabled else None


class Registration(msgspec.Struct, frozen=True):
    """Counts over the whole report. Guests reset in their home tenant and are only counted apart.

    `unclear` rows had no value for a flag and are in neither group. The report leaves out disabled
    accounts by itself. `newest_at` is its age: rows are computed at different times.
    """

    users: Coverage = Coverage()
    administrators: Coverage = Coverage()
    guests: int = 0
    unclear: int = 0
    newest_at: datetime | None = None


def fold_rows(registration: Registration, rows: Iterable[RegistrationRow]) -> Registration:
    """Add a page of rows to the counts."""
    users = _Tally(registration.users)
    administrators = _Tally(registration.administrators)
    guests, unclear, newest = registration.guests, registration.unclear, registration.newest_at
    for row in rows:
        stamp = row.last_updated_date_time
        if stamp is not None and (newest is None or stamp > newest):
            newest = stamp
        if row.user_type == "guest":
            guests += 1
        elif None in (row.is_sspr_enabled, row.is_sspr_capable, row.is_sspr_registered):
            unclear += 1
        else:
            (administrators if row.is_admin else users).add(row)
    return Registration(users.coverage(), administrators.coverage(), guests, unclear, newest)


class _Tally:
    def __init__(self, start: Coverage) -> None:
        self._counts = [start.members, start.enabled, start.registered, start.capable]

    def add(self, row: RegistrationRow) -> None:
        counts = self._counts
        counts[0] += 1
        counts[1] += row.is_sspr_enabled is True
        counts[2] += row.is_sspr_registered is True
        counts[3] += row.is_sspr_capable is True

    def coverage(self) -> Coverage:
        return Coverage(*self._counts)
