"""Which of Microsoft's pages exist in a reader's language."""

from __future__ import annotations

from shared.text.choose import Lang

_HOST = "https://learn.microsoft.com"

# An address with a locale always answers, in English where there is no translation, so it has to be
# known which parts are translated. No page on Microsoft Entra was found in Norwegian. Seen were:
# https://learn.microsoft.com/de-de/troubleshoot/entra/entra-id/user-prov-sync/troubleshoot-pwd-sync
# https://learn.microsoft.com/de-de/graph/throttling-limits
# https://learn.microsoft.com/de-de/microsoft-365/enterprise/managing-office-365-endpoints
# https://learn.microsoft.com/id-id/entra/identity/hybrid/connect/how-to-connect-install-custom
# https://learn.microsoft.com/zh-tw/entra/identity/hybrid/cloud-sync/how-to-troubleshoot
_TRANSLATED = {
    Lang.DE: ("de-de", ("/entra/", "/troubleshoot/entra/", "/graph/", "/microsoft-365/")),
    Lang.NB: ("nb-no", ()),
    Lang.ID: ("id-id", ("/entra/",)),
    Lang.ZH_HANT: ("zh-tw", ("/entra/",)),
}


def localized(link: str, lang: Lang) -> tuple[str, bool]:
    """The address of a page for readers of a language, and whether the page is in that language.

    Without a locale in its address, Microsoft picks the language that the browser asks for.
    """
    if lang is Lang.EN:
        return link, True
    locale, translated = _TRANSLATED[lang]
    path = link.removeprefix(_HOST)
    if path != link and path.startswith(translated):
        return f"{_HOST}/{locale}{path}", True
    return link, False
