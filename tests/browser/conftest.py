"""Pages in a real browser. Without one the tests are skipped; BROWSER_REQUIRED makes them fail."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from local.azurite import ROOT
from local.chromium import ARGUMENTS, find_chromium
from local.gallery import HOST, Gallery
from tests.browser.pages import hang

AXE = ROOT / ".local" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
RULES = AXE.read_text("utf-8") if AXE.exists() else ""
MISSING = "no Chromium was found, so no page was tried in a browser"

Open = Callable[..., Awaitable["Opened"]]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find_chromium() is None:
        terminalreporter.write_line(MISSING)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip)(MISSING)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def gallery(storage: str) -> Gallery:
    return await hang(storage)


class Opened:
    """A page in a tab, and what it did that no page may do."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.faults: list[str] = []
        tab.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: self.faults.append(f"error: {error}"))

    async def axe(self) -> list[str]:
        """What the accessibility rules find, one line for each element."""
        await self.tab.evaluate(RULES)
        found = await self.tab.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    async def overflow(self) -> list[str]:
        """What is wider than the window, if anything is."""
        return list(
            await self.tab.evaluate(
                """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
                    [...document.querySelectorAll("body *")]
                        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                        .map(e => e.outerHTML.slice(0, 200))"""
            )
        )

    async def clipped(self) -> list[str]:
        """Elements that hold more text than they show."""
        return list(
            await self.tab.evaluate(
                """() => [...document.querySelectorAll("body *")]
                    .filter(e => e.checkVisibility() && !e.closest("svg, .word, [tabindex]"))
                    .filter(e => getComputedStyle(e).display !== "inline" && e.clientWidth)
                    .filter(e => e.scrollWidth > e.clientWidth + 1
                        || (getComputedStyle(e).overflowY === "hidden"
                            && e.scrollHeight > e.clientHeight + 1))
                    .map(e => e.outerHTML.slice(0, 200))"""
            )
        )

    async def broken(self) -> list[str]:
        """Words and numbers on two lines, other than at a hyphen; addresses and names aside."""
        return list(
            await self.tab.evaluate(
                """() => {
                    const found = [], range = document.createRange();
                    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                    while (texts.nextNode()) {
                        const text = texts.currentNode;
                        if (text.parentElement.closest("code, pre, bdi, svg, .word")) continue;
                        for (const word of text.data.matchAll(/[\\wÀ-ž.,:/@\u00a0]{2,}/g)) {
                            if (/[/@_]/.test(word[0])) continue;
                            range.setStart(text, word.index);
                            range.setEnd(text, word.index + word[0].length);
                            const lines = [...range.getClientRects()].map(r => Math.round(r.top));
                            if (new Set(lines).size > 1) found.push(word[0]);
                        }
                    }
                    return found;
                }"""
            )
        )


@pytest.fixture
async def open_page(chromium: Browser, gallery: Gallery) -> AsyncIterator[Open]:
    """Opens a page of the gallery: the name of a tenant and the rest of the address."""
    contexts = []

    async def opened(tenant: str, path: str, *, width: int = 1280, scale: float = 1) -> Opened:
        context = await chromium.new_context(
            viewport={"width": width, "height": 900},
            device_scale_factor=scale,
        )
        contexts.append(context)
        found = Opened(await context.new_page())

        async def fulfil(route: Route) -> None:
            url = route.request.url
            if not url.split("/")[2].endswith(HOST) or not route.request.is_navigation_request():
                found.faults.append(f"request: {url}")
                await route.abort()
                return
            answer = gallery.answer(url)
            await route.fulfill(
                status=answer.status,
                headers={**answer.headers, "Content-Type": f"{answer.media_type}; charset=utf-8"},
                body=answer.body,
            )

        await context.route("**/*", fulfil)
        await found.tab.goto(f"http://{tenant}.{HOST}/api/{path}")
        return found

    yield opened
    for context in contexts:
        await context.close()
