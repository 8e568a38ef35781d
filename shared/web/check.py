"""GET checks/{id}: one check of the catalogue, and what the latest run says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from shared.model import Current
from shared.text import Words
from shared.web.answers import Answer, document, problem
from shared.web.asked import Asked
from shared.web.catalogue import Listed, described
from shared.web.status import Described, told

SCHEMA = "sspr-check/1"


class Watched(Listed, Described, Protocol):
    """A check, as far as people are told of it and of its verdict."""


def check(
    name: str, current: Current | None, checks: Mapping[str, Watched], asked: Asked
) -> Answer:
    """`name` is among `checks`; `latest` is null while no run has judged it."""
    standings = current.standings if current else ()
    standing = next((one for one in standings if one.latest.check == name), None)
    return document(
        {
            "schema": SCHEMA,
            "check": described(checks[name], asked.settings, asked.words),
            "latest": told(standing, checks, asked.words) if standing else None,
            "recorded_at": current.run.started_at if current else None,
        }
    )


def unknown_check(words: Words) -> Answer:
    """A problem document; what was asked for is never repeated."""
    return problem(
        404, words.say("Unknown check"), words.say("No check has this id: see GET checks for all.")
    )
