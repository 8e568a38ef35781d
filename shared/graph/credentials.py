"""Who we are: a managed identity in Azure, the developer's own sign-in elsewhere."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

_NEVER = 2**31

SIGN_IN_SECONDS = 20.0
"""Less than a request to Graph may take, so that it can be told what took so long."""


def azure_credential(
    *, client_id: str | None = None, tenant_id: str | None = None
) -> AsyncTokenCredential:
    """A credential that holds no secret. The caller closes it (`async with`)."""
    from azure.identity.aio import (
        AzureCliCredential,
        AzureDeveloperCliCredential,
        AzurePowerShellCredential,
        ChainedTokenCredential,
        ManagedIdentityCredential,
    )

    # Set by App Service and Functions wherever an identity is attached.
    if "IDENTITY_ENDPOINT" in os.environ:
        client_id = client_id or os.environ.get("AZURE_CLIENT_ID")
        return Dependable(ManagedIdentityCredential(client_id=client_id))
    tenant = tenant_id or ""
    return Dependable(
        ChainedTokenCredential(
            AzureCliCredential(tenant_id=tenant),
            AzureDeveloperCliCredential(tenant_id=tenant),
            AzurePowerShellCredential(tenant_id=tenant),
        )
    )


class SignInError(AzureError):
    """No token, for a reason that the credential itself has no word for."""


class Dependable(AsyncTokenCredential):
    """A credential that ends in time, and whose every failure is an AzureError.

    Those of azure-identity let through whatever their code trips over when the identity endpoint
    answers with odd JSON, such as KeyError or TypeError, and wait for as long as it does not.
    """

    def __init__(self, credential: AsyncTokenCredential) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                return await self._credential.get_token(*scopes, **kwargs)
        except AzureError:
            raise
        except Exception as error:
            raise SignInError(type(error).__name__) from error

    async def close(self) -> None:
        await self._credential.close()

    async def __aenter__(self) -> Self:
        await self._credential.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self._credential.__aexit__(*exc)


class SimulatorToken(AsyncTokenCredential):
    """The token a simulator printed; settings see to it that it never leaves this machine."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(self._token, _NEVER)

    async def close(self) -> None:
        pass

    async def __aexit__(self, *exc: object) -> None:
        pass
