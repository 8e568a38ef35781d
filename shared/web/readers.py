"""Who may read: whoever has a function key or, where App Service signs people in, who signed in."""

from __future__ import annotations

from collections.abc import Mapping

from shared.text import Words
from shared.web.answers import Answer, problem

_PRINCIPAL = "x-ms-client-principal-id"


def signs_in(environment: Mapping[str, str]) -> bool:
    """Whether App Service lets nobody through to the app unseen. It says so itself."""
    return environment.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"


def is_signed_in(headers: Mapping[str, str]) -> bool:
    """Whether somebody signed in; to be asked only where App Service signs people in.

    There it removes this header from what comes from outside, anywhere else it is worth nothing:
    https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
    """
    return bool(headers.get(_PRINCIPAL))


def not_signed_in(words: Words) -> Answer:
    """A problem document for when App Service let somebody through who is nobody."""
    return problem(
        401,
        words.say("Not signed in"),
        words.say(
            "App Service has to sign in whoever reads this. See its authentication settings."
        ),
    )
