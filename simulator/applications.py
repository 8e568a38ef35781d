"""Service principals, the app roles they hold, and application registrations: few, and invented.

The ids of Microsoft's own applications are real:
https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from .auth import GRAPH_ROLES
from .odata import Edm
from .people import guid, stamp
from .schema import Document, documents, equals
from .tenant import INITIAL_DOMAIN, TENANT_ID, Engine, Tenant

GRAPH = "00000003-0000-0000-c000-000000000000"
CLOUD_SYNC = "1a4721b3-e57f-4451-ae87-ef078703ec94"
CONNECT_SERVICE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
RESET_SERVICE = "93625bc8-bfe2-437a-97e0-3d0060024faa"
RESET_SERVICE_NAME = "Microsoft password reset service"
_CONNECT_SERVICE_NAME = "Microsoft Entra AD Synchronization Service"
CERTIFICATE_LIFE = timedelta(days=90)
_RENEWED_AFTER = CERTIFICATE_LIFE * 7 / 10

_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_SYNCHRONIZE = "ADSynchronization.ReadWrite.All"
_WRITE_BACK = (
    "PasswordWriteback.OffboardClient.All",
    "PasswordWriteback.RefreshClient.All",
    "PasswordWriteback.RegisterClientVersion.All",
)
_TICKET_DESK = "Contoso Ticket Desk"
# The managed identity that the monitor itself was deployed with.
MONITOR = "5a4d0f60-9a3c-4c1f-8a55-0d2f6e1b7c39"
_MONITOR_NAME = "id-sspr-monitor"


def principal_id(tenant: Tenant, app_id: str) -> str:
    """The id of an application's service principal."""
    return guid(tenant.seed, "service principal", app_id)


def ticket_desk(tenant: Tenant) -> str:
    """The application id of the tenant's own application."""
    return guid(tenant.seed, _TICKET_DESK)


def _connect(tenant: Tenant) -> str | None:
    """The application id of Connect itself; None where it signs in as a user, or is not there."""
    if tenant.sync.engine is not Engine.CONNECT or tenant.sync.certificate is None:
        return None
    return guid(tenant.seed, "connect")


def _connect_name(tenant: Tenant) -> str:
    return f"ConnectSyncProvisioning_SYNC01_{guid(tenant.seed, 'connect name')[:8]}"


def service_principals(tenant: Tenant, started: datetime) -> Iterator[Document]:
    """Microsoft's own ones and the tenant's."""
    created = started - tenant.age
    exchange = "00000002-0000-0ff1-ce00-000000000000"
    yield _service_principal(tenant, exchange, "Office 365 Exchange Online", created)
    yield _service_principal(tenant, GRAPH, "Microsoft Graph", created, roles=tuple(GRAPH_ROLES))
    if tenant.reset_service is not None:
        yield _service_principal(
            tenant,
            RESET_SERVICE,
            RESET_SERVICE_NAME,
            created,
            enabled=tenant.reset_service,
            roles=_WRITE_BACK,
        )
    yield _service_principal(tenant, ticket_desk(tenant), _TICKET_DESK, created, owner=TENANT_ID)
    yield _managed_identity(tenant, started - timedelta(minutes=2))
    if tenant.sync.engine is Engine.CONNECT:
        yield _service_principal(
            tenant,
            CONNECT_SERVICE,
            _CONNECT_SERVICE_NAME,
            created,
            roles=(_SYNCHRONIZE,),
        )
    if connect := _connect(tenant):
        name = _connect_name(tenant)
        yield _service_principal(tenant, connect, name, _since(started), owner=TENANT_ID)
    if tenant.sync.engine is Engine.CLOUD_SYNC:
        yield _service_principal(
            tenant,
            CLOUD_SYNC,
            "Active Directory to Azure Active Directory Provisioning",
            created,
            template=CLOUD_SYNC if tenant.sync.template else None,
        )


