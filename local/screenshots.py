"""`python -m local.screenshots`: the pictures of the pages in docs/images, made anew."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Route, async_playwright

from local.azurite import ROOT, Azurite, find_installation
from local.chromium import ARGUMENTS, COMMANDS, find_chromium
from local.gallery import HOST, Gallery, watched
from shared.store import close_stores
from shared.text import Lang
from simulator import Tenant, scenario

IMAGES = ROOT / "docs" / "images"
# Of all days the one that these pages were first looked at.
NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
LACKS = "ServiceHealth.Read.All"
LACKS_MORE = "AuditLog.Read.All"


@dataclass(frozen=True)
class Picture:
    """A page in a window of this size; `at` is the element that it is scrolled to."""

    name: str
    address: str
    width: int = 1120
    height: int = 780
    dark: bool = False
    at: str = ""


PICTURES = (
    Picture("status", "mixed/status"),
    Picture("status-dark", "mixed/status", dark=True),
    Picture("status-phone", "mixed/status", width=390, height=844),
    Picture("charts", "mixed/status", height=700, at="#charts"),
    Picture("check", "mixed/checks/registration", height=900),
    Picture("explain", "mixed/explain?q=SSPR_0029", height=700),
    Picture("healthy", "healthy/status?lang=nb", height=620),
    Picture("unread", "unread/status?lang=id", height=620, at="#unknowns"),
    Picture("stopped", "stopped/status?lang=zh-Hant", height=420),
    Picture("pending", "pending/status?lang=de", height=420),
    Picture("check-phone", "mixed/checks/writeback?lang=de", width=390, height=844, dark=True),
    *(
        Picture(f"status-{lang}", f"mixed/status?lang={lang}", height=620)
        for lang in Lang
        if lang is not Lang.EN
    ),
)


def mixed() -> Tenant:
    """Where some is well and some is not: writeback is off, and some methods are to end."""
    return replace(scenario("writeback-disabled"), cohorts=scenario("phone-only").cohorts)


async def take(browser: Browser, gallery: Gallery, picture: Picture) -> Path:
    """Write a picture."""
    context = await browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
    )

    async def fulfil(route: Route) -> None:
        answer = gallery.answer(route.request.url)
        await route.fulfill(
            status=answer.status,
            headers={**answer.headers, "Content-Type": f"{answer.media_type}; charset=utf-8"},
            body=answer.body,
        )

    await context.route("**/*", fulfil)
    tab = await context.new_page()
    tenant, _, path = picture.address.partition("/")
    await tab.goto(f"http://{tenant}.{HOST}/api/{path}")
    if picture.at:
        await tab.evaluate(
            "at => document.querySelector(at).scrollIntoView({behavior: 'instant'})", picture.at
        )
    file = IMAGES / f"{picture.name}.png"
    await tab.screenshot(path=file, animations="disabled")
    await context.close()
    return file


async def take_all(chromium: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with Azurite(Path(folder), *find_installation()) as storage:
            address = storage.connection_string
            tenants = {
                "mixed": await watched(address, mixed(), NOW, lacks=LACKS),
                "healthy": await watched(address, scenario("healthy"), NOW),
                "unread": await watched(address, scenario("healthy"), NOW, lacks=LACKS_MORE),
            }
            await close_stores()
    gallery = Gallery(tenants, NOW)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for picture in PICTURES:
            file = await take(browser, gallery, picture)
            print(f"{file.relative_to(ROOT)} {file.stat().st_size // 1024} KB")
        await browser.close()


def main() -> int:
    chromium = find_chromium()
    if chromium is None:
        print(f"error: none of {', '.join(COMMANDS)} is installed", file=sys.stderr)
        return 1
    asyncio.run(take_all(chromium))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
