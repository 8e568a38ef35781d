"""The inside of `dev.py package`: serves the app of this folder until standard input ends.

Runs where only the app's own requirements are installed, and tells one line of JSON about itself.
"""

import ast
import asyncio
import importlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web
from azure.functions.timer import TimerRequest

from local.host import Host

RUN = "run"


def modules(site: Path) -> Iterator[str]:
    for file in sorted(site.rglob("*.py")):
        parts = file.relative_to(site).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(site: Path) -> set[str]:
    """Everything that is imported anywhere, also inside functions, which no start would show."""
    found: set[str] = set()
    for file in site.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return found


async def serve(site: Path) -> None:
    names = list(modules(site))
    for name in names:
        importlib.import_module(name)
    wanted = imports(site)
    if missing := sorted(name for name in wanted if importlib.util.find_spec(name) is None):
        sys.exit(f"cannot be imported: {', '.join(missing)}")
    app = importlib.import_module("function_app")
    host_json = json.loads((site / "host.json").read_text("utf-8"))
    if host_json["version"] != "2.0":  # the version of its schema, for every host since 2.x
        sys.exit(f"host.json has the version {host_json['version']!r}")
    host = Host(app.app, host_json, os.environ)
    runner = web.AppRunner(host.application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        if not await host.fire(RUN, TimerRequest()):
            sys.exit("the run failed")
        told = {
            "url": f"http://127.0.0.1:{runner.addresses[0][1]}/{host.prefix}",
            "modules": len(names),
            "imports": len(wanted),
            "functions": sorted(function.name for function in host.functions),
            "routes": [
                function.trigger.get("route") or function.name
                for function in host.functions
                if "GET" in function.trigger.get("methods", ())
            ],
        }
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await runner.cleanup()
        await app.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(Path.cwd()))
