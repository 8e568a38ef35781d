"""Bearer tokens: shaped like Graph's, worth something only to the simulator that issued them."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from .http import GraphError
from .tenant import TENANT_ID

ALL_ROLES = (
    "Organization.Read.All",
    "LicenseAssignment.Read.All",
    "OnPremDirectorySynchronization.Read.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Policy.Read.AuthenticationMethod",
    "Policy.Read.All",
    "User.Read.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "OrgContact.Read.All",
    "Domain.Read.All",
    "RoleManagement.Read.Directory",
    "ServiceHealth.Read.All",
    "Synchronization.Read.All",
    "Application.Read.All",
    "SecurityEvents.Read.All",
    "Reports.Read.All",
    "User.ReadBasic.All",
)


@dataclass(frozen=True)
class Grant:
    """What a token is worth."""

    roles: frozenset[str]
    expires: datetime


class Issuer:
    """Issues tokens and recognises its own."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def issue(self, roles: Iterable[str], audience: str, now: datetime, lifetime: timedelta) -> str:
        """A JWT-shaped token; roles are fixed at issue time, as in real ones."""
        grant = Grant(frozenset(roles), now + lifetime)
        payload = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": int(now.timestamp()),
            "exp": int(grant.expires.timestamp()),
            "idtyp": "app",
            "roles": sorted(grant.roles),
            "tid": TENANT_ID,
            "jti": len(self._grants),
        }
        parts = [_segment({"typ": "JWT", "alg": "none"}), _segment(payload), "c2ltdWxhdGVk"]
        token = ".".join(parts)
        self._grants[token] = grant
        return token

    def roles(self, authorization: str, now: datetime) -> frozenset[str]:
        """The roles a caller has; raises 401 for anything but a living token of this issuer."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("Access token is empty.")
        if token.count(".") != 2:
            raise _unauthorised("IDX14100: JWT is not well formed, there are no dots (.).")
        grant = self._grants.get(token)
        if grant is None:
            raise _unauthorised("Access token validation failure. Invalid signature.")
        if grant.expires <= now:
            raise _unauthorised("Lifetime validation failed, the token is expired.")
        return grant.roles


def _segment(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()


def _unauthorised(message: str) -> GraphError:
    return GraphError(
        401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'}
    )
