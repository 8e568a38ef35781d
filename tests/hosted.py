"""The app behind a host on this machine, in this process: every route it has, asked over HTTP."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from yarl import URL

from local.host import Host, Keys
from local.session import serving
from shared import telemetry

ROOT = Path(__file__).parent.parent
HOST_JSON = json.loads((ROOT / "host.json").read_text("utf-8"))
KEYS = Keys(function="k3y-of-functions", master="k3y-of-the-master")


@dataclass(frozen=True)
class Answered:
    """What was asked, and what came back."""

    asked: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]


@dataclass(frozen=True)
class Hosted:
    """`app` is the module function_app: one of its own, as an app tells its functions only once."""

    app: ModuleType
    host: Host
    url: URL
    client: aiohttp.ClientSession

    def routes(self) -> Iterator[tuple[str, str]]:
        """Method and path of each, as they are bound; parts in braces are to be filled in."""
        for route in self.host._routes:
            path = route.template.removeprefix(self.host.prefix)
            yield from ((method, path) for method in sorted(route.methods))

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = KEYS.function,
    ) -> Answered:
        """`path` is below the prefix and quoted; the key goes into its header."""
        url = URL(f"{self.url}{path}", encoded=True).update_query(params or {})
        told = {**({"x-functions-key": key} if key else {}), **(headers or {})}
        async with self.client.request(method, url, headers=told) as answer:
            text = (await answer.read()).decode()
            asked = f"{method} {path} {dict(params or {})} {dict(headers or {})}"
            return Answered(asked, answer.status, answer.headers, text)


@asynccontextmanager
async def hosted(
    environment: Mapping[str, str], now: datetime | None = None
) -> AsyncIterator[Hosted]:
    """The app with this environment and, if one is given, at this time for ever."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        app = _loaded(patch)
        if now is not None:
            patch.setattr(app, "datetime", _standing_still(now))
        host = Host(app.app, HOST_JSON, os.environ, KEYS)
        bound = socket.create_server(("127.0.0.1", 0))
        async with (
            serving(host, bound) as url,
            aiohttp.ClientSession(skip_auto_headers=["Accept", "User-Agent"]) as client,
        ):
            yield Hosted(app, host, URL(url), client)


def _loaded(patch: pytest.MonkeyPatch) -> ModuleType:
    spec = spec_from_file_location("hosted_app", ROOT / "function_app.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    patch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def _standing_still(moment: datetime) -> type[datetime]:
    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    return Standing


class Elements(HTMLParser):
    """What a page is made of: elements with the names of their attributes, and where they lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.leads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))
        self.leads += [value or "" for name, value in attrs if name in ("href", "src", "action")]


class Lines(logging.Handler):
    """Every line of every logger, tracebacks too: what the worker would hand to the host."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    """All lines of a process that is to log everything, as the app leaves its loggers."""
    lines, root = Lines(), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *telemetry._TALKATIVE)}
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    telemetry.quieten()
    try:
        yield lines.lines
    finally:
        root.removeHandler(lines)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
