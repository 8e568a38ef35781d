"""The words everybody uses: states, facts that are known or not, verdicts, runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class State(StrEnum):
    """What is said of a check, mildest first. `unknown` is never a failure and never a pass."""

    NOT_APPLICABLE = "not_applicable"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """How bad it is: 0 (does not apply) to 4 (critical)."""
        return _RANKS[self]


_RANKS = {state: rank for rank, state in enumerate(State)}


def worst(states: Iterable[State]) -> State:
    """The overall state; unknown when nothing applies."""
    applicable = [state for state in states if state is not State.NOT_APPLICABLE]
    return max(applicable, key=lambda state: state.rank, default=State.UNKNOWN)


class Reason(StrEnum):
    """Why a fact could not be had: a closed list, so that every reason has a sentence."""

    SIGN_IN_FAILED = "sign_in_failed"
    PERMISSION_MISSING = "permission_missing"
    LICENCE_MISSING = "licence_missing"
    UNSUPPORTED = "unsupported"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    MALFORMED = "malformed"
    NOT_COLLECTED = "not_collected"


LASTING = frozenset({Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING})
"""Reasons that say something about the tenant; any other may be gone at the next try."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact that was read; `as_of` is the age of the source data, where the source tells it."""

    value: T
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A fact that could not be read: why, which permission would allow it, and what was answered.

    `detail` is for administrators: status and error code, never a name or an address.
    """

    reason: Reason
    permission: str | None = None
    detail: str = ""


class Metric(msgspec.Struct, frozen=True):
    """A number worth plotting. Units: seconds, ratio (0 to 1), users, objects, seats."""

    value: float
    unit: str


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """How we know: where the value was read, what it was, and what it was compared with."""

    source: str
    observed: str | int | float | bool | None
    threshold: str | int | float | bool | None = None


Param = str | int | float


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check says in one run. Sentences are rendered from check, code and params.

    Names of params carry their unit: `_seconds`, `_ratio`, `_at` (ISO 8601); others are counts.
    """

    check: str
    state: State
    code: str
    params: Mapping[str, Param] = {}
    metrics: Mapping[str, Metric] = {}
    evidence: tuple[Evidence, ...] = ()
    as_of: datetime | None = None
    permission: str | None = None


DEFAULT_INTERVAL = 900.0
"""Seconds that a run speaks for whose version did not say."""


class Run(msgspec.Struct, frozen=True):
    """One run of all checks. `slot` is the scheduled time, `duration` is in seconds.

    It speaks for the `interval` seconds until the next scheduled time, unless another run comes
    earlier; what no run speaks for is a gap.
    """

    tenant: str
    slot: datetime
    started_at: datetime
    duration: float
    graph_requests: int
    verdicts: tuple[Verdict, ...]
    interval: float = DEFAULT_INTERVAL

    @property
    def state(self) -> State:
        return worst(verdict.state for verdict in self.verdicts)


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A state seen in the run of a slot."""

    at: datetime
    state: State


class Standing(msgspec.Struct, frozen=True):
    """A check's latest verdict beside the state that has been confirmed over several runs.

    `recent` holds the latest states, oldest first, only as many as confirmation looks at.
    """

    latest: Verdict
    confirmed: State
    since: datetime
    recent: tuple[Sighting, ...]


class Change(msgspec.Struct, frozen=True):
    """Another state of a check, confirmed by the run of `slot` and true `since` an earlier one."""

    check: str
    slot: datetime
    since: datetime
    before: State
    after: State
    code: str
    lasted_seconds: float
    """How long the state before had been true."""


class Current(msgspec.Struct, frozen=True):
    """What the status URL needs, in one row: the newest run and every check's standing.

    `changes` are those that came with this row. They are written to history after it, or by
    whoever comes next.
    """

    run: Run
    standings: tuple[Standing, ...]
    changes: tuple[Change, ...] = ()

    @property
    def state(self) -> State:
        """The overall confirmed state."""
        return worst(standing.confirmed for standing in self.standings)
