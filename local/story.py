"""What happened to the simulated tenant before now, as a function of time.

One problem a week comes and goes, each kind once before any of them returns. People register. The
scenario itself comes about during the last weeks; what it says without a time about how the tenant
is built, such as its engine, has been so all along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simulator import Tenant, scenario
from simulator.people import digest
from simulator.tenant import P1, Cohort, Engine, Outcome, Pages, Phase, Toggle, Traffic

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
# A Monday. Weeks are counted from here, so that their problems do not move when now does.
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)

# So long before now it came about what sets a scenario apart from the healthy one.
_CAME_ABOUT = {
    "cohorts": 40 * DAY,
    "groups": 40 * DAY,
    "migration_state": 33 * DAY,
    "skus": 20 * DAY,
    "admins_may_reset": 12 * DAY,
    "reset_service": 12 * DAY,
    "pages": 2 * DAY,
    "available": 2 * DAY,
}

# Registration grew from this share of what it is now, for so long, and has been done for a while.
_LEAST_SHARE = 0.78
_GREW_FOR = 215 * DAY
_GROWN_SINCE = 150 * DAY

# The audit log shows what was before the first run.
_LOOK_BACK = 31 * DAY
# Attempts of seven days are judged together, and so long a switch is pointed out.
_LOGGED_FOR = 8 * DAY

Change = Callable[[Tenant, timedelta], Tenant]
"""The tenant while a problem lasts that began so long before now."""


def _unchanged(tenant: Tenant, age: timedelta) -> Tenant:
    return tenant


def _having(tenant: Tenant, age: timedelta, **fields: Any) -> Tenant:
    return replace(tenant, **fields)


def _without_sync(tenant: Tenant, age: timedelta) -> Tenant:
    return replace(tenant, sync=replace(tenant.sync, age=age, cycle=None))


def _without_hashes(tenant: Tenant, age: timedelta) -> Tenant:
    return replace(tenant, sync=replace(tenant.sync, hash_age=age))


def _without_licence(tenant: Tenant, age: timedelta) -> Tenant:
    suspended = (replace(s, status="Suspended") if P1 in s.plans else s for s in tenant.skus)
    return replace(tenant, skus=tuple(suspended))


def _degraded(tenant: Tenant, age: timedelta) -> Tenant:
    return replace(tenant, degraded_for=age)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A kind of problem: it begins so long after a Monday begins, and lasts so long.

    `outcome`: of password resets meanwhile, by a switch if `switched`. `lacks`: a permission that
    is withdrawn. Where it is not `watched`, the monitor itself is off.
    """

    name: str
    begins: timedelta
    lasts: timedelta
    change: Change = _unchanged
    outcome: Outcome | None = None
    switched: bool = False
    lacks: str | None = None
    watched: bool = True
    hybrid: bool = False


def _after(days: int, hours: int = 0) -> timedelta:
    return timedelta(days=days, hours=hours)


# Each lasts a day at least, long enough for two of the rarest runs, which confirm it.
PLOTS = (
    Plot(name="nothing", begins=_after(0), lasts=_after(0)),
    Plot(
        name="writeback unreachable",
        begins=_after(1, 7),
        lasts=_after(1, 2),
        outcome=Outcome.UNREACHABLE,
        hybrid=True,
    ),
    Plot(
        name="writeback switched off by mistake",
        begins=_after(2, 9),
        lasts=_after(1, 6),
        outcome=Outcome.SWITCHED_OFF,
        switched=True,
        hybrid=True,
    ),
    Plot(
        name="every other reset refused",
        begins=_after(1, 4),
        lasts=_after(2),
        outcome=Outcome.HALF_REFUSED,
        hybrid=True,
    ),
    Plot(
        name="no synchronisation over a weekend",
        begins=_after(4, 18),
        lasts=_after(2, 13),
        change=_without_sync,
        hybrid=True,
    ),
    Plot(
        name="no password hashes",
        begins=_after(3, 2),
        lasts=_after(1, 4),
        change=_without_hashes,
        hybrid=True,
    ),
    Plot(name="licence expired", begins=_after(2), lasts=_after(3), change=_without_licence),
    Plot(
        name="permission withdrawn",
        begins=_after(3, 8),
        lasts=_after(1, 2),
        lacks="AuditLog.Read.All",
    ),
    Plot(name="monitor off", begins=_after(4, 20), lasts=_after(2), watched=False),
    Plot(
        name="reset service disabled",
        begins=_after(3, 1),
        lasts=_after(1, 4),
        change=partial(_having, reset_service=False),
    ),
    Plot(name="Entra degraded", begins=_after(1, 10), lasts=_after(1, 3), change=_degraded),
    Plot(
        name="public pages down",
        begins=_after(0, 6),
        lasts=_after(1, 1),
        change=partial(_having, pages=Pages.FAIL),
    ),
    Plot(
        name="Graph down",
        begins=_after(2, 1),
        lasts=_after(1),
        change=partial(_having, available=False),
    ),
)