def _managed_identity(tenant: Tenant, created: datetime) -> Document:
    group = f"/subscriptions/{guid(tenant.seed, 'subscription')}/resourcegroups/rg-sspr-monitor"
    return {
        **_service_principal(tenant, MONITOR, _MONITOR_NAME, created, owner=TENANT_ID),
        "alternativeNames": [
            "isExplicit=True",
            f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{_MONITOR_NAME}",
        ],
        "appDisplayName": None,
        "servicePrincipalType": "ManagedIdentity",
        "signInAudience": None,
        "tags": [],
    }


def _service_principal(
    tenant: Tenant,
    app_id: str,
    name: str,
    created: datetime,
    *,
    owner: str = _MICROSOFT,
    enabled: bool = True,
    template: str | None = None,
    roles: tuple[str, ...] = (),
) -> Document:
    return {
        "id": principal_id(tenant, app_id),
        "deletedDateTime": None,
        "accountEnabled": enabled,
        "alternativeNames": [],
        "appDisplayName": name,
        "appId": app_id,
        "applicationTemplateId": template,
        "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": False,
        "createdDateTime": stamp(created),
        "displayName": name,
        "errorUrl": None,
        "homepage": None,
        "loginUrl": None,
        "logoutUrl": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None,
        "publisherName": "Contoso" if owner == TENANT_ID else "Microsoft Services",
        "replyUrls": [],
        "samlSingleSignOnSettings": None,
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg" if owner == TENANT_ID else "AzureADMultipleOrgs",
        "tags": [] if owner == TENANT_ID else ["WindowsAzureActiveDirectoryIntegratedApp"],
        "addIns": [],
        "appRoles": [
            {
                "allowedMemberTypes": ["Application"],
                "description": f"Allows the app to use {role}",
                "displayName": role,
                "id": _role_id(role),
                "isEnabled": True,
                "origin": "Application",
                "value": role,
            }
            for role in roles
        ],
        "keyCredentials": [],
        "passwordCredentials": [],
    }


def _role_id(role: str) -> str:
    """The same in every tenant, as the real ones are; those of Graph are the real ones."""
    return GRAPH_ROLES.get(role) or guid("app role", role)


def names_of_roles(assignments: Iterable[Document]) -> list[str]:
    """The roles of Graph among these assignments."""
    names = {identifier: name for name, identifier in GRAPH_ROLES.items()}
    return [names[str(row["appRoleId"])] for row in assignments if row["appRoleId"] in names]


def _since(started: datetime) -> datetime:
    """When Connect was registered."""
    return started - timedelta(days=200)


def role_assignments(tenant: Tenant, started: datetime) -> Iterator[Document]:
    """Who holds which app role from the start: Connect those of the services it talks to."""
    principals = {row["appId"]: row for row in service_principals(tenant, started)}
    if holder := principals.get(_connect(tenant)):
        for service in filter(None, map(principals.get, (CONNECT_SERVICE, RESET_SERVICE))):
            for role in _roles_of(service):
                yield role_assignment(holder, service, role, _since(started))


def _roles_of(resource: Document) -> list[str]:
    """The ids of the roles that an application offers."""
    offered = resource["appRoles"]
    return [role["id"] for role in offered] if isinstance(offered, list) else []


def offers(resource: Document, role: str) -> bool:
    return role in _roles_of(resource)


def role_assignment(holder: Document, resource: Document, role: str, at: datetime) -> Document:
    """One app role held; its id tells apart upper and lower case, as real ones do."""
    holder_id, resource_id = str(holder["id"]), str(resource["id"])
    mixed = UUID(guid("grant", resource_id, role))
    identifier = urlsafe_b64encode(UUID(holder_id).bytes_le + mixed.bytes_le)
    return {
        "id": identifier.decode().rstrip("="),
        "deletedDateTime": None,
        "appRoleId": role,
        "createdDateTime": stamp(at),
        "principalDisplayName": holder["displayName"],
        "principalId": holder_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": resource["displayName"],
        "resourceId": resource_id,
    }


