"""The registration sweep: the one read that grows with the tenant, so it is resumable.

Pages are folded into counts and forgotten. After every few pages the next link and the counts are
kept, so that a crash or a time limit loses little; an interrupted sweep goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec

from checks.facts import REGISTRATION, contact_data, in_parts, is_plain
from checks.registration_report import (
    SELECT,
    Registration,
    RegistrationPage,
    Scope,
    fold_rows,
    is_unregistered,
    read_registration_page,
)
from shared.graph.client import Graph
from shared.graph.question import Question, get
from shared.model import LASTING, Known, Reason, Unavailable
from shared.store import SWEEP, ConflictError, Store

logger = logging.getLogger(__name__)

PAGE_ROWS = 999
PAGES_PER_CHECKPOINT = 5
# Looking up unregistered users costs one batch for 300 of them; more than this says no more.
MOST_LOOKED_UP = 3000
SCOPE_MEMORY = timedelta(days=9)
# What is over sooner or later, whatever is asked.
PASSING = frozenset({Reason.SIGN_IN_FAILED, Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT})
# A page's link does not live for ever; an older one is not worth the try.
LINK_LIFE = timedelta(hours=12)
LINK_REFUSED = frozenset({Reason.UNSUPPORTED, Reason.MALFORMED})


class Underway(msgspec.Struct, frozen=True):
    """A sweep that has not reached the last page."""

    started_at: datetime
    next_link: str | None = None
    pages: int = 0
    counts: Registration = Registration()

    def lives(self, now: datetime) -> bool:
        """Whether it can be gone on with; a clock that was wrong may have begun it after now."""
        return self.next_link is not None and abs(now - self.started_at) <= LINK_LIFE


class Sweep(msgspec.Struct, frozen=True):
    """The last finished sweep, the one under way, and why the latest try failed, if it did."""

    finished_at: datetime | None = None
    finished: Registration | None = None
    underway: Underway | None = None
    failed_for: Reason | None = None
    failed_permission: str | None = None
    failed_detail: str = ""

    @property
    def wanted(self) -> bool:
        """Whether a run should not wait for the sweep's own timer."""
        return self.finished is None or self.failed_for is not None

    def registration(self) -> Known[Registration] | Unavailable:
        """The fact that checks read."""
        if self.failed_for and (self.finished is None or self.failed_for in LASTING):
            return Unavailable(self.failed_for, self.failed_permission, self.failed_detail)
        if self.finished is None:
            return Unavailable(Reason.NOT_COLLECTED)
        return Known(self.finished, as_of=self.finished.newest_at)


async def stored_sweep(store: Store) -> Sweep:
    return (await store.state(SWEEP, Sweep)).value or Sweep()


async def advance(
    graph: Graph,
    store: Store,
    now: datetime,
    *,
    seconds: float,
    progress: Callable[[Sweep], object] = lambda sweep: None,
) -> Sweep:
    """Start or go on with a sweep for at most `seconds`; what is known afterwards.

    `progress` is told after every page. When another instance writes in between, it is sweeping:
    this one stops.
    """
    stored = await store.state(SWEEP, Sweep)
    known, etag = stored.value or Sweep(), stored.etag
    until = graph.clock() + seconds
    try:
        async for step in _steps(graph, known, now):
            known = step
            progress(known)
            out_of_time = graph.clock() >= until
            if out_of_time or known.failed_for or _at_checkpoint(known):
                etag = await store.set_state(SWEEP, known, etag)
            if out_of_time:
                break
    except ConflictError:
        logger.info("Another instance is sweeping; this one stops")
        return await stored_sweep(store)
    return known


def _at_checkpoint(sweep: Sweep) -> bool:
    return sweep.underway is None or sweep.underway.pages % PAGES_PER_CHECKPOINT == 0


async def _steps(graph: Graph, sweep: Sweep, now: datetime) -> AsyncIterator[Sweep]:
    """The sweep after each page, until it is finished or has failed."""
    underway = sweep.underway
    if underway is not None and underway.lives(now):
        async with aclosing(_read(graph, sweep, underway, now)) as steps:
            async for step in steps:
                if step.failed_for in LINK_REFUSED and step.underway == underway:
                    break  # the link has expired, or leads nowhere: start over
                yield step
            else:
                return
    async with aclosing(_read(graph, sweep, Underway(now), now)) as steps:
        async for step in steps:
            yield step


async def _read(
    graph: Graph, sweep: Sweep, underway: Underway, now: datetime
) -> AsyncGenerator[Sweep, None]:
    """The sweep after each page from here on."""
    async for answer in graph.pages(PAGE, link=underway.next_link):
        if isinstance(answer, Unavailable):
            yield _failed(sweep, underway, answer)
            return
        page = answer.value
        counts = fold_rows(underway.counts, page.value)
        unregistered = [row.id for row in page.value if is_unregistered(row) and is_plain(row.id)]
        looked_up = await _look_up_contact_data(graph, counts, unregistered)
        if isinstance(looked_up, Unavailable):
            yield _failed(sweep, underway, looked_up)
            return
        counts = looked_up
        if page.next_link is None:
            logger.info("Registration sweep finished after %d pages", underway.pages + 1)
            yield Sweep(now, _remember(counts, sweep.finished, now))
            return
        underway = Underway(underway.started_at, page.next_link, underway.pages + 1, counts)
        yield Sweep(sweep.finished_at, sweep.finished, underway)


def _failed(sweep: Sweep, underway: Underway | None, why: Unavailable) -> Sweep:
    return Sweep(
        sweep.finished_at, sweep.finished, underway, why.reason, why.permission, why.detail
    )


async def _look_up_contact_data(
    graph: Graph, counts: Registration, ids: Sequence[str]
) -> Registration | Unavailable:
    """Count who of these has a phone or an address in the directory, up to a number per sweep.

    What is refused is left out; what fails in passing is worth another try, page and all.
    """
    ids = ids[: max(0, MOST_LOOKED_UP - counts.contact_checked)]
    questions = [contact_data(index, part) for index, part in enumerate(in_parts(ids))]
    answers = (await graph.ask(questions)).values()
    for answer in answers:
        if isinstance(answer, Unavailable) and answer.reason in PASSING:
            return answer
    known = [answer.value for answer in answers if isinstance(answer, Known)]
    return msgspec.structs.replace(
        counts,
        contact_checked=counts.contact_checked + sum(found.users for found in known),
        contact_found=counts.contact_found + sum(found.with_contact_data for found in known),
    )


def _remember(counts: Registration, before: Registration | None, now: datetime) -> Registration:
    """Keep how the scope was, one report a day, for a little more than a week."""
    past = tuple(
        scope
        for scope in (before.past if before else ())
        if timedelta() <= now - scope.at <= SCOPE_MEMORY
    )
    if not past or now - past[-1].at >= timedelta(hours=20):
        past = (*past, Scope(now, counts.users.enabled, counts.administrators.enabled))
    return msgspec.structs.replace(counts, past=past)


PAGE: Question[RegistrationPage] = Question(
    name="registration_page",
    permission=REGISTRATION.permission,
    request=lambda graph: get(
        graph.reports.authentication_methods.user_registration_details,
        select=list(SELECT),
        top=PAGE_ROWS,
    ),
    decode=read_registration_page,
    paced=True,
)
