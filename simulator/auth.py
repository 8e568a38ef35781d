"""Bearer tokens: shaped like Graph's, worth something only to the simulator that issued them."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from .http import GraphError
from .tenant import TENANT_ID

READ_ROLES = {
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "LicenseAssignment.Read.All": "e2f98668-2877-4f38-a2f4-8202e0717aa1",
    "OnPremDirectorySynchronization.Read.All": "bb70e231-92dc-4729-aff5-697b3f04be95",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Policy.Read.AuthenticationMethod": "8e3bc81b-d2f3-4b7b-838c-32c88218d2f0",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "OrgContact.Read.All": "e1a88a34-94c4-4418-be12-c87b00e26bea",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "ServiceHealth.Read.All": "79c261e0-fe76-4144-aad5-bdc68fbe4037",
    "Synchronization.Read.All": "5ba43d2f-fa88-4db2-bd1c-a67c5f0fb1ce",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "SecurityEvents.Read.All": "bf394140-e372-4bf9-a898-299cfc7564e5",
    "Reports.Read.All": "230c1aed-a721-4c5d-9cb4-a90514e508ef",
    "User.ReadBasic.All": "97235f07-e226-4f63-ace3-39588e11d3a1",
}
ALL_ROLES = tuple(READ_ROLES)
GRANTING = "AppRoleAssignment.ReadWrite.All"
# What Microsoft Graph offers to applications, with its real ids.
GRAPH_ROLES = {**READ_ROLES, GRANTING: "06b708a9-e830-4db3-a914-8e69da51d44f"}
# What the command line's sign-in of an administrator is allowed to do here.
ADMINISTRATOR = ("Application.Read.All", GRANTING)


@dataclass(frozen=True)
class Grant:
    """What a token is worth: an app's roles, or the scopes of a person who signed in."""

    roles: frozenset[str]
    expires: datetime
    person: bool


class Issuer:
    """Issues tokens and recognises its own."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def issue(
        self,
        roles: Iterable[str],
        audience: str,
        now: datetime,
        lifetime: timedelta,
        *,
        person: bool = False,
    ) -> str:
        """A JWT-shaped token; roles are fixed at issue time, as in real ones."""
        grant = Grant(frozenset(roles), now + lifetime, person)
        held = sorted(grant.roles)
        payload = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": int(now.timestamp()),
            "exp": int(grant.expires.timestamp()),
            **(
                {"idtyp": "user", "scp": " ".join(held)}
                if person
                else {"idtyp": "app", "roles": held}
            ),
            "tid": TENANT_ID,
            "jti": len(self._grants),
        }
        parts = [_segment({"typ": "JWT", "alg": "none"}), _segment(payload), "c2ltdWxhdGVk"]
        token = ".".join(parts)
        self._grants[token] = grant
        return token

    def grant(self, authorization: str, now: datetime) -> Grant:
        """What a caller's token is worth; raises 401 for all but a living one of this issuer."""
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
        return grant


def _segment(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()


def _unauthorised(message: str) -> GraphError:
    return GraphError(
        401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'}
    )