def applications(tenant: Tenant, started: datetime, now: datetime) -> Iterator[Document]:
    """What is registered in the tenant itself; Microsoft's own applications are not."""
    desk = ticket_desk(tenant)
    secret: Document = {
        "customKeyIdentifier": None,
        "displayName": "ticket desk",
        "endDateTime": stamp(started + timedelta(days=400)),
        "hint": "a1~",
        "keyId": guid(desk, "secret"),
        "secretText": None,
        "startDateTime": stamp(started - timedelta(days=330)),
    }
    created = started - timedelta(days=900)
    yield _application(desk, _TICKET_DESK, created, secrets=[secret])
    if app_id := _connect(tenant):
        keys = [_key(app_id, begin) for begin in _certificates(tenant, started, now)]
        yield _application(app_id, _connect_name(tenant), _since(started), keys=keys)


def _certificates(tenant: Tenant, started: datetime, now: datetime) -> Iterator[datetime]:
    """When those certificates began that are registered now: the newest, and others until they end.

    Renewing is a task of the scheduler, so without its cycle nothing is renewed any more.
    """
    sync = tenant.sync
    first = started + (sync.certificate or timedelta()) - CERTIFICATE_LIFE
    renews = sync.renews and sync.cycle is not None
    begin = first
    if now < first:
        begin -= ((first - now) // _RENEWED_AFTER + 2) * _RENEWED_AFTER
    while (renews or begin < first) and begin + _RENEWED_AFTER <= now:
        if begin + CERTIFICATE_LIFE > now:
            yield begin
        begin += _RENEWED_AFTER
    yield begin


def _key(app_id: str, begin: datetime) -> Document:
    identifier = guid(app_id, begin)
    return {
        "customKeyIdentifier": identifier.replace("-", "").upper(),
        "displayName": "CN=Entra Connect Sync Provisioning",
        "endDateTime": stamp(begin + CERTIFICATE_LIFE),
        "key": None,
        "keyId": identifier,
        "startDateTime": stamp(begin),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _application(
    app_id: str,
    name: str,
    created: datetime,
    *,
    keys: list[Document] | None = None,
    secrets: list[Document] | None = None,
) -> Document:
    return {
        "id": guid("application", app_id),
        "deletedDateTime": None,
        "appId": app_id,
        "applicationTemplateId": None,
        "createdDateTime": stamp(created),
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": name,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None,
        "notes": None,
        "publisherDomain": INITIAL_DOMAIN,
        "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "addIns": [],
        "appRoles": [],
        "keyCredentials": keys or [],
        "passwordCredentials": secrets or [],
        "requiredResourceAccess": [],
    }


_TEXT = equals(Edm.STRING)
_NAME = equals(Edm.STRING, "startswith")

SERVICE_PRINCIPAL = documents(
    "servicePrincipal",
    "id deletedDateTime accountEnabled alternativeNames appDisplayName appId applicationTemplateId "
    "appOwnerOrganizationId appRoleAssignmentRequired createdDateTime displayName errorUrl "
    "homepage loginUrl logoutUrl notificationEmailAddresses preferredSingleSignOnMode "
    "preferredTokenSigningKeyThumbprint publisherName replyUrls samlSingleSignOnSettings "
    "servicePrincipalNames servicePrincipalType signInAudience tags addIns appRoles keyCredentials "
    "passwordCredentials",
    accountEnabled=equals(Edm.BOOLEAN),
    appId=_TEXT,
    applicationTemplateId=equals(Edm.STRING, "null"),
    displayName=_NAME,
    id=_TEXT,
    servicePrincipalType=_TEXT,
)
APPLICATION = documents(
    "application",
    "id deletedDateTime appId applicationTemplateId createdDateTime description "
    "disabledByMicrosoftStatus displayName groupMembershipClaims identifierUris "
    "isDeviceOnlyAuthSupported isFallbackPublicClient notes publisherDomain "
    "serviceManagementReference signInAudience tags tokenEncryptionKeyId addIns appRoles "
    "keyCredentials passwordCredentials requiredResourceAccess",
    appId=_TEXT,
    displayName=_NAME,
    id=_TEXT,
)
ROLE_HELD = documents(
    "appRoleAssignment",
    "id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType "
    "resourceDisplayName resourceId",
)
