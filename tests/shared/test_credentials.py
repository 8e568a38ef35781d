"""Whatever goes wrong with a credential is a failed sign-in, and is told in time."""

from __future__ import annotations

import asyncio

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.graph import credentials
from shared.graph.credentials import Dependable, SignInError


class Fake:
    """A credential that does what it is told to."""

    closed = 0

    def __init__(self, act):
        self._act = act

    async def get_token(self, *scopes, **kwargs):
        return await self._act()

    async def close(self):
        self.closed += 1

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        self.closed += 1


def fails(error):
    async def act():
        raise error

    return act


async def token():
    return AccessToken("t", 1)


@pytest.mark.parametrize("error", [KeyError("resource"), TypeError(), ValueError("never")])
async def test_what_a_credential_trips_over_is_a_failed_sign_in(error):
    with pytest.raises(SignInError, match=f"^{type(error).__name__}$") as raised:
        await Dependable(Fake(fails(error))).get_token("scope")
    assert raised.value.__cause__ is error


async def test_a_failure_that_is_told_as_one_stays_as_it_is():
    error = ClientAuthenticationError("no identity")
    with pytest.raises(ClientAuthenticationError) as raised:
        await Dependable(Fake(fails(error))).get_token("scope")
    assert raised.value is error


async def test_a_credential_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(credentials, "SIGN_IN_SECONDS", 0.01)
    with pytest.raises(SignInError, match="TimeoutError"):
        await Dependable(Fake(asyncio.Event().wait)).get_token("scope")


async def test_being_called_off_is_no_failure():
    signing_in = asyncio.create_task(Dependable(Fake(asyncio.Event().wait)).get_token("scope"))
    await asyncio.sleep(0)
    signing_in.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing_in


async def test_a_credential_is_closed_with_what_it_stands_for():
    fake = Fake(token)
    async with Dependable(fake) as credential:
        assert (await credential.get_token("scope")).token == "t"
    assert fake.closed == 1
    await credential.close()
    assert fake.closed == 2
