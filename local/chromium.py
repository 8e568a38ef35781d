"""Chromium, as this machine has it."""

from __future__ import annotations

import shutil
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)

# It asks nobody for anything but the pages it is shown, and runs as root in a container.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


def find_chromium() -> str | None:
    """The path of Chromium or of a browser made of it; None when there is none."""
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    return found or next((path for path in _ELSEWHERE if Path(path).is_file()), None)
