"""`dev.py package`: the zip that is deployed, and the proof that it is whole.

The proof starts it where nothing but its own requirements is installed and has it watch a simulated
tenant, so that a file or a package that is missing shows here and not in Azure.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import cast

import aiohttp

import checks
from local import arguments
from local.azurite import ROOT, Azurite, AzuriteError, find_installation
from simulator import TENANT_ID, Simulator, scenario

NAME = "sspr-health-monitor"
OUTPUT = Path(".local") / "package"
# What serves the app beside its package; nothing else of this repository is within its reach.
HOST = ("__init__.py", "host.py", "packaged.py", "timers.py")
INHERITED = ("PATH", "SYSTEMROOT", "TEMP")
USERS = 200
LARGEST = 8
MB = 1_000_000


class PackageError(Exception):
    """No package, or one that does not work; the text is for the developer."""


@dataclass(frozen=True)
class Package:
    """`changed` are files that are not as they were committed."""

    path: Path
    files: tuple[str, ...]
    commit: str
    changed: tuple[str, ...]


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise PackageError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _listed(root: Path, *words: str) -> set[str]:
    return set(filter(None, _git(root, *words, "-z").split("\0")))


def kept(root: Path, names: Iterable[str]) -> set[str]:
    """Those of the tracked files that `.funcignore` lets through, as git reads its patterns.

    Core Tools and azd read them in the same way: https://github.com/Azure/azure-dev/issues/4381
    """
    return set(names) - _listed(root, "ls-files", "-c", "-i", "-X", ".funcignore")


def strays(root: Path) -> set[str]:
    """What they would take as well, as they take what is in the folder, tracked or not."""
    return _listed(root, "ls-files", "-o", "-X", ".funcignore")


def build(root: Path) -> Package:
    """The zip of what is tracked and not ignored. The same commit gives the same bytes."""
    if found := strays(root):
        raise PackageError(
            f"would be deployed and is not under version control: {', '.join(sorted(found))}"
            "\n(git add it, or have .funcignore leave it out)"
        )
    files = sorted(kept(root, _listed(root, "ls-files") - _listed(root, "ls-files", "-d")))
    changed = kept(root, _listed(root, "diff", "--name-only", "HEAD"))
    commit = _git(root, "rev-parse", "--short=12", "HEAD").strip()
    made = time.gmtime(int(_git(root, "log", "-1", "--format=%ct")))
    folder = root / OUTPUT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / f"{NAME}-{commit}{'-changed' if changed else ''}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in files:
            entry = zipfile.ZipInfo(name, made[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, (root / name).read_bytes())
    return Package(path, tuple(files), commit, tuple(sorted(changed)))


def describe(package: Package) -> Iterator[str]:
    content = package.path.read_bytes()
    yield f"package: {package.path}"
    yield f"  commit {package.commit}"
    if package.changed:
        yield f"  with changes that are not committed: {', '.join(package.changed)}"
    yield f"  {len(package.files)} files, {len(content) / 1000:,.0f} kB"
    yield f"  sha256 {hashlib.sha256(content).hexdigest()}"


@contextmanager
def _timed(title: str) -> Iterator[None]:
    print(f"{title} ...", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    finally:
        print(f" {time.monotonic() - started:.0f} s", flush=True)


def install(site: Path, home: Path) -> Path:
    """A virtual environment with the package's requirements only; gives its Python."""
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    base = getattr(sys, "_base_executable", sys.executable)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-compile")
    for command in (
        (base, "-m", "venv", home),
        (python, "-m", "pip", "install", *quiet, "-r", site / "requirements.txt"),
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PackageError(done.stdout + done.stderr)
    return python


def sizes(home: Path) -> Counter[str]:
    """Bytes of each installed distribution, bytecode and what every environment has aside."""
    (packages,) = [*home.glob("lib/python3*/site-packages"), *home.glob("Lib/site-packages")]
    found: Counter[str] = Counter()
    for distribution in distributions(path=[str(packages)]):
        files = [Path(str(file.locate())) for file in distribution.files or ()]
        found[distribution.name] = sum(file.stat().st_size for file in files if file.is_file())
    del found["pip"], found["setuptools"]
    return found


def describe_installed(found: Counter[str]) -> Iterator[str]:
    yield f"  {found.total() / MB:,.0f} MB in {len(found)} packages, the largest:"
    for name, size in found.most_common(LARGEST):
        yield f"  {size / MB:6.1f} MB  {name}"


async def verify(package: Package) -> None:
    """Installs the package where there is nothing else, and starts it. Raises PackageError."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        site, home = folder / "site", folder / "venv"
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(site)
        with _timed("installing its requirements.txt into an empty environment"):
            python = await asyncio.to_thread(install, site, home)
        print("\n".join(describe_installed(sizes(home))))
        with _timed("starting it there, to watch a simulated tenant"):
            found = await watch(python, site, folder)
        print("\n".join(found))
        left = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
        if strange := sorted(left.symmetric_difference(package.files)):
            raise PackageError(f"the app changed its own folder: {', '.join(strange)}")


async def watch(python: Path, site: Path, scratch: Path) -> list[str]:
    """One run of the app in the folder `site`, and all its routes, asked from outside."""
    host, log = scratch / "host", scratch / "log"
    (host / "local").mkdir(parents=True)
    for name in HOST:
        shutil.copy(ROOT / "local" / name, host / "local")
    async with (
        Simulator(scenario(arguments.DEFAULT_SCENARIO, users=USERS)) as graph,
        Azurite(scratch / "tables", *find_installation()) as storage,
    ):
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "PYTHONPATH": str(host),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AzureWebJobsStorage": storage.connection_string,
            "SSPR_TENANT_ID": TENANT_ID,
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.token(),
        }
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(python, "-m", "local.packaged"),
                cwd=site,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            line = await cast("asyncio.StreamReader", process.stdout).readline()
            told = json.loads(line) if line else None
            answers = await _ask(told["url"], told["routes"]) if told else []
        finally:
            cast("asyncio.StreamWriter", process.stdin).close()  # which ends it
            await process.wait()
        asked = len(graph.requests)
    said = log.read_text("utf-8", errors="replace")
    if told is None or process.returncode or "Traceback" in said:
        raise PackageError(f"the app does not run from its package:\n{said}")
    return [
        f"  all of its {told['modules']} modules and {told['imports']} imports are there",
        f"  functions: {', '.join(told['functions'])}",
        f"  its run made {asked} requests to Graph and judged all {len(checks.CATALOGUE)} checks",
        *answers,
    ]


async def _ask(url: str, routes: list[str]) -> list[str]:
    """How each route answers; PackageError for one that fails, or a status that is not whole."""
    lines, judged = [], set()
    async with aiohttp.ClientSession(headers={"Accept": "application/json"}) as client:
        for route in sorted(routes):
            async with client.get(f"{url}/{route}") as answer:
                text = await answer.text()
            if answer.status >= 500:
                raise PackageError(f"GET {route} answered {answer.status}: {text}")
            lines.append(f"  GET {route}: {answer.status} {answer.content_type}")
            if route == "status":
                judged = {check["id"] for check in json.loads(text)["checks"]}
        # Templates are no modules: only a page shows that they are there.
        async with client.get(f"{url}/status", headers={"Accept": "text/html"}) as answer:
            if (answer.status, answer.content_type) != (200, "text/html"):
                raise PackageError(f"GET status as a page answered {answer.status}")
    if missing := sorted(checks.BY_ID.keys() - judged):
        raise PackageError(f"not judged: {', '.join(missing)}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py package", description=__doc__)
    options = arguments.add_to_package(parser).parse_args()
    logging.basicConfig(level=logging.WARNING)
    started = time.monotonic()
    try:
        package = build(ROOT)
        print("\n".join(describe(package)))
        if options.verify:
            asyncio.run(verify(package))
            print(f"verified in {time.monotonic() - started:.0f} s")
    except (AzuriteError, PackageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
