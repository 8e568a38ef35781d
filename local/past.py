"""A past for the simulated tenant: the real run loop, lived through over a moved clock."""

from __future__ import annotations

import gc
import heapq
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from yarl import URL

import monitor
from local.session import RunError
from local.story import DAY, Scene, Story
from shared.graph.client import Graph, open_graph
from shared.schedule import next_slot, slot_of
from shared.settings import (
    GRAPH_TOKEN,
    PURGE_SCHEDULE,
    SCHEDULE,
    SWEEP_SCHEDULE,
    Settings,
    SettingsError,
)
from shared.store import Store, store_for
from simulator import ALL_ROLES, Simulator
from simulator.http import ConnectionDropped

Connect = Callable[..., AbstractAsyncContextManager[Graph]]
Deed = Callable[[Settings, Store, datetime, Connect], Awaitable[object]]


@dataclass(frozen=True)
class Stretch:
    """Schedules for what is longer ago than `until`."""

    until: timedelta
    run: str
    sweep: str
    purge: str


# The further away, the coarser: each window of the trend at a grain of its own. For the last day
# the settings' own schedules apply, a run every 15 minutes.
STRETCHES = (
    Stretch(90 * DAY, run="0 0 */12 * * *", sweep="0 7 0 * * *", purge="0 37 2 * * 1"),
    Stretch(30 * DAY, run="0 0 */8 * * *", sweep="0 7 0 * * *", purge="0 37 2 * * *"),
    Stretch(7 * DAY, run="0 0 */4 * * *", sweep="0 7 */12 * * *", purge="0 37 2 * * *"),
    Stretch(1 * DAY, run="0 0 * * * *", sweep="0 7 */6 * * *", purge="0 37 2 * * *"),
)


class _Clock:
    """Moves the simulator's clock, and remembers by how much."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.moved = timedelta()

    def advance(self, by: timedelta) -> None:
        self.simulator.advance(by)
        self.moved += by

    def to(self, moment: datetime) -> None:
        self.advance(moment - self.simulator.now())

    async def sleep(self, seconds: float) -> None:
        """Waiting costs nothing."""
        self.advance(timedelta(seconds=seconds))

    @property
    def connect(self) -> Connect:
        """Graph in the simulator's time."""
        now = self.simulator.now
        return partial(
            open_graph,
            sleep=self.sleep,
            clock=lambda: now().timestamp(),
            now=now,
            transport=_Within(self.simulator),
        )


class _Within(httpx.AsyncBaseTransport):
    """Asks the simulator of this process without a connection, which saves two fifths of the time.

    The client above it is the app's own: https://www.python-httpx.org/advanced/transports/
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = URL(request.url.raw_path.decode(), encoded=True)
        sent = await request.aread()
        try:
            reply = await self._simulator.answer(request.method, url, request.headers, sent)
        except ConnectionDropped:
            raise httpx.RemoteProtocolError("the connection was dropped") from None
        return httpx.Response(reply.status, headers=reply.headers, content=reply.encoded)


async def live_through(
    settings: Settings,
    store: Store,
    simulator: Simulator,
    scene_at: Callable[[datetime], Scene],
    first: datetime,
    until: datetime,
    *,
    progress: Callable[[datetime], object] = lambda moment: None,
) -> int:
    """All that the monitor's timers would have done from `first` on; how many runs it were.

    The run of the present slot is left to who lives in the present. What is stored is gone on with:
    only what comes after the newest run is lived through. A scene's times are told before `until`.
    """
    await store.prepare()
    newest = (await store.current()).value
    begin = max(first, newest.run.slot) if newest else first
    end = slot_of(settings[SCHEDULE], until)
    clock, runs = _Clock(simulator), 0
    tokens: dict[str | None, str] = {None: settings[GRAPH_TOKEN] or simulator.token()}
    try:
        for moment, deed, its in _due(settings, begin, end, until):
            scene = scene_at(moment)
            if not scene.watched:
                continue
            if scene.lacks not in tokens:
                tokens[scene.lacks] = simulator.token(set(ALL_ROLES) - {scene.lacks})
            simulator.show(scene.tenant, until)
            clock.to(moment)
            token = {GRAPH_TOKEN.name: tokens[scene.lacks]}
            await deed(_with(its, token), store, moment, clock.connect)
            runs += deed is _run
            progress(moment)
        simulator.show(scene_at(until).tenant, until)
    finally:
        clock.advance(-clock.moved)
    return runs


async def _run(settings: Settings, store: Store, now: datetime, connect: Connect) -> None:
    await monitor.run(settings, store, now, connect=connect)


async def _sweep(settings: Settings, store: Store, now: datetime, connect: Connect) -> None:
    await monitor.run_sweep(settings, store, now, connect=connect)


async def _purge(settings: Settings, store: Store, now: datetime, connect: Connect) -> None:
    await monitor.purge(settings, store, now)


_TIMERS = ((SCHEDULE, _run), (SWEEP_SCHEDULE, _sweep), (PURGE_SCHEDULE, _purge))


def _due(
    settings: Settings, begin: datetime, end: datetime, until: datetime
) -> Iterator[tuple[datetime, Deed, Settings]]:
    """What the timers fire after `begin` and before `end`, in order, with the settings in force."""
    coarse = ((_rarely(settings, stretch), until - stretch.until) for stretch in STRETCHES)
    for its, last in (*coarse, (settings, end)):
        timers = (_occurrences(its[timer], begin, min(last, end), deed) for timer, deed in _TIMERS)
        for moment, deed in heapq.merge(*timers, key=lambda due: due[0]):
            yield moment, deed, its
        begin = max(begin, last)


def _rarely(settings: Settings, stretch: Stretch) -> Settings:
    schedules = {
        SCHEDULE.name: stretch.run,
        SWEEP_SCHEDULE.name: stretch.sweep,
        PURGE_SCHEDULE.name: stretch.purge,
    }
    return _with(settings, schedules)


def _occurrences(
    schedule: str, begin: datetime, end: datetime, deed: Deed
) -> Iterator[tuple[datetime, Deed]]:
    moment = next_slot(schedule, begin)
    while moment < end:
        yield moment, deed
        moment = next_slot(schedule, moment)


def _with(settings: Settings, values: dict[str, str]) -> Settings:
    return replace(settings, values={**settings.values, **values})


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Warnings about an invented past are no news, and the SDK's many objects are no garbage."""
    logging.disable(logging.WARNING)
    # https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        logging.disable(logging.NOTSET)


async def catch_up(console: Console, simulator: Simulator, span: timedelta) -> None:
    """Lives through the past up to now, with its progress; RunError for settings that are wrong."""
    try:
        settings = monitor.settings_of_app()
    except SettingsError as error:
        raise RunError(f"Settings need attention: {error}") from None
    until = datetime.now(UTC).replace(microsecond=0)
    first, started = until - span, time.monotonic()
    story = Story(simulator.tenant, first, until)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with _undisturbed(), Progress(*columns, TimeRemainingColumn(), console=console) as shown:
        task = shown.add_task("living through the past", total=span.total_seconds())

        def progress(moment: datetime) -> None:
            text = f"living through {moment:%d %B %Y}"
            shown.update(task, completed=(moment - first).total_seconds(), description=text)

        runs = await live_through(
            settings, store_for(settings), simulator, story.at, first, until, progress=progress
        )
        shown.update(task, completed=span.total_seconds(), description="the past")
    console.print(f"Past: {runs:,} runs in {time.monotonic() - started:.0f} s")
