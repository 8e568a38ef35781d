"""Triggers only: parse, call monitor or web, return."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import azure.functions as func
from azure.core.exceptions import AzureError

import checks
import monitor
from shared import telemetry
from shared.settings import (
    LANG,
    PURGE_SCHEDULE,
    SCHEDULE,
    SWEEP_SCHEDULE,
    Settings,
    SettingsError,
    schedule_or_default,
)
from shared.store import Store, close_stores, store_for
from shared.store.failures import StorageError, what_failed
from shared.text import Lang, Words, words
from shared.text.choose import choose
from shared.web import health
from shared.web import status as status_page
from shared.web.answers import Answer, cached, needs_attention, storage_unreachable
from shared.web.asked import Asked, RefusedError
from shared.web.catalogue import catalogue
from shared.web.formats import Format, wants_page
from shared.web.readers import is_signed_in, not_signed_in, signs_in

if TYPE_CHECKING:
    from shared.web.page import Links
    from shared.web.view import House

logger = logging.getLogger(__name__)

telemetry.quieten()

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

# Where App Service signs people in it lets nobody else through, and a key on top would keep out
# those who may read. It says so before the app starts: should it not, keys are asked for.
READERS = func.AuthLevel.ANONYMOUS if signs_in(os.environ) else func.AuthLevel.FUNCTION


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def run(timer: func.TimerRequest) -> None:
    """Run all checks for the slot that is due."""
    await _on_time(monitor.run)


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(SWEEP_SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def sweep(timer: func.TimerRequest) -> None:
    """Read the registration report again, or go on reading it."""
    await _on_time(monitor.run_sweep)


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(PURGE_SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def purge(timer: func.TimerRequest) -> None:
    """Delete history that is older than it is to be kept."""
    await _on_time(monitor.purge)


@app.route(route="run", methods=["POST"])
async def run_now(req: func.HttpRequest) -> func.HttpResponse:
    """Run the slot that is due now; the run that is stored for it, if there is one already."""

    async def respond(asked: Asked) -> Answer:
        done = await monitor.run(asked.settings, store_for(asked.settings), asked.now)
        return status_page.run(done, checks.BY_ID, asked.words)

    return await _answer(req, respond)


@app.route(route="status", methods=["GET"], auth_level=READERS)
async def status(req: func.HttpRequest) -> func.HttpResponse:
    """The latest status of the tenant."""

    async def respond(asked: Asked) -> Answer:
        current = await store_for(asked.settings).current()
        return status_page.status(current.value, checks.BY_ID, asked)

    async def show(asked: Asked, to: Links) -> Answer:
        from shared.web.page import front

        return await front(asked, to, store_for(asked.settings), _house())

    return await _to_reader(req, respond, Shown("status", show, status_page.FORMATS))


@app.route(route="trend", methods=["GET"], auth_level=READERS)
async def trend(req: func.HttpRequest) -> func.HttpResponse:
    """What has been: time shares of states, uptime, metrics and changes over a window."""
    from checks.metrics import METRICS
    from shared.web.trend import trend as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings), checks.BY_ID, METRICS)

    return await _to_reader(req, respond)


@app.route(route="changes", methods=["GET"], auth_level=READERS)
async def changes(req: func.HttpRequest) -> func.HttpResponse:
    """Confirmed changes, newest first, in pages."""
    from shared.web.changes import changes as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings))

    return await _to_reader(req, respond)


@app.route(route="metrics", methods=["GET"])
async def metrics(req: func.HttpRequest) -> func.HttpResponse:
    """What the latest run measured, for Prometheus."""
    from shared.web.metrics import metrics as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings))

    return await _answer(req, respond)


@app.route(route="checks", methods=["GET"], auth_level=READERS)
async def list_checks(req: func.HttpRequest) -> func.HttpResponse:
    """What is watched, by which permissions and thresholds."""

    async def respond(asked: Asked) -> Answer:
        return catalogue(checks.CATALOGUE, asked.settings, asked.words)

    return await _to_reader(req, respond)


@app.route(route="checks/{id}", methods=["GET"], auth_level=READERS)
async def check(req: func.HttpRequest) -> func.HttpResponse:
    """All about one check."""
    from shared.web import check as check_page

    name = req.route_params["id"]
    path = f"checks/{name if name in checks.BY_ID else '-'}"  # what is not known is not repeated

    async def respond(asked: Asked) -> Answer:
        if name not in checks.BY_ID:
            return check_page.unknown_check(asked.words)
        current = await store_for(asked.settings).current()
        return check_page.check(name, current.value, checks.BY_ID, asked)

    async def show(asked: Asked, to: Links) -> Answer:
        from shared.web.page import about

        return await about(asked, to, store_for(asked.settings), _house(), name)

    return await _to_reader(req, respond, Shown(path, show))


@app.route(route="explain", methods=["GET"], auth_level=READERS)
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """What an error code, event or audit reason means, and who can mend it."""
    from shared.web.explain import explain as explained

    def told(words: Words) -> Answer:
        if not _wants_page(req):
            return explained(req.params.get("code"), checks.BY_ID, words)
        from shared.web import page

        question, has_key = page.asked_of(req.url)
        to = page.links(req.url, "explain", words, has_key=has_key)
        return page.explain(words, to, _house(), question)

    async def respond(asked: Asked) -> Answer:
        return told(asked.words)

    return await _to_reader(req, respond, misconfigured=lambda _, words: told(words))


@app.route(route="healthz", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the monitor itself is alive and recent; nothing about the tenant."""

    async def respond(asked: Asked) -> Answer:
        return await health.monitor(asked, store_for(asked.settings))

    return await _answer(
        req,
        respond,
        misconfigured=lambda error, _: health.misconfigured(error),
        unreachable=lambda error, _: health.storage_failed(error, datetime.now(UTC)),
    )


