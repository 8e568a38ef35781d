"""A small Functions host: serves the HTTP functions of a FunctionApp and runs its timers.

It shows an app what the real host would show it, its refusals included:
https://github.com/Azure/azure-functions-host
"""

import asyncio
import hmac
import inspect
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import azure.functions as func
from aiohttp import web
from azure.functions.timer import TimerRequest
from multidict import CIMultiDict, MultiMapping

from local.timers import Memory, Schedule, ScheduleError, keep_time, resolve

_LARGEST_BODY = 100 * 1024 * 1024
_STOP_SECONDS = 2.0
_PARAMETER = re.compile(r"\{(?P<rest>\*?)(?P<name>\w+)(?::(?P<kind>int|alpha))?(?P<optional>\??)\}")
_KINDS = {None: "[^/]+", "int": r"-?\d+", "alpha": "[A-Za-z]+"}

log = logging.getLogger("local.host")
Result = TypeVar("Result")


class LoadError(Exception):
    """The app cannot be served; the text names the function and what is wrong with it."""


@dataclass(frozen=True)
class Keys:
    """The keys to ask for; without any, every function is open, as in Core Tools."""

    function: str
    master: str


@dataclass(frozen=True)
class Function:
    name: str
    trigger: Mapping[str, Any]
    code: Callable[..., Any]

    async def call(self, argument: func.HttpRequest | func.TimerRequest) -> object:
        named = {self.trigger["name"]: argument}
        if inspect.iscoroutinefunction(self.code):
            return await self.code(**named)
        return await asyncio.to_thread(self.code, **named)


@dataclass(frozen=True)
class Route:
    function: Function
    template: str
    pattern: re.Pattern[str]
    methods: frozenset[str]  # empty: all of them


def load(app: func.FunctionApp) -> list[Function]:
    """The functions as the host sees them: their raw bindings and the code behind each."""
    return [_load(function) for function in app.get_functions()]


def _load(function: Any) -> Function:  # the package exports the class Function without its methods
    name = function.get_function_name()
    bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
    trigger = next(binding for binding in bindings if binding["type"].endswith("Trigger"))
    if trigger["type"] not in ("httpTrigger", "timerTrigger"):
        raise LoadError(f"the function {name} has a {trigger['type']}, which only Azure can fire")
    parameters = set(inspect.signature(function.get_user_function()).parameters)
    bound = {binding["name"] for binding in bindings} - {"$return"}
    if parameters != bound:
        raise LoadError(
            f"the function {name} takes {sorted(parameters)}, its bindings give {sorted(bound)}"
        )
    return Function(name, trigger, function.get_user_function())


def compile_template(template: str) -> re.Pattern[str]:
    """A route as ASP.NET matches it: whole segments, any case, a closing slash or none."""
    pattern = ""
    for segment in filter(None, template.split("/")):
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is None and set("{}") & set(segment):
            raise LoadError(f"the route {template!r} has {segment!r}, which this host cannot match")
        if parameter is None:
            pattern += "/" + re.escape(segment)
            continue
        value = ".*" if parameter["rest"] else _KINDS[parameter["kind"]]
        optional = "?" if parameter["rest"] or parameter["optional"] else ""
        pattern += f"(?:/(?P<{parameter['name']}>{value})){optional}"
    return re.compile(pattern + "/?", re.IGNORECASE)


def joined(values: MultiMapping[str]) -> dict[str, str]:
    return {name: ",".join(values.getall(name)) for name in values}


async def to_request(request: web.Request, route: Mapping[str, str | None]) -> func.HttpRequest:
    """What the worker is given: repeated values joined, empty parameters left out."""
    headers = {k.lower(): v for k, v in joined(request.headers).items()}
    # App Service puts these in after it has signed the caller in; sent by a caller they are forged:
    # https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
    trusted = {k: v for k, v in headers.items() if not k.startswith("x-ms-client-principal")}
    return func.HttpRequest(
        method=request.method,
        url=str(request.url),
        headers=trusted,
        params={k: v for k, v in joined(request.query).items() if v},
        route_params={k: v for k, v in route.items() if v is not None},
        body=await request.read(),
    )


def to_response(result: object) -> web.Response:
    """What a function returned, as the host sends it; TypeError when the host would not."""
    if isinstance(result, str):
        return web.Response(text=result)
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"an HTTP function returned {type(result).__name__}")
    headers = CIMultiDict(result.headers.items())
    if "Content-Type" not in headers:
        charset = f"; charset={result.charset}" if result.mimetype.startswith("text/") else ""
        headers["Content-Type"] = result.mimetype + charset
    return web.Response(body=result.get_body(), status=result.status_code, headers=headers)


