"""The running app in a browser, behind keys as in Azure."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Opened
from tests.served import KEYS


@pytest.fixture
async def opened(chromium):
    context = await chromium.new_context(locale="nb-NO")
    yield Opened(await context.new_page())
    await context.close()


async def test_a_reader_goes_from_page_to_page(opened, api):
    tab = opened.tab
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    answer = await tab.goto(f"{api}/status?code={KEYS.function}")
    assert answer.status == 200
    assert await tab.get_attribute("html", "lang") == "nb"
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert await tab.locator(".problem").count() > 3
    # The history began less than a week ago, so that is what is shown.
    assert await tab.get_attribute(".windows [aria-current]", "href") == (
        f"status?code={KEYS.function}&window=7d"
    )
    await tab.click(".problem h3 a")
    assert tab.url == f"{api}/checks/writeback?code={KEYS.function}"
    assert await tab.locator(".uptimes td").count() == 5
    await tab.fill("#ask", "event 31034")
    await tab.press("#ask", "Enter")
    assert await tab.inner_text("h1") == "31034"
    await tab.click("text=Deutsch")
    assert await tab.get_attribute("html", "lang") == "de"
    await tab.click(".name")
    assert tab.url == f"{api}/status?lang=de&code={KEYS.function}"
    assert opened.faults == []
    assert all(url.startswith((api, "data:")) for url in asked)


async def test_all_codes_are_listed_with_a_key_in_the_address(opened, api):
    tab = opened.tab
    await tab.goto(f"{api}/explain?q=SSPR_0029&code={KEYS.function}")
    await tab.click(".back a")
    assert tab.url == f"{api}/explain?code={KEYS.function}&q="
    assert await tab.locator(".entries li").count() > 100
    assert KEYS.function not in await tab.inner_text("body")
