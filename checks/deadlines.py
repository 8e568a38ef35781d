"""Dates that approach in this tenant: what Microsoft has announced, and what expires by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from checks import connect_certificate, directory_contact_data, method_retirement
from checks.dates import (
    CONNECT_APPLICATION_AUTHENTICATION,
    PHONE_RETIREMENT,
    PHONE_RETIREMENT_GLOBAL_ADMINISTRATORS,
    QUESTIONS_RETIREMENT,
    REGISTERED_METHODS_ONLY,
)
from shared.model import Param, State, Verdict


@dataclass(frozen=True, slots=True)
class Deadline:
    """What ends on a day, and which check watches it.

    `touches` so many users; None when that cannot be told or it is nothing of single users.
    """

    name: str
    day: date
    check: str
    touches: int | None = None


def deadlines(verdicts: Iterable[Verdict], now: datetime) -> list[Deadline]:
    """The next one first. What is past is only told while it touches somebody."""
    by_check = {verdict.check: verdict for verdict in verdicts}
    found = (
        deadline
        for deadline in (*_of_methods(by_check), *_of_connect(by_check))
        if deadline.day >= now.date() or deadline.touches
    )
    return sorted(found, key=lambda deadline: deadline.day)


def _of_methods(by_check: dict[str, Verdict]) -> Iterator[Deadline]:
    retirement = method_retirement.CHECK.id
    contact_data = directory_contact_data.CHECK.id
    ending = _params(by_check, retirement)
    yield Deadline(
        "directory_data",
        REGISTERED_METHODS_ONLY,
        contact_data,
        _number(_params(by_check, contact_data), "found"),
    )
    yield Deadline("phones", PHONE_RETIREMENT, retirement, _number(ending, "phones"))
    yield Deadline("questions", QUESTIONS_RETIREMENT, retirement, _number(ending, "questions"))
    # The report does not tell Global Administrators from other administrators.
    yield Deadline(
        "phones_of_global_administrators", PHONE_RETIREMENT_GLOBAL_ADMINISTRATORS, retirement
    )


def _of_connect(by_check: dict[str, Verdict]) -> Iterator[Deadline]:
    """For tenants that synchronize with Connect."""
    certificate = connect_certificate.CHECK.id
    verdict = by_check.get(certificate)
    if verdict is None or verdict.state is State.NOT_APPLICABLE:
        return
    yield Deadline("connect_version", CONNECT_APPLICATION_AUTHENTICATION, certificate)
    end = verdict.params.get("end_at")
    if isinstance(end, str):
        yield Deadline("certificate", datetime.fromisoformat(end).date(), certificate)


def _params(by_check: dict[str, Verdict], check: str) -> dict[str, Param]:
    return dict(by_check[check].params) if check in by_check else {}


def _number(params: dict[str, Param], name: str) -> int | None:
    number = params.get(name)
    return int(number) if isinstance(number, int | float) else None
