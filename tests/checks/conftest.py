"""Judging one check with made-up facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import checks
from checks.check import Check
from checks.facts import Fact, Facts
from shared.model import Known, Unavailable, Verdict
from shared.settings import load
from shared.text import Lang, words
from shared.text.sentences import UNTOLD

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENVIRONMENT = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "SSPR_TENANT_ID": "00000000-0000-4000-8000-000000000001",
}

Judge = Callable[..., Verdict]


@pytest.fixture
def judge() -> Judge:
    def judge(check: Check, facts: Mapping[Fact[Any], object], **environment: str) -> Verdict:
        """The verdict on these facts; a fact is given by its value or as Unavailable."""
        known = {
            fact.name: answer if isinstance(answer, Unavailable) else Known(answer, as_of=NOW)
            for fact, answer in facts.items()
        }
        thresholds = dict.fromkeys((*checks.THRESHOLDS, *check.thresholds))
        settings = load(ENVIRONMENT | environment, thresholds)
        (verdict,) = checks.assess([check], Facts(known), settings, NOW)
        for lang in Lang:
            sentence = words(lang).sentence(verdict)
            assert sentence
            assert sentence != words(lang).say(UNTOLD.sentence, code=verdict.code)
            words(lang).fix(verdict)
        return verdict

    return judge
