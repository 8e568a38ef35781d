from __future__ import annotations

import pytest

from shared.text.choose import Lang
from shared.text.links import localized

LEARN = "https://learn.microsoft.com"
PAGE = f"{LEARN}/entra/identity/authentication/troubleshoot-sspr#contact"


@pytest.mark.parametrize(
    ("lang", "link"),
    [
        (Lang.DE, f"{LEARN}/de-de/entra/identity/authentication/troubleshoot-sspr#contact"),
        (Lang.ID, f"{LEARN}/id-id/entra/identity/authentication/troubleshoot-sspr#contact"),
        (Lang.ZH_HANT, f"{LEARN}/zh-tw/entra/identity/authentication/troubleshoot-sspr#contact"),
    ],
)
def test_a_page_that_is_translated_is_linked_in_the_language(lang: Lang, link: str) -> None:
    assert localized(PAGE, lang) == (link, True)


@pytest.mark.parametrize(
    ("lang", "link"),
    [
        (Lang.NB, PAGE),
        (Lang.ZH_HANT, f"{LEARN}/graph/permissions-reference"),
        (Lang.ID, f"{LEARN}/troubleshoot/entra/entra-id/x"),
        (Lang.DE, "https://aka.ms/sspr"),
        (Lang.DE, "https://learn.microsoft.com.contoso.example/entra/x"),
        (Lang.DE, "/entra/x"),
    ],
)
def test_a_page_that_is_not_translated_is_linked_as_it_is_and_said_so(
    lang: Lang, link: str
) -> None:
    assert localized(link, lang) == (link, False)


def test_in_english_no_link_changes() -> None:
    assert localized(PAGE, Lang.EN) == (PAGE, True)
