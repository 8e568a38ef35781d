"""Service principals, the app roles they hold, and application registrations: few, and invented.

The ids of Microsoft's own applications are real:
https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .odata import Edm
from .people import guid, stamp
from .schema import Document, documents, equals
from .tenant import INITIAL_DOMAIN, TENANT_ID, Engine, Tenant

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
    for app_id, name in (
        ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
        ("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    ):
        yield _service_principal(tenant, app_id, name, created)
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
    """The same in every tenant, as the real ones are."""
    return guid("app role", role)


def _since(started: datetime) -> datetime:
    """When Connect was registered."""
    return started - timedelta(days=200)


def role_assignments(tenant: Tenant, app_id: str, started: datetime) -> Iterator[Document]:
    """Who holds which app role of an application: Connect those of the services it talks to."""
    holder = _connect(tenant)
    offered = {
        CONNECT_SERVICE: (_CONNECT_SERVICE_NAME, (_SYNCHRONIZE,)),
        RESET_SERVICE: (RESET_SERVICE_NAME, _WRITE_BACK),
    }
    if holder is None or app_id not in offered:
        return
    name, roles = offered[app_id]
    for role in roles:
        yield {
            "id": guid(tenant.seed, "grant", role),
            "deletedDateTime": None,
            "appRoleId": _role_id(role),
            "createdDateTime": stamp(_since(started)),
            "principalDisplayName": _connect_name(tenant),
            "principalId": principal_id(tenant, holder),
            "principalType": "ServicePrincipal",
            "resourceDisplayName": name,
            "resourceId": principal_id(tenant, app_id),
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

    Renewing is a task of the scheduler, so without its cycle nothing is renewed.
    """
    sync = tenant.sync
    begin = started + (sync.certificate or timedelta()) - CERTIFICATE_LIFE
    while sync.renews and sync.cycle is not None and begin + _RENEWED_AFTER <= now:
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
