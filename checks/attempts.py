"""What became of each attempt to reset, change or unlock: one attempt writes many audit rows.

Reasons are free text in several spellings, so they are matched in lower case, anywhere in the text.
What is not known is counted as unclassified and shown, never dropped.
https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from checks.plain import plain


class Kind(StrEnum):
    """Who did what. Blocking is counted like an attempt: one row is one user blocked for a day."""

    RESET = "reset"
    CHANGE = "change"
    UNLOCK = "unlock"
    BY_ADMIN = "by_admin"
    BLOCKED = "blocked"


class Outcome(StrEnum):
    """How an attempt ended, in rising order of what says most about it."""

    OPEN = "open"
    ABANDONED = "abandoned"
    USER = "user"
    BLOCKED = "blocked"
    NOT_ENABLED = "not_enabled"
    NOT_LICENSED = "not_licensed"
    NOT_REGISTERED = "not_registered"
    UNCLASSIFIED = "unclassified"
    WRITEBACK_OFF = "writeback_off"
    ON_PREMISES = "on_premises"
    UNREACHABLE = "unreachable"
    SUCCEEDED = "succeeded"
    CLOUD_FAILED = "cloud_failed"


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}

SERVICE_FAILURES = frozenset({Outcome.ON_PREMISES, Outcome.UNREACHABLE, Outcome.CLOUD_FAILED})
"""Caused by writeback itself; a user who mistypes is no failure of the service."""

_KINDS = {
    "reset password (self-service)": Kind.RESET,
    "self-service password reset flow activity progress": Kind.RESET,
    "change password (self-service)": Kind.CHANGE,
    "unlock user account (self-service)": Kind.UNLOCK,
    "reset password (by admin)": Kind.BY_ADMIN,
    "blocked from self-service password reset": Kind.BLOCKED,
}
_PROGRESS = "self-service password reset flow activity progress"

_PHRASES: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    (Outcome.CLOUD_FAILED, ("onpremisessuccesscloudfailure",)),
    (
        Outcome.UNREACHABLE,
        # The second spelling occurs in the logs of some tenants.
        ("onpremisesconnectivity", "onpremisesconnectivty", "could not reach your on-premises"),
    ),
    (
        Outcome.ON_PREMISES,
        ("onpremisesadminactionrequired", "while resetting the user's on-premises password"),
    ),
    (Outcome.WRITEBACK_OFF, ("enable password writeback", "writebacknotenabled")),
    (Outcome.NOT_LICENSED, ("does not have a license", "usernotlicensed")),
    (
        Outcome.NOT_REGISTERED,
        ("insufficient authentication methods", "usernotproperlyconfigured"),
    ),
    (
        Outcome.NOT_ENABLED,
        (
            "not enabled for this user",
            "not a member of the password reset users group",
            "disabled entirely for this tenant",
            "tenantssprflagdisabled",
            "ssprnotenabledinuserpolicy",
            "usernotmemberofscopedaccessgroup",
        ),
    ),
    (
        Outcome.USER,
        ("fuzzypolicy", "policyviolation", "notcomply", "incorrectpassword", "cookies"),
    ),
    (Outcome.BLOCKED, ("too many",)),
    (Outcome.ABANDONED, ("abandon", "cancel", "contacted")),
    (Outcome.SUCCEEDED, ("successfully reset password", "successfully completed reset")),
    (
        Outcome.OPEN,
        ("user submitted", "user started", "user completed", "user was presented", "user chose"),
    ),
)


_IDENTIFYING = re.compile(r"\S*@\S*|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4,}", re.IGNORECASE)
_WORD = re.compile(r"\w{2,}")
_LONGEST = 500


def kind_of(activity: str) -> Kind | None:
    return _KINDS.get(activity.strip().lower())


def outcome_of(activity: str, result: str, reason: str) -> Outcome:
    """What one audit row says about its attempt."""
    text = reason.strip().lower()
    for outcome, phrases in _PHRASES:
        if any(phrase in text for phrase in phrases):
            return outcome
    if activity.strip().lower() == _PROGRESS:
        return Outcome.OPEN if result != "failure" or text in ("", "none") else Outcome.UNCLASSIFIED
    if result == "success":
        return Outcome.SUCCEEDED
    return Outcome.UNCLASSIFIED


def masked(reason: str, names: Iterable[str] = ()) -> str:
    """An unclassified reason for people to read, without what could identify anybody.

    `names` are those of whoever its row is about, whose words are masked as well.
    """
    text = _IDENTIFYING.sub("…", reason.strip()[:_LONGEST])
    words = {word for name in names for word in _WORD.findall(name.partition("@")[0][:_LONGEST])}
    if words:
        # Longer ones first, as one may begin with another.
        of_names = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        text = re.sub(of_names, "…", text, flags=re.IGNORECASE)
    return plain(text, 80) or "no reason given"


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """Seconds since 1970 of its newest row, and what is known of how it ended."""

    at: int
    kind: Kind
    outcome: Outcome

    def and_then(self, at: int, outcome: Outcome) -> Attempt:
        """One more row of the same attempt, in any order, as often as it is read."""
        return Attempt(
            max(self.at, at), self.kind, max(self.outcome, outcome, key=_RANK.__getitem__)
        )


class Attempts(msgspec.Struct, frozen=True):
    """Attempts of the last day one by one, by correlation id; older ones as numbers per day.

    `days` maps a date to numbers by "kind outcome". `unclassified` maps reasons that are not known
    here to when they were last seen, in seconds since 1970. Reading a row again changes nothing.
    """

    recent: Mapping[str, Attempt] = {}
    days: Mapping[str, Mapping[str, int]] = {}
    unclassified: Mapping[str, int] = {}

    def settled(
        self, kind: Kind, now: datetime, *, hours: float, lag_seconds: int
    ) -> list[Attempt]:
        """Attempts of a kind, oldest first, without those that the log may still add to."""
        latest = int(now.timestamp())
        return sorted(
            (
                attempt
                for attempt in self.recent.values()
                if attempt.kind is kind
                and latest - hours * 3600 <= attempt.at
                and (attempt.outcome is not Outcome.OPEN or attempt.at <= latest - lag_seconds)
            ),
            key=lambda attempt: attempt.at,
        )

    def numbers(
        self, kind: Kind, now: datetime, *, days: int, lag_seconds: int
    ) -> Counter[Outcome]:
        """How many attempts of a kind ended how, over days."""
        counts = Counter(
            attempt.outcome
            for attempt in self.settled(kind, now, hours=24 * days, lag_seconds=lag_seconds)
        )
        first = datetime.fromtimestamp(now.timestamp() - days * 86_400, UTC).date().isoformat()
        for day, numbers in self.days.items():
            if day > first:
                for name, number in numbers.items():
                    of_kind, _, outcome = name.partition(" ")
                    if of_kind == kind:
                        counts[Outcome(outcome)] += number
        return counts


def retire(attempts: Attempts, *, before: datetime, oldest: datetime, most: int) -> Attempts:
    """Count by day what ended before a time or is too much to keep, and forget the oldest days."""
    limit = int(before.timestamp())
    by_age = sorted(attempts.recent.items(), key=lambda item: item[1].at)
    overflow = max(0, len(by_age) - most)
    days = {day: dict(numbers) for day, numbers in attempts.days.items()}
    recent = dict(attempts.recent)
    for index, (key, attempt) in enumerate(by_age):
        if index >= overflow and attempt.at >= limit:
            break
        day = datetime.fromtimestamp(attempt.at, UTC).date().isoformat()
        name = f"{attempt.kind} {attempt.outcome}"
        numbers = days.setdefault(day, {})
        numbers[name] = numbers.get(name, 0) + 1
        del recent[key]
    kept = {day: numbers for day, numbers in days.items() if day >= oldest.date().isoformat()}
    return Attempts(recent, kept, attempts.unclassified)
