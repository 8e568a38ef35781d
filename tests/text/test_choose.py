from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.choose import Lang, choose


@pytest.mark.parametrize(
    ("tag", "lang"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("de", "de"),
        ("de-CH-1996", "de"),
        ("nb", "nb"),
        ("nb_NO", "nb"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("id", "id"),
        ("in-ID", "id"),
        ("zh-Hant", "zh-Hant"),
        ("zh-hant-HK", "zh-Hant"),
        ("ZH_TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-MO", "zh-Hant"),
    ],
)
def test_a_tag_means_the_language_that_its_readers_read(tag: str, lang: str) -> None:
    default = Lang.DE if lang == "en" else Lang.EN
    assert choose(tag, None, default) == lang
    assert choose(None, tag.replace("_", "-"), default) == lang


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "zh-Hans-TW", "fr", "d", "deu", "", "*", "de;q=x"])
def test_a_tag_of_no_language_of_ours_leaves_the_default(tag: str) -> None:
    assert choose(tag, tag, Lang.NB) is Lang.NB


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, en;q=0.2, id;q=0.7", "id"),
        ("nb;q=0.5, zh-TW;q=0.5", "nb"),
        ("de;q=0, id;q=0.1", "id"),
        ("de;q=0", "en"),
        ("zh-CN,zh;q=0.9,nb;q=0.001", "nb"),
        ("DE ; Q=1.000 , nb", "de"),
        ("de;q=1.5, nb;q=0.1", "nb"),
        ("de;q=0.1234, nb;q=0.1", "nb"),
        (";;,, ,nb", "nb"),
        ("*;q=0.5, de;q=0.1", "de"),
    ],
)
def test_a_header_is_read_by_its_weights(header: str, lang: str) -> None:
    assert choose(None, header, Lang.EN) == lang


def test_what_is_asked_for_comes_before_what_the_browser_accepts() -> None:
    assert choose("id", "de", Lang.NB) is Lang.ID
    assert choose("klingon", "de", Lang.NB) is Lang.DE
    assert choose(" de ", None, Lang.NB) is Lang.DE


def test_only_the_beginning_of_a_header_is_read() -> None:
    assert choose(None, "fr," * 400 + "de", Lang.EN) is Lang.EN


@given(st.text(), st.text() | st.text("den-zhTW;q=01.,* "))
def test_any_text_is_answered_with_a_language(param: str, header: str) -> None:
    assert choose(param, header, Lang.EN) in Lang
