"""Triggers only: parse, call monitor or web, return."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime

import azure.functions as func
from azure.core.exceptions import AzureError

import checks
import monitor
from shared.model import Current
from shared.settings import (
    PURGE_SCHEDULE,
    SCHEDULE,
    SWEEP_SCHEDULE,
    Settings,
    SettingsError,
    schedule_or_default,
)
from shared.store import close_stores, store_for
from shared.web import health
from shared.web import status as status_page
from shared.web.answers import Answer, problem
from shared.web.catalogue import catalogue

logger = logging.getLogger(__name__)

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


@app.route(route="status", methods=["GET"])
async def status(req: func.HttpRequest) -> func.HttpResponse:
    """The latest status of the tenant."""
    return await _answer(
        lambda current, settings, now: status_page.status(
            current, checks.BY_ID, settings[SCHEDULE], now
        ),
        misconfigured=_needs_attention,
        unreachable=lambda: problem(
            503,
            "Storage cannot be reached",
            "See AzureWebJobsStorage, the identity's table role and the account's network rules.",
            retry_seconds=30,
        ),
    )


@app.route(route="checks", methods=["GET"])
async def list_checks(req: func.HttpRequest) -> func.HttpResponse:
    """What is watched, by which permissions and thresholds."""
    try:
        return _http(catalogue(checks.CATALOGUE, monitor.settings_of_app()))
    except SettingsError as error:
        return _http(_needs_attention(error))


@app.route(route="explain", methods=["GET"])
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """What an error code, event or audit reason means, and who can mend it."""
    from shared.web.explain import explain as explained

    return _http(explained(req.params.get("code"), checks.BY_ID))


@app.route(route="healthz", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def healthz(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the monitor itself is alive and recent; nothing about the tenant."""
    return await _answer(
        lambda current, settings, now: health.alive(current, settings[SCHEDULE], now),
        misconfigured=health.misconfigured,
        unreachable=health.storage_unreachable,
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


def _needs_attention(error: SettingsError) -> Answer:
    return problem(503, "Settings need attention", str(error))


def _http(answer: Answer) -> func.HttpResponse:
    return func.HttpResponse(
        answer.body,
        status_code=answer.status,
        mimetype=answer.media_type,
        headers=answer.headers,
    )


async def _answer(
    respond: Callable[[Current | None, Settings, datetime], Answer],
    *,
    misconfigured: Callable[[SettingsError], Answer],
    unreachable: Callable[[], Answer],
) -> func.HttpResponse:
    """Read the status row and answer from it, or say what keeps us from it."""
    try:
        settings = monitor.settings_of_app()
        current = (await store_for(settings).current()).value
        answer = respond(current, settings, datetime.now(UTC))
    except SettingsError as error:
        answer = misconfigured(error)
    except AzureError as error:
        logger.warning("Table Storage cannot be reached: %s", type(error).__name__)
        answer = unreachable()
    return _http(answer)
