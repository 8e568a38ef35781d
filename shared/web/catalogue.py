"""GET checks: what is watched, by which permissions and thresholds, and where to read on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from shared.model import State
from shared.settings import CHECKS_DISABLED, Settings, Threshold
from shared.text import Words
from shared.text.choose import Lang
from shared.text.links import localized
from shared.web.answers import Answer, document

SCHEMA = "sspr-checks/1"


class Source(Protocol):
    """A fact, as far as people are told of it."""

    @property
    def name(self) -> str: ...
    @property
    def permission(self) -> str: ...
    @property
    def besides(self) -> frozenset[str]: ...
    @property
    def optional(self) -> bool: ...
    @property
    def source(self) -> str: ...
    @property
    def lag(self) -> str: ...


class Listed(Protocol):
    """A check, as far as people are told of it."""

    @property
    def id(self) -> str: ...
    @property
    def problems(self) -> tuple[str, ...]: ...
    @property
    def needs(self) -> tuple[Source, ...]: ...
    @property
    def codes(self) -> Mapping[str, State]: ...
    @property
    def thresholds(self) -> tuple[Threshold, ...]: ...
    @property
    def link(self) -> str: ...


def catalogue(checks: Iterable[Listed], settings: Settings, words: Words) -> Answer:
    """Every check with its thresholds in force."""
    return document(
        {"schema": SCHEMA, "checks": [described(check, settings, words) for check in checks]},
    )


def described(check: Listed, settings: Settings, words: Words) -> dict[str, Any]:
    link, translated = localized(check.link, words.lang)
    return {
        "id": check.id,
        "title": words.title(check.id),
        "enabled": check.id not in settings[CHECKS_DISABLED],
        "problems": check.problems,
        "permissions": sorted(
            {p for fact in check.needs if not fact.optional for p in _permissions(fact)}
        ),
        "facts": [
            {
                "name": fact.name,
                "source": fact.source,
                "lag": words.say(fact.lag),
                "permissions": _permissions(fact),
                "optional": fact.optional,
            }
            for fact in check.needs
        ],
        "codes": check.codes,
        "thresholds": [
            {
                "setting": threshold.name,
                "value": settings[threshold],
                "default": threshold.default,
                "unit": threshold.unit,
                "purpose": words.say(threshold.purpose),
            }
            for threshold in check.thresholds
        ],
        "link": link,
        "link_language": words.lang if translated else Lang.EN,
    }


def _permissions(fact: Source) -> list[str]:
    return sorted(p for p in (fact.permission, *fact.besides) if p)
