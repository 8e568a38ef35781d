"""Triggers only: parse, call monitor or web, return."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

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
from shared.store import close_stores, store_for
from shared.text import Lang, Words, words
from shared.text.choose import choose
from shared.web import health
from shared.web import status as status_page
from shared.web.answers import Answer, cached, needs_attention, storage_unreachable
from shared.web.asked import Asked, RefusedError
from shared.web.catalogue import catalogue

logger = logging.getLogger(__name__)

telemetry.quieten()

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def run(timer: func.TimerRequest) -> None:
    """Run all checks for the slot that is due."""
    if settings := _settings_or_log():
        await monitor.run(settings, store_for(settings), datetime.now(UTC))


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(SWEEP_SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def sweep(timer: func.TimerRequest) -> None:
    """Read the registration report again, or go on reading it."""
    if settings := _settings_or_log():
        await monitor.run_sweep(settings, store_for(settings), datetime.now(UTC))


@app.timer_trigger(
    arg_name="timer",
    schedule=schedule_or_default(PURGE_SCHEDULE, os.environ),
    run_on_startup=False,
    use_monitor=True,
)
async def purge(timer: func.TimerRequest) -> None:
    """Delete history that is older than it is to be kept."""
    if settings := _settings_or_log():
        await monitor.purge(settings, store_for(settings), datetime.now(UTC))


@app.route(route="run", methods=["POST"])
async def run_now(req: func.HttpRequest) -> func.HttpResponse:
    """Run the slot that is due now; the run that is stored for it, if there is one already."""

    async def respond(asked: Asked) -> Answer:
        done = await monitor.run(asked.settings, store_for(asked.settings), asked.now)
        return status_page.run(done, checks.BY_ID, asked.words)

    return await _answer(req, respond)


@app.route(route="status", methods=["GET"])
async def status(req: func.HttpRequest) -> func.HttpResponse:
    """The latest status of the tenant."""

    async def respond(asked: Asked) -> Answer:
        current = await store_for(asked.settings).current()
        return status_page.status(current.value, checks.BY_ID, asked)

    return await _answer(req, respond)


@app.route(route="trend", methods=["GET"])
async def trend(req: func.HttpRequest) -> func.HttpResponse:
    """What has been: time shares of states, uptime, metrics and changes over a window."""
    from checks.metrics import METRICS
    from shared.web.trend import trend as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings), checks.BY_ID, METRICS)

    return await _answer(req, respond)


@app.route(route="changes", methods=["GET"])
async def changes(req: func.HttpRequest) -> func.HttpResponse:
    """Confirmed changes, newest first, in pages."""
    from shared.web.changes import changes as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings))

    return await _answer(req, respond)


@app.route(route="metrics", methods=["GET"])
async def metrics(req: func.HttpRequest) -> func.HttpResponse:
    """What the latest run measured, for Prometheus."""
    from shared.web.metrics import metrics as answered

    async def respond(asked: Asked) -> Answer:
        return await answered(asked, store_for(asked.settings))

    return await _answer(req, respond)


@app.route(route="checks", methods=["GET"])
async def list_checks(req: func.HttpRequest) -> func.HttpResponse:
    """What is watched, by which permissions and thresholds."""

    async def respond(asked: Asked) -> Answer:
        return catalogue(checks.CATALOGUE, asked.settings, asked.words)

    return await _answer(req, respond)


@app.route(route="explain", methods=["GET"])
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """What an error code, event or audit reason means, and who can mend it."""
    from shared.web.explain import explain as explained

    def told(words: Words) -> Answer:
        return explained(req.params.get("code"), checks.BY_ID, words)

    async def respond(asked: Asked) -> Answer:
        return told(asked.words)

    return await _answer(req, respond, misconfigured=lambda _, words: told(words))


@app.route(route="healthz", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the monitor itself is alive and recent; nothing about the tenant."""

    async def respond(asked: Asked) -> Answer:
        current = await store_for(asked.settings).current()
        return health.alive(current.value, asked.settings[SCHEDULE], asked.now)

    return await _answer(
        req,
        respond,
        misconfigured=lambda error, _: health.misconfigured(error),
        unreachable=lambda _: health.storage_unreachable(),
    )


def _settings_or_log() -> Settings | None:
    """The settings, or one line per problem in the log; status and healthz tell them too."""
    try:
        settings = monitor.settings_of_app()
    except SettingsError as error:
        for found in error.problems:
            logger.error("Nothing was run. %s", found.message)
        return None
    for warning in settings.warnings:
        logger.warning(warning)
    return settings


async def close() -> None:
    """Close the connections of this event loop, for hosts that end in an orderly way."""
    await close_stores()


def _words(req: func.HttpRequest, default: Lang = Lang.EN) -> Words:
    return words(choose(req.params.get("lang"), req.headers.get("accept-language"), default))


async def _answer(
    req: func.HttpRequest,
    respond: Callable[[Asked], Awaitable[Answer]],
    *,
    misconfigured: Callable[[SettingsError, Words], Answer] = needs_attention,
    unreachable: Callable[[Words], Answer] = storage_unreachable,
) -> func.HttpResponse:
    """The answer, or what keeps us from it, in the reader's language."""
    reader = _words(req)
    try:
        settings = monitor.settings_of_app()
        reader = _words(req, settings[LANG])
        accept = req.headers.get("accept", "")
        answer = await respond(Asked(settings, reader, datetime.now(UTC), req.params, accept))
    except RefusedError as refused:
        answer = refused.answer
    except SettingsError as error:
        answer = misconfigured(error, reader)
    except AzureError as error:
        logger.warning("Table Storage cannot be reached: %s", type(error).__name__)
        answer = unreachable(reader)
    answer = cached(answer, req.headers.get("if-none-match"))
    return func.HttpResponse(
        answer.body,
        status_code=answer.status,
        mimetype=answer.media_type,
        headers=dict(answer.headers),
    )
