"""Words in a language made up for tests, in which every message stands between marks."""

from __future__ import annotations

import re
from gettext import NullTranslations

import pytest

from local.messages import NAMES, template
from shared.text import Lang, Words

_MARKED = re.compile(r"⟦[^⟦⟧]*⟧")


class _Marks(NullTranslations):
    """Fails for a message that the catalogues do not have."""

    def __init__(self) -> None:
        super().__init__()
        self._known = template(Lang.DE)

    def gettext(self, message: str) -> str:
        if message in NAMES:
            return f"⟦{message}⟧"
        return self._marked(message, None)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._marked(msgid1 if n == 1 else msgid2, None, msgid1)

    def pgettext(self, context: str, message: str) -> str:
        return self._marked(message, context)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self._marked(msgid1 if n == 1 else msgid2, context, msgid1)

    def _marked(self, message: str, context: str | None, key: str | None = None) -> str:
        assert self._known.get(key or message, context), message
        return f"⟦{message}⟧"


@pytest.fixture(scope="session")
def marked() -> Words:
    return Words(Lang.EN, _Marks())


def outside(text: str) -> str:
    """What of a text is no part of a message."""
    inner = _MARKED.sub("", text)
    return inner.strip() if inner == text else outside(inner)
