"""Texts that attack whoever shows, stores or logs them, in place of all that somebody could choose.

States, ids and whatever else is Microsoft's own stays as it is, so that a hostile tenant is judged
like any other.
"""

from collections.abc import Mapping

from .applications import RESET_SERVICE_NAME

# Each text holds one of these: whose it is, or who it is.
CHOSEN = "ch0sen"
PERSON = "n0b0dy"
LONGEST = 1_000_000

_ATTACK = (
    '=HYPERLINK("http://attacker.example","x")'  # spreadsheets
    "</title></style>\"'><script>alert(1)</script><img src=x onerror=alert(1)>"  # pages
    "{{7*7}}{x}%(x)s%s[red]"  # templates, format strings, markup of terminals
    "'); drop table SsprRuns;--"
    "\x00\x07\x1b[2J\x85\x9b31m\r\nSet-Cookie: a=b\r\n\r\n"  # terminals, logs, headers
    "\u202e\u2066\u200f\u2028\ufeff\U000e0041"  # directions, line ends, what nobody sees
    "\\\ufdfd\U0001f9ff\u0301\u0301\u0301"
)

_OF_PEOPLE = (
    "displayName givenName surname userDisplayName userPrincipalName mail mailNickname mobilePhone "
    "businessPhones otherMails proxyAddresses ipAddress technicalNotificationMails oldValue "
    "newValue principalDisplayName"
)
_OF_THINGS = (
    "skuPartNumber servicePlanName accountName service feature featureGroup title content message "
    "impactDescription description implementationStatus reason value name notes tags homepage "
    "publisherDomain publisherName resourceDisplayName"
)
_NAMES, _TEXTS = frozenset(_OF_PEOPLE.split()), frozenset(_OF_THINGS.split())
_MICROSOFTS = frozenset({"", "None", RESET_SERVICE_NAME})
# There are few of them, and they are shown.
_ENDLESS = frozenset({"skuPartNumber", "reason"})


def text(of: str, mark: str = CHOSEN) -> str:
    """A hostile text that still holds what it was."""
    return f"{_ATTACK} {mark} {of}"


def answer(body: object) -> object:
    """An answer with hostile texts; the first of each kind is a megabyte long."""
    seen: set[str] = set()

    def told(key: str, part: object) -> object:
        if isinstance(part, Mapping):
            if "allowedMemberTypes" in part:
                return part  # an app role, whose names are Microsoft's
            return {name: told(name, value) for name, value in part.items()}
        if isinstance(part, list):
            return [told(key, item) for item in part]
        if not isinstance(part, str) or part in _MICROSOFTS:
            return part
        if key == "resultReason":
            # What is known of a reason is found anywhere in it; and it may name whom it is about.
            return f"{part} {PERSON} {PERSON}@attacker.example {_ATTACK}"
        if key not in _NAMES | _TEXTS:
            return part
        hostile = text(part, PERSON if key in _NAMES or "@" in part else CHOSEN)
        endless = key in _ENDLESS or key not in seen
        seen.add(key)
        return hostile.ljust(LONGEST, "A") if endless else hostile

    return told("", body)