async def _on_time(work: Callable[[Settings, Store, datetime], Awaitable[object]]) -> None:
    """What a timer does; one line per setting that keeps it from that. Raises StorageError.

    The platform is to see that a run was not stored: it counts the function as failed and logs the
    exception, all of it, so that is one of ours and brings none of the SDK's with it.
    """
    try:
        settings = monitor.settings_of_app()
        store = store_for(settings)
    except SettingsError as error:
        for found in error.problems:
            logger.error("Nothing was run. %s", found.message)
        return
    for warning in settings.warnings:
        logger.warning(warning)
    try:
        await work(settings, store, datetime.now(UTC))
    except AzureError as error:
        raise StorageError(what_failed(error)) from None


async def close() -> None:
    """Close the connections of this event loop, for hosts that end in an orderly way."""
    await close_stores()


def _words(req: func.HttpRequest, default: Lang = Lang.EN) -> Words:
    return words(choose(req.params.get("lang"), req.headers.get("accept-language"), default))


class Shown(NamedTuple):
    """A page: its path below the prefix, what makes it, and the formats beside it."""

    path: str
    show: Callable[[Asked, Links], Awaitable[Answer]]
    formats: Sequence[Format] = (Format.JSON,)


@cache
def _house() -> House:
    from checks.causes import cause_of
    from checks.deadlines import deadlines
    from shared.web.view import House

    return House(checks.BY_ID, cause_of, deadlines)


def _wants_page(req: func.HttpRequest, formats: Sequence[Format] = (Format.JSON,)) -> bool:
    return wants_page(req.params.get("format"), req.headers.get("accept", ""), formats)


async def _to_reader(
    req: func.HttpRequest,
    respond: Callable[[Asked], Awaitable[Answer]],
    shown: Shown | None = None,
    *,
    misconfigured: Callable[[SettingsError, Words], Answer] = needs_attention,
) -> func.HttpResponse:
    """An answer for those who may read, as a page where one is wanted; so is what goes wrong."""
    if READERS is func.AuthLevel.ANONYMOUS and not is_signed_in(req.headers):
        return _sent(not_signed_in(_words(req)))
    if shown is None or not _wants_page(req, shown.formats):
        return await _answer(req, respond, misconfigured=misconfigured)
    from shared.web import page

    def links(words: Words) -> Links:
        return page.links(req.url, shown.path, words)

    async def show(asked: Asked) -> Answer:
        return await shown.show(asked, links(asked.words))

    def trouble(words: Words, problem: Answer) -> Answer:
        return page.trouble(words, links(words), problem)

    return await _answer(req, show, trouble=trouble)


async def _answer(
    req: func.HttpRequest,
    respond: Callable[[Asked], Awaitable[Answer]],
    *,
    misconfigured: Callable[[SettingsError, Words], Answer] = needs_attention,
    unreachable: Callable[[AzureError, Words], Answer] = lambda _, reader: storage_unreachable(
        reader
    ),
    trouble: Callable[[Words, Answer], Answer] = lambda _, problem: problem,
) -> func.HttpResponse:
    """The answer, or what keeps us from it, in the reader's language."""
    reader = _words(req)
    try:
        settings = monitor.settings_of_app()
        reader = _words(req, settings[LANG])
        accept = req.headers.get("accept", "")
        answer = await respond(Asked(settings, reader, datetime.now(UTC), req.params, accept))
    except RefusedError as refused:
        answer = trouble(reader, refused.answer)
    except SettingsError as error:
        answer = trouble(reader, misconfigured(error, reader))
    except AzureError as error:
        logger.warning("%s", what_failed(error))
        answer = trouble(reader, unreachable(error, reader))
    return _sent(cached(answer, req.headers.get("if-none-match")))


def _sent(answer: Answer) -> func.HttpResponse:
    return func.HttpResponse(
        answer.body,
        status_code=answer.status,
        mimetype=answer.media_type,
        headers=dict(answer.headers),
    )
