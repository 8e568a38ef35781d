"""The shape of a check: a module-level object that is the whole contract, and a pure `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.facts import Fact, Facts
from shared.model import Evidence, Metric, Param, State, Verdict
from shared.settings import Settings, Threshold

LEARN = "https://learn.microsoft.com/entra/identity"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question about SSPR. `codes` gives every outcome and the state it stands for.

    `problems` are the bullets of the source documents (A1 to B5) that the check watches. `links`
    overrides `link`, the page that tells how to fix it, for single codes.
    """

    id: str
    problems: tuple[str, ...]
    needs: tuple[Fact[Any], ...]
    codes: Mapping[str, State]
    link: str
    evaluate: Callable[[Facts, Settings, datetime], Verdict]
    thresholds: tuple[Threshold, ...] = ()
    links: Mapping[str, str] | None = None

    def verdict(
        self,
        code: str,
        *,
        params: Mapping[str, Param] | None = None,
        metrics: Mapping[str, Metric] | None = None,
        evidence: tuple[Evidence, ...] = (),
        as_of: datetime | None = None,
    ) -> Verdict:
        """A verdict whose state follows from its code."""
        return Verdict(
            check=self.id,
            state=self.codes[code],
            code=code,
            params=params or {},
            metrics=metrics or {},
            evidence=evidence,
            as_of=as_of,
        )

    def link_for(self, code: str) -> str:
        return (self.links or {}).get(code, self.link)
