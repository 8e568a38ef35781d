"""Codes and messages -> words, in the reader's language.

A message is a whole English sentence with placeholders, never put together from pieces; its
translations are found by it. The last part of a placeholder's name says how its value is written:
`_seconds` as a duration, `_ratio` as a percentage, `_at` as a time, `hours` and `days` with that
word; a number gets its thousands separated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from gettext import NullTranslations
from string import Formatter

from shared.model import Param, State, Verdict
from shared.text.choose import Lang
from shared.text.sentences import CHECKS, OVERALL, STATES, UNREADABLE, UNTOLD, Outcome

__all__ = ["Lang", "Words", "words"]

SPANS = {
    "days": (86_400, "{n} day", "{n} days"),
    "hours": (3_600, "{n} hour", "{n} hours"),
    "minutes": (60, "{n} minute", "{n} minutes"),
}
"""Units of time, largest first: seconds, and what one and many are called."""

QUANTITIES = {
    "applications": ("{n} application", "{n} applications"),
    "attempts": ("{n} attempt", "{n} attempts"),
    "failures": ("{n} failure", "{n} failures"),
    "failures in a row": ("{n} failure in a row", "{n} failures in a row"),
    "members": ("{n} member", "{n} members"),
    "objects": ("{n} object", "{n} objects"),
    "percentage points": ("{n} percentage point", "{n} percentage points"),
    "requests": ("{n} request", "{n} requests"),
    "resets": ("{n} reset", "{n} resets"),
    "runs": ("{n} run", "{n} runs"),
    "seats": ("{n} seat", "{n} seats"),
    "users": ("{n} user", "{n} users"),
}
"""Units of what is counted, and what one and many are called."""

STATE = "state"
DURATION = "duration"
CASES = {"": DURATION, "dative": f"{DURATION}, dative"}
"""What a translation may write after the colon of a placeholder, and the context of its words.

