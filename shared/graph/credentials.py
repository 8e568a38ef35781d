"""Who we are: a managed identity in Azure, the developer's own sign-in elsewhere."""

from __future__ import annotations

import os
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

_NEVER = 2**31


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
        return ManagedIdentityCredential(client_id=client_id or os.environ.get("AZURE_CLIENT_ID"))
    tenant = tenant_id or ""
    return ChainedTokenCredential(
        AzureCliCredential(tenant_id=tenant),
        AzureDeveloperCliCredential(tenant_id=tenant),
        AzurePowerShellCredential(tenant_id=tenant),
    )


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
