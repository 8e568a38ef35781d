"""Whole pages: every word on them is a message, and every message is set as its language is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from local.azurite import ROOT
from local.gallery import HOST, Gallery
from shared.text import Lang, Words, words
from shared.trend import Window
from tests.browser.pages import PAGES, hang
from tests.text.conftest import outside

INLINE = {"a", "b", "span", "bdi", "code", "use", "svg"}
# Names, codes and what was stored, as they came.
AS_THEY_ARE = {"code", "pre", "bdi", "style"}
TOLD = ("aria-label", "placeholder", "content", "title")
NAMES = re.compile(r"SSPR_?\w*|health\+json|JSON|CSV|UTC|width=device-width.*|light dark|noindex")
LISTED = re.compile(r"[, ]*\band$")
DATES = re.compile(r"(\d+ )?[A-Z][a-z]{2,8}( \d{4})?\b|\d\d:\d\d")

every_page = pytest.mark.parametrize("of", PAGES.values(), ids=PAGES)


class Texts(HTMLParser):
    """The texts of a page, each as long as no block ends it; ￼ stands for what is as it came."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._open: list[str] = []
        self._lines = [""]
        self.feed(body.decode())
        self.lines = [line for line in map(str.strip, self._lines) if line]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in INLINE:
            self._lines.append("")
        self._lines[:-1] += [found[name] or "" for name in TOLD if name in found]
        if tag not in ("meta", "link", "input", "br"):
            # The name of a language is in that language.
            self._open.append("bdi" if "hreflang" in found and "lang" in found else tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()
        if tag not in INLINE:
            self._lines.append("")

    def handle_data(self, data: str) -> None:
        if AS_THEY_ARE.isdisjoint(self._open):
            self._lines[-1] += re.sub(r"\s+", " ", data)
        elif data.strip():
            self._lines[-1] += "\ufffc"


@pytest.fixture(scope="module")
async def gallery(storage: str) -> Gallery:
    return await hang(storage)


def texts(gallery: Gallery, of: tuple[str, str], told: Words) -> list[str]:
    tenant, path = of
    return Texts(gallery.answer(f"http://{tenant}.{HOST}/api/{path}", told).body).lines


@every_page
def test_a_page_is_made_of_messages(gallery: Gallery, of: tuple[str, str], marked: Words) -> None:
    found = texts(gallery, of, marked)
    assert any("⟦" in line for line in found)
    beside = [DATES.sub("", NAMES.sub("", LISTED.sub("", outside(line)))) for line in found]
    assert [line for line in beside if re.search("[A-Za-z]{2}|[.:;,] ?$", line)] == []


@every_page
def test_a_page_is_smaller_than_100_kb_in_every_language(
    gallery: Gallery, of: tuple[str, str]
) -> None:
    tenant, path = of
    for lang in Lang:
        body = gallery.answer(f"http://{tenant}.{HOST}/api/{path}", words(lang)).body
        assert len(body) < 100_000, lang


@pytest.mark.parametrize("window", Window)
def test_no_window_makes_the_front_page_large(gallery: Gallery, window: Window) -> None:
    """With a key of the usual length in every link, too."""
    url = f"http://contoso.{HOST}/api/status?window={window}&code={'k' * 56}&lang="
    for lang in Lang:
        assert len(gallery.answer(url + lang).body) < 100_000, lang


_ENDS = "\u3001\u3002\u300d\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
_CHINESE = rf"\u3400-\u9fff\u300c\uff08{_ENDS}"
MISSET = re.compile(
    rf"[{_CHINESE}] ?[,.:;!?()]|[,;:!?()] ?[{_CHINESE}]|[{_ENDS}\u300c\uff08] (?!\d)| [{_ENDS}]"
)


@every_page
def test_chinese_is_set_with_chinese_punctuation(gallery: Gallery, of: tuple[str, str]) -> None:
    found = texts(gallery, of, words(Lang.ZH_HANT))
    assert any("。" in line for line in found)
    assert [line for line in found if MISSET.search(line)] == []


@pytest.mark.parametrize(
    "wrong", ["狀況良好.", "權限: ￼", "一。 二。", "重大, 警告", "閱讀 (English)", "是 \uff0c否"]
)
def test_chinese_that_is_set_wrong_is_found(wrong: str) -> None:
    assert MISSET.search(wrong)


@pytest.mark.parametrize(
    "right", ["一。二。", "重大 2.5%、警告", "2026年3月1日 08:05 UTC", "由「重大」起"]
)
def test_chinese_that_is_set_right_is_passed(right: str) -> None:
    assert not MISSET.search(right)


# Punctuation beside what a template fills in, and two of these one after the other, are sentences
# put together from pieces.
PIECES = re.compile(
    r"\}\}(</\w+>|\{%[^%]*%\})*\s*[.,:;!?()]|\}\}(\{%[^%]*%\})* +(\{%[^%]*%\})*\{\{|[.,:;!?(]\s*\{\{"
)


def test_no_template_puts_a_sentence_together() -> None:
    found = [
        f"{file.name}: {line}"
        for file in sorted(ROOT.glob("shared/web/templates/*.html"))
        for line in file.read_text("utf-8").splitlines()
        for text in [re.sub(r'="[^"]*"', "", line)]
        if PIECES.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "wrong",
    [
        "<b>{{ words.state(state) }}.</b>",
        "{{ say('Permission') }}: <code>",
        "{{ one }} {% if x %}{{ other }}{% endif %}",
        "{{ one }}{% if x %} ({{ other }}){% endif %}",
    ],
)
def test_a_sentence_that_a_template_puts_together_is_found(wrong: str) -> None:
    assert PIECES.search(wrong)