def expect_nothing(result: object) -> Literal[True]:
    """A timer function has nowhere to return anything to; TypeError when it does."""
    if result is not None:
        raise TypeError(f"a timer function returned {type(result).__name__}")
    return True


class Host:
    """`host_json` is host.json parsed; `settings` fill the `%NAME%` in schedules."""

    def __init__(
        self,
        app: func.FunctionApp,
        host_json: Mapping[str, Any],
        settings: Mapping[str, str],
        keys: Keys | None = None,
    ) -> None:
        http = host_json.get("extensions", {}).get("http", {})
        self.prefix = str(http.get("routePrefix", "api")).strip("/")
        self._custom_headers: Mapping[str, str] = http.get("customHeaders", {})
        self._keys = keys
        self._routes: list[Route] = []
        self._timers: dict[str, tuple[Function, Schedule]] = {}
        self.functions = load(app)
        for function in self.functions:
            if function.trigger["type"] == "httpTrigger":
                self._routes.append(self._route(function))
                continue
            try:
                schedule = Schedule(resolve(function.trigger["schedule"], settings))
            except ScheduleError as error:  # stops this function only
                log.error("the function %s is left out: %s", function.name, error)
            else:
                self._timers[function.name] = function, schedule
        # More literal routes first, so that /a/b is not taken by /a/{x}.
        self._routes.sort(key=lambda route: [part[:1] == "{" for part in route.template.split("/")])

    def schedule(self, timer: str) -> Schedule:
        """LoadError when there is no such timer, or when its schedule left it out."""
        return self._timer(timer)[1]

    def application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        return application

    async def fire(self, timer: str, request: TimerRequest) -> bool:
        """Runs a timer function now; False when it failed, which is in the log by then."""
        return await self._invoke(self._timer(timer)[0], request, expect_nothing) or False

    async def keep_timers(self, memory: Path) -> None:
        """Runs every timer by its schedule until cancelled; `memory` is their folder."""
        running = [
            asyncio.create_task(
                keep_time(
                    schedule,
                    partial(self.fire, name),
                    Memory(memory / f"{name}.json"),
                    monitored=function.trigger.get("useMonitor", True),
                ),
                name=f"timer {name}",
            )
            for name, (function, schedule) in self._timers.items()
        ]
        try:
            await asyncio.gather(*running)
        finally:
            for timer in running:
                timer.cancel()
            if running:
                await asyncio.wait(running, timeout=_STOP_SECONDS)

    def _timer(self, name: str) -> tuple[Function, Schedule]:
        if name not in self._timers:
            raise LoadError(f"the app has no timer function {name!r} that could run")
        return self._timers[name]

    def _route(self, function: Function) -> Route:
        template = f"{self.prefix}/{function.trigger.get('route') or function.name}".strip("/")
        methods = frozenset(function.trigger.get("methods") or ())
        return Route(function, template, compile_template(template), methods)

    async def _serve(self, request: web.Request) -> web.Response:
        response = await self._answer(request)
        for name, value in self._custom_headers.items():
            response.headers.setdefault(name, value)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        for route in self._routes:
            found = route.pattern.fullmatch(request.path)
            # The method is part of the route: a wrong one is 404, and HEAD does not come with GET.
            if found and (not route.methods or request.method in route.methods):
                break
        else:
            return web.Response(status=404)
        if not self._admits(route.function, request):
            return web.Response(status=401)
        argument = await to_request(request, found.groupdict())
        response = await self._invoke(route.function, argument, to_response)
        return response or web.Response(status=500)

    def _admits(self, function: Function, request: web.Request) -> bool:
        level = str(function.trigger.get("authLevel") or "FUNCTION").upper()
        if self._keys is None or level == "ANONYMOUS":
            return True
        presented = request.headers.get("x-functions-key", request.query.get("code", ""))
        accepted = [self._keys.master]
        if level == "FUNCTION":
            accepted.append(self._keys.function)
        return any(hmac.compare_digest(presented.encode(), key.encode()) for key in accepted)

    async def _invoke(
        self,
        function: Function,
        argument: func.HttpRequest | func.TimerRequest,
        finish: Callable[[object], Result],
    ) -> Result | None:
        """None when the function failed or returned what the host does not take."""
        started = time.perf_counter()
        try:
            result = finish(await function.call(argument))
        except Exception:
            log.exception("%s failed after %.2f s", function.name, time.perf_counter() - started)
            return None
        outcome = result.status if isinstance(result, web.Response) else "done"
        log.info("%s %s in %.2f s", function.name, outcome, time.perf_counter() - started)
        return result
