from __future__ import annotations

import re

import pytest

from shared.text import Lang
from tests.browser.pages import PAGES

every_page = pytest.mark.parametrize("of", PAGES.values(), ids=PAGES)
# Those that an unavailable page is no error of.
EXPECTED = re.compile("status of 50\\d|status of 404")


def unexpected(faults: list[str]) -> list[str]:
    return [fault for fault in faults if not EXPECTED.search(fault)]


@every_page
async def test_accessibility_rules_find_nothing_in_light_and_in_dark(open_page, of):
    found = await open_page(*of)
    grounds = set()
    for scheme in ("light", "dark"):
        await found.tab.emulate_media(color_scheme=scheme)
        grounds.add(await found.tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert await found.axe() == []
    assert len(grounds) == 2


@every_page
async def test_a_page_asks_nobody_and_complains_of_nothing(open_page, of):
    found = await open_page(*of)
    await found.tab.wait_for_load_state("networkidle")
    assert unexpected(found.faults) == []


@every_page
async def test_nothing_is_wider_than_the_window_nor_cut_in_any_language(open_page, of):
    found = await open_page(*of)
    address = found.tab.url
    for lang in Lang:
        await found.tab.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
        assert await found.tab.get_attribute("html", "lang") == lang
        await found.tab.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        for width in (320, 400, 1280):
            await found.tab.set_viewport_size({"width": width, "height": 900})
            assert await found.overflow() == [], (lang, width)
            assert await found.clipped() == [], (lang, width)
            assert width == 320 or await found.broken() == [], (lang, width)


@every_page
async def test_nothing_is_wider_than_the_window_at_twice_the_size(open_page, of):
    found = await open_page(*of, width=640, scale=2)
    assert await found.overflow() == []


@every_page
async def test_nothing_is_cut_when_only_the_text_is_enlarged(open_page, of):
    found = await open_page(*of)
    await found.tab.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await found.overflow() == []


@pytest.mark.parametrize("tenant", ["contoso", "unread", "healthy"])
async def test_the_front_page_is_printed_on_one_or_two_sheets(open_page, tenant):
    found = await open_page(tenant, "status")
    for lang in Lang:
        await found.tab.goto(f"{found.tab.url.partition('?')[0]}?lang={lang}")
        pdf = await found.tab.pdf(prefer_css_page_size=True)
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2, lang


async def test_every_state_has_a_shape_of_its_own(open_page):
    found = await open_page("contoso", "status")
    bars = await found.tab.eval_on_selector_all(
        ".legend path",
        """paths => paths.map(path => {
            const style = getComputedStyle(path);
            return style.strokeWidth + " " + style.strokeDasharray;
        })""",
    )
    assert len(set(bars)) == len(bars) == 6
    symbols = await found.tab.eval_on_selector_all("symbol", "all => all.map(one => one.innerHTML)")
    assert len(set(symbols)) == len(symbols) == 5


async def test_every_icon_has_a_word_beside_it(open_page):
    found = await open_page("contoso", "status")
    silent = await found.tab.eval_on_selector_all(
        ".icon", "all => all.filter(one => !one.parentElement.innerText.trim()).length"
    )
    assert silent == 0
    words = await found.tab.eval_on_selector_all(
        ".rest .word", "all => all.map(one => one.innerText)"
    )
    assert set(words) == {"Healthy", "Not applicable"}


FOCUSABLE = """[...document.querySelectorAll("a[href], input, button, summary, [tabindex]")]
    .filter(e => e.type !== "hidden" && e.checkVisibility())"""


async def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(open_page):
    found = await open_page("contoso", "status")
    tab = found.tab
    for place in range(await tab.evaluate(f"{FOCUSABLE}.length")):
        await tab.keyboard.press("Tab")
        assert await tab.evaluate(f"{FOCUSABLE}.indexOf(document.activeElement)") == place
        outline = await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


async def test_the_skip_link_leads_to_the_content(open_page):
    found = await open_page("contoso", "status")
    await found.tab.keyboard.press("Tab")
    await found.tab.keyboard.press("Enter")
    assert found.tab.url.endswith("#main")


async def test_from_the_status_to_a_check_to_a_code_in_one_language_and_with_the_key(open_page):
    found = await open_page("contoso", "status?lang=de&code=k3y_-==")
    tab = found.tab
    await tab.click(".problem h3 a")
    assert tab.url.split("/api/")[1] == "checks/writeback?lang=de&code=k3y_-%3D%3D"
    await tab.fill("#ask", "SSPR_0029")
    await tab.press("#ask", "Enter")
    assert tab.url.split("/api/")[1] == "explain?lang=de&code=k3y_-%3D%3D&q=SSPR_0029"
    assert await tab.inner_text("h1") == "SSPR_0029"
    await tab.click("text=Norsk bokmål")
    assert "lang=nb" in tab.url
    assert "q=SSPR_0029" in tab.url
    assert await tab.get_attribute("html", "lang") == "nb"
    assert unexpected(found.faults) == []


async def test_a_window_is_chosen_and_kept(open_page):
    found = await open_page("healthy", "status")
    await found.tab.click(".windows >> text=7 days")
    assert found.tab.url.endswith("status?window=7d")
    assert await found.tab.inner_text(".windows [aria-current]") == "7 days"
    await found.tab.click(".rest h3 a >> nth=0")
    assert found.tab.url.endswith("checks/writeback?window=7d")
