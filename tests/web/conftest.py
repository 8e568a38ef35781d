"""What is asked, and by whom, without a host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import checks
from shared.settings import load
from shared.text import Lang, words
from shared.web.asked import Asked

TENANT = "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5"
NOW = datetime(2026, 11, 21, 12, 1, tzinfo=UTC)


@pytest.fixture
def ask() -> Callable[..., Asked]:
    """A request with these parameters, to an app with these settings."""

    def asked(
        now: datetime = NOW,
        accept: str = "",
        lang: Lang = Lang.EN,
        settings: dict[str, str] | None = None,
        **params: str,
    ) -> Asked:
        environment = {
            "SSPR_TENANT_ID": TENANT,
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        }
        known = load(environment | (settings or {}), checks.THRESHOLDS)
        return Asked(known, words(lang), now, params, accept)

    return asked
