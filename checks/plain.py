"""Texts from the tenant before they are kept: somebody may have chosen them to do harm."""

from __future__ import annotations

LONGEST = 1000
_UNSEEN = "\ufffd"


def plain(text: str, longest: int = LONGEST) -> str:
    """A text without what is not seen, and no longer than people read.

    Control characters reach terminals and logs, and those that turn the direction of text make one
    thing look like another: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
    """
    shown = "".join(char if char.isprintable() else _UNSEEN for char in text[:longest])
    return shown if len(text) <= longest else f"{shown[:-1]}…"
