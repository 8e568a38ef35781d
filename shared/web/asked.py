"""What was asked for: parameters, the representation, and the reader. Anything else is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.settings import Settings
from shared.text import Words
from shared.web.answers import Answer, problem
from shared.web.formats import Format, accepted


class RefusedError(Exception):
    """A request that cannot be answered as it is, with the answer that says what to change.

    What was asked is never repeated: in the wrong parameter it may be a function key.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as answers depend on it. Every method may raise RefusedError."""

    settings: Settings
    words: Words
    now: datetime
    params: Mapping[str, str]
    accept: str = ""

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        """The value of a parameter, None when it was left out."""
        value = self.params.get(name)
        if value is not None and value not in allowed:
            raise self.refused(
                name, self.words.say("Use one of these: {allowed}.", allowed=", ".join(allowed))
            )
        return value

    def number(self, name: str, least: int, most: int, default: int) -> int:
        text = self.params.get(name, str(default))
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        if not least <= number <= most:
            raise self.refused(
                name,
                self.words.say(
                    "Use a whole number from {least} to {most}.", least=str(least), most=str(most)
                ),
            )
        return number

    def time(self, name: str, earliest: datetime) -> datetime:
        """A day, or a time that is UTC unless it says otherwise; no earlier than `earliest`."""
        text = self.params.get(name)
        if text is None:
            return earliest
        try:
            # In an address, a plus that nobody escaped has become a space.
            found = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            raise self.refused(
                name,
                self.words.say(
                    "Use a day or a time of ISO 8601, such as 2026-11-01 or 2026-11-01T12:00:00Z."
                ),
            ) from None
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return min(max(found, earliest), self.now).astimezone(UTC)

    def format(self, offered: Sequence[Format]) -> Format:
        """`format=`, else what the Accept header wants most, else the first that is offered."""
        named = self.one_of("format", offered)
        if named is not None:
            return Format(named)
        found = accepted(self.accept, offered)
        if found is None:
            types = ", ".join(offer.media_type for offer in offered)
            raise RefusedError(
                problem(
                    406,
                    self.words.say("No such format"),
                    self.words.say("Accept one of these media types: {allowed}.", allowed=types),
                )
            )
        return found

    def refused(self, name: str, fix: str) -> RefusedError:
        """A parameter that is not understood, with what to use."""
        say = self.words.say
        return RefusedError(
            problem(400, say("The value of {parameter} is not understood", parameter=name), fix)
        )
