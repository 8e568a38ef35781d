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
    "id",
    "isAdmin",
    "isSsprCapable",
    "isSsprEnabled",
    "isSsprRegistered",
    "methodsRegistered",
    "userType",
    "lastUpdatedDateTime",
)

# What counts towards a reset. Passkeys and Windows Hello are for signing in only.
# https://learn.microsoft.com/entra/identity/authentication/concept-sspr-howitworks
PHONES = frozenset({"mobilePhone", "alternateMobilePhone", "officePhone"})
QUESTIONS = frozenset({"securityQuestion"})
_LASTING_METHODS = frozenset(
    {
        "email",
        "microsoftAuthenticatorPush",
        "microsoftAuthenticatorPasswordless",
        "softwareOneTimePasscode",
        "hardwareOneTimePasscode",
    }
)
_USABLE = PHONES | QUESTIONS | _LASTING_METHODS


class RegistrationRow(msgspec.Struct, rename="camel"):
    is_sspr_capable: bool | None
    is_sspr_enabled: bool | None
    is_sspr_registered: bool | None
    id: str = ""
    is_admin: bool | None = None
    methods_registered: tuple[str, ...] | None = None
    user_type: str | None = None
    last_updated_date_time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class RegistrationPage(msgspec.Struct):
    value: tuple[RegistrationRow, ...]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


read_registration_page = msgspec.json.Decoder(RegistrationPage).decode


class Coverage(msgspec.Struct, frozen=True):
    """How many members there are, and of them are Enabled, Registered, Capable.

    `phone_only` and `questions_only` are the capable ones who would not be, were it not for calls
    and texts, or for security questions (a phone beside them included).
    """

    members: int = 0
    enabled: int = 0
    registered: int = 0
    capable: int = 0
    phone_only: int = 0
    questions_only: int = 0

    @property
    def ratio(self) -> float | None:
        """Capable / Enabled; None when nobody is enabled. Never Registered / Capable."""
        return self.capable / self.enabled if self.enabled else None


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """How many members were enabled in an earlier report."""

    at: datetime
    users: int
    administrators: int


class Registration(msgspec.Struct, frozen=True):
    """Counts over the whole report. Guests reset in their home tenant and are only counted apart.

    `unclear` rows had no value for a flag and are in neither group. The report leaves out disabled
    accounts by itself. `newest_at` is its age: rows are computed at different times.

    Of the enabled members who are not registered, `contact_checked` were looked up in the
    directory, and `contact_found` of them have a phone or an address there, which no longer counts.
    `past` is how the scope was in earlier reports, oldest first.
    """

    users: Coverage = Coverage()
    administrators: Coverage = Coverage()
    guests: int = 0
    unclear: int = 0
    newest_at: datetime | None = None
    contact_checked: int = 0
    contact_found: int = 0
    past: tuple[Scope, ...] = ()


def is_unregistered(row: RegistrationRow) -> bool:
    """A member in the scope of SSPR who has not registered enough methods."""
    return (
        row.user_type != "guest" and row.is_sspr_enabled is True and row.is_sspr_registered is False
    )


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
    return msgspec.structs.replace(
        registration,
        users=users.coverage(),
        administrators=administrators.coverage(),
        guests=guests,
        unclear=unclear,
        newest_at=newest,
    )


class _Tally:
    def __init__(self, start: Coverage) -> None:
        self._counts = list(msgspec.structs.astuple(start))

    def add(self, row: RegistrationRow) -> None:
        counts = self._counts
        counts[0] += 1
        counts[1] += row.is_sspr_enabled is True
        counts[2] += row.is_sspr_registered is True
        if row.is_sspr_capable is True:
            counts[3] += 1
            usable = _USABLE.intersection(row.methods_registered or ())
            if usable and usable <= PHONES:
                counts[4] += 1
            elif usable and usable <= PHONES | QUESTIONS:
                counts[5] += 1

    def coverage(self) -> Coverage:
        return Coverage(*self._counts)