@dataclass(frozen=True)
class Problem:
    """A plot that came true."""

    plot: Plot
    begins: datetime

    @property
    def ends(self) -> datetime:
        return self.begins + self.plot.lasts


@dataclass(frozen=True)
class Scene:
    """How things are: the tenant, a permission that is withdrawn, and whether the monitor runs."""

    tenant: Tenant
    lacks: str | None = None
    watched: bool = True


class Story:
    """The past of a scenario's tenant, from `first` to `until`, when it begins to be shown."""

    def __init__(self, tenant: Tenant, first: datetime, until: datetime) -> None:
        self._tenant = tenant
        self._until = until
        # A scenario of another engine differs from the healthy one in more than its problems.
        connect = tenant.sync.engine is Engine.CONNECT
        self._before = scenario("healthy", users=tenant.users) if connect else tenant
        self.problems = tuple(_problems(tenant, first - _LOOK_BACK, until - _own_trouble(tenant)))
        self._traffic = _with_problems(tenant, self.problems, until)

    def at(self, moment: datetime) -> Scene:
        age = self._until - moment
        earlier = {
            field: getattr(self._before, field)
            for field, came_about in _CAME_ABOUT.items()
            if age > came_about
        }
        tenant = replace(self._tenant, traffic=self._traffic, **earlier)
        tenant = replace(tenant, cohorts=_registered(tenant.cohorts, _share(age)))
        now = [problem for problem in self.problems if problem.begins <= moment < problem.ends]
        for problem in now:
            tenant = problem.plot.change(tenant, self._until - problem.begins)
        return Scene(
            tenant,
            lacks=next((p.plot.lacks for p in now if p.plot.lacks), None),
            watched=all(p.plot.watched for p in now),
        )


def _problems(tenant: Tenant, first: datetime, last: datetime) -> Iterator[Problem]:
    """Those that end between these times, and whose traces are gone by then; oldest first."""
    for week in range((first - _EPOCH) // WEEK - 1, (last - _EPOCH) // WEEK + 1):
        turn, place = divmod(week, len(PLOTS))
        order = sorted(PLOTS, key=lambda plot: digest(tenant.seed, turn, plot.name))
        problem = Problem(order[place], _EPOCH + week * WEEK + order[place].begins)
        fits = tenant.sync.enabled is True or not problem.plot.hybrid
        gone = problem.ends + (_LOGGED_FOR if problem.plot.outcome else timedelta())
        if fits and first <= problem.ends and gone <= last:
            yield problem


def _own_trouble(tenant: Tenant) -> timedelta:
    """How long before now the scenario's own trouble began, and a day for what went before."""
    sync, traffic = tenant.sync, tenant.traffic
    ages = (
        sync.hash_age,
        sync.quarantined_for,
        tenant.degraded_for,
        sync.age if sync.cycle is None and sync.enabled else None,
        *(phase.age for phase in (traffic.phases if traffic else ())),
    )
    return DAY + max((age for age in ages if age is not None), default=DAY)


def _with_problems(tenant: Tenant, problems: Sequence[Problem], until: datetime) -> Traffic | None:
    """The tenant's traffic with the phases and switches of these problems in it."""
    if tenant.traffic is None:
        return None
    always, *own = tenant.traffic.phases
    phases, toggles = [always], []
    for problem in problems:
        if problem.plot.outcome:
            begun, ended = until - problem.begins, until - problem.ends
            phases += [Phase(problem.plot.outcome, begun), replace(always, age=ended)]
            if problem.plot.switched:
                toggles += [Toggle(enabled=False, age=begun), Toggle(enabled=True, age=ended)]
    return replace(
        tenant.traffic,
        phases=(*phases, *own),
        toggles=(*toggles, *tenant.traffic.toggles),
    )


def _share(age: timedelta) -> float:
    """Of those who are registered now, how many were, so long before."""
    grown = 1 - (age - _GROWN_SINCE) / _GREW_FOR
    return _LEAST_SHARE + (1 - _LEAST_SHARE) * min(1.0, max(0.0, grown))


def _registered(cohorts: Sequence[Cohort], share: float) -> tuple[Cohort, ...]:
    """The same people, of whom fewer are registered; administrators always were."""

    def parts(cohort: Cohort) -> Iterator[Cohort]:
        grows = cohort.sspr_registered and not cohort.admin
        size = round(cohort.size * share) if grows else cohort.size
        yield replace(cohort, size=size)
        if size < cohort.size:
            yield replace(cohort, size=cohort.size - size, sspr_registered=False, methods=())

    return tuple(part for cohort in cohorts for part in parts(cohort))