German needs it: a duration is "3 Tage" by itself, but "vor 3 Tagen" in "{age_seconds:dative}".
"""
MOMENT = "less than a minute"
TOGETHER = "{larger} {smaller}"
AMOUNT = "amount"
PARAGRAPH = "paragraph"
SENTENCES = "{first} {second}"


class Words:
    """What is told in one language. This one is English, for which nothing has to be loaded."""

    def __init__(self, lang: Lang, translations: NullTranslations) -> None:
        self.lang = lang
        self._translations = translations

    def say(self, message: str, /, **params: Param) -> str:
        """A message of pages, headings and problem documents."""
        return self._filled(self._translations.gettext(message), params)

    def count(self, one: str, many: str, n: int, /, **params: Param) -> str:
        """A message that a number turns; `{n}` is the number."""
        return self._filled(self._translations.ngettext(one, many, n), {"n": n, **params})

    def title(self, check: str) -> str:
        """The name of a check for people; its id if rows of the past have one that is gone."""
        return self.say(CHECKS[check].title) if check in CHECKS else check

    def sentence(self, verdict: Verdict) -> str:
        """What a verdict says, in one or two sentences."""
        outcome = _outcome(verdict)
        if outcome is UNTOLD:
            return self.say(UNTOLD.sentence, code=verdict.code)
        if outcome.one is None:
            return self.say(outcome.sentence, **verdict.params)
        n = verdict.params[outcome.by]
        return self.count(outcome.one, outcome.sentence, int(n), **verdict.params)

    def fix(self, verdict: Verdict) -> str | None:
        """What to do about it; None when there is nothing to do."""
        text = _outcome(verdict).fix
        return self.say(text, **verdict.params) if text else None

    def outline(self, check: str, code: str) -> str:
        """What a code of a check says, with an ellipsis for what a verdict fills in."""
        told = CHECKS[check].outcomes[code]
        one, many = told.one, told.sentence
        gettext, ngettext = self._translations.gettext, self._translations.ngettext
        text = ngettext(one, many, 2) if one else gettext(many)
        return text.format_map(defaultdict(lambda: _Inflected(lambda _: "…")))

    def overall(self, state: State) -> str:
        """How the tenant is, in one sentence."""
        return self.say(OVERALL[state])

    def state(self, state: State) -> str:
        """The word for a state, to stand alone."""
        return self._translations.pgettext(STATE, STATES[state])

    def duration(self, seconds: float, case: str = "") -> str:
        """The two largest units that matter: "1 day 2 hours", or "less than a minute"."""
        parts: list[str] = []
        left = int(seconds)
        for unit, (size, _, _) in SPANS.items():
            n, left = divmod(left, size)
            if n and len(parts) < 2:
                parts.append(self._span(unit, n, case))
            elif parts:
                break
        if not parts:
            return self._translations.pgettext(CASES[case], MOMENT)
        if len(parts) == 1:
            return parts[0]
        larger, smaller = parts
        together = self._translations.pgettext(DURATION, TOGETHER)
        return together.format(larger=larger, smaller=smaller)

    def ago(self, seconds: float) -> str:
        """How long something is past: "12 minutes ago"."""
        return self.say("{age_seconds} ago", age_seconds=max(0.0, seconds))

    def paragraph(self, *sentences: str) -> str:
        """One sentence after another, without those that are empty; in Chinese without a space."""
        pattern = self._translations.pgettext(PARAGRAPH, SENTENCES)
        told = ""
        for sentence in filter(None, sentences):
            told = pattern.format(first=told, second=sentence) if told else sentence
        return told

    def listed(self, items: Sequence[str]) -> str:
        """All of them: "a, b and c"."""
        *others, last = items or [""]
        return f"{', '.join(others)} and {last}" if others else last

    def number(self, value: float) -> str:
        """Thousands separated, one digit after the point when it is not whole: "1,600", "2.5"."""
        return f"{value:,.1f}".removesuffix(".0")

    def percent(self, ratio: float) -> str:
        """One digit after the point; never rounded up to a full 100%, nor down to a bare 0%."""
        if 0 < ratio < 0.001:
            return self.say("less than {percentage}", percentage=self._percent(0.001))
        return self._percent(0.999 if 0.999 < ratio < 1 else ratio)

    def at(self, moment: datetime) -> str:
        """A time to the minute, in UTC and saying so."""
        moment = moment.astimezone(UTC)
        return self.say("{day} {time} UTC", day=self.day(moment), time=self.time(moment))

    def day(self, day: date) -> str:
        return f"{day.day} {day:%B} {day.year}"

    def short_day(self, day: date) -> str:
        """Without its year, for the axis of a chart: "21 Nov"."""
        return f"{day.day} {day:%b}"

    def time(self, moment: datetime) -> str:
        """Hours and minutes."""
        return f"{moment:%H:%M}"

    def quantity(self, value: float, unit: str) -> str:
        """A number with its unit, of a metric or threshold: "12 minutes", "1,600 users"."""
        if unit == "seconds":
            return self.duration(value) if value >= 0 else f"-{self.duration(-value)}"
        if unit == "ratio":
            return self.percent(value)
        if unit == "percent":
            return self.percent(value / 100)
        if unit in SPANS:
            return self._span(unit, value)
        # Rows of the past may have units that nothing has today.
        one, many = QUANTITIES.get(unit, (f"{{n}} {unit}",) * 2)
        return self._amount(AMOUNT, one, many, value)

    def _percent(self, ratio: float) -> str:
        return f"{self.number(ratio * 100)}%"

    def _span(self, unit: str, n: float, case: str = "") -> str:
        _, one, many = SPANS[unit]
        return self._amount(CASES[case], one, many, n)

    def _amount(self, context: str, one: str, many: str, value: float) -> str:
        n = int(value) if value == int(value) else 2  # "1.5 users", as with any number but one
        return self._translations.npgettext(context, one, many, n).format(n=self.number(value))

    def _filled(self, text: str, params: Mapping[str, Param]) -> str:
        return text.format_map({name: self._written(name, value) for name, value in params.items()})

    def _written(self, name: str, value: Param) -> str | _Inflected:
        last = name.rpartition("_")[2]
        if last == "seconds":
            return _Inflected(partial(self.duration, float(value)))
        if last in SPANS:
            return _Inflected(partial(self._span, last, float(value)))
        if last == "ratio":
            return self.percent(float(value))
        if last == "at":
            text = str(value)
            if len(text) == len("2026-11-21"):
                return self.day(date.fromisoformat(text))
            return self.at(datetime.fromisoformat(text))
        return value if isinstance(value, str) else self.number(value)


class _Inflected:
    """A value whose words depend on the case that a translation asks for: see CASES."""

    def __init__(self, written: Callable[[str], str]) -> None:
        self._written = written

    def __format__(self, case: str) -> str:
        return self._written(case)


@cache
def words(lang: Lang = Lang.EN) -> Words:
    """The words of a language; any but English is loaded when it is first asked for."""
    if lang is Lang.EN:
        return Words(lang, NullTranslations())
    from shared.text.translated import load

    return load(lang)


title = words().title
sentence = words().sentence
fix = words().fix
overall = words().overall


def _outcome(verdict: Verdict) -> Outcome:
    """What is said of a verdict; of one that another version stored, maybe nothing."""
    told = CHECKS[verdict.check].outcomes if verdict.check in CHECKS else {}
    outcome = told.get(verdict.code) or UNREADABLE.get(verdict.code, UNTOLD)
    texts = filter(None, (outcome.sentence, outcome.fix, outcome.one))
    needed = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    return outcome if needed <= verdict.params.keys() else UNTOLD
