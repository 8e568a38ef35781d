"""The tenant's single documents and short lists, in the shapes that live tenants send."""

from datetime import datetime, timedelta

from .people import digest, fine_stamp, guid, stamp
from .tenant import DOMAIN, INITIAL_DOMAIN, TENANT_ID, Engine, Happening, Sku, Tenant

Document = dict[str, object]

_NEVER_EXPIRES = 2147483647
_FEATURES = (
    "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled",
    "blockCloudObjectTakeoverThroughHardMatchEnabled",
    "blockSoftMatchEnabled",
    "bypassDirSyncOverridesEnabled",
    "cloudPasswordPolicyForPasswordSyncedUsersEnabled",
    "concurrentCredentialUpdateEnabled",
    "concurrentOrgIdProvisioningEnabled",
    "deviceWritebackEnabled",
    "directoryExtensionsEnabled",
    "fopeConflictResolutionEnabled",
    "groupWriteBackEnabled",
    "passwordSyncEnabled",
    # Not in use, whatever writeback does:
    # https://learn.microsoft.com/graph/api/resources/onpremisesdirectorysynchronizationfeature
    "passwordWritebackEnabled",
    "quarantineUponProxyAddressesConflictEnabled",
    "quarantineUponUpnConflictEnabled",
    "softMatchOnUpnEnabled",
    "synchronizeUpnForManagedUsersEnabled",
    "unifiedGroupWritebackEnabled",
    "userForcePasswordChangeOnLogonEnabled",
    "userWritebackEnabled",
)
_SYNCED_FEATURES = (
    "passwordSyncEnabled",
    "quarantineUponProxyAddressesConflictEnabled",
    "quarantineUponUpnConflictEnabled",
    "softMatchOnUpnEnabled",
    "synchronizeUpnForManagedUsersEnabled",
)
_METHODS = (
    ("Fido2", "fido2", "enabled"),
    ("MicrosoftAuthenticator", "microsoftAuthenticator", "enabled"),
    ("Sms", "sms", "enabled"),
    ("TemporaryAccessPass", "temporaryAccessPass", "disabled"),
    ("SoftwareOath", "softwareOath", "enabled"),
    ("Voice", "voice", "disabled"),
    ("Email", "email", "enabled"),
    ("X509Certificate", "x509Certificate", "disabled"),
    ("QRCodePin", "qrCodePin", "disabled"),
)


def organization(tenant: Tenant, started: datetime, now: datetime, *, beta: bool) -> Document:
    """The one element of /organization."""
    created = started - tenant.age
    document: Document = {
        "assignedPlans": [
            {
                "assignedDateTime": stamp(started - timedelta(days=300)),
                "capabilityStatus": sku.status,
                "service": plan.service,
                "servicePlanId": plan.id,
            }
            for sku in tenant.skus
            for plan in sku.plans
        ],
        "businessPhones": [],
        "city": None,
        "country": None,
        "countryLetterCode": "NO",
        "createdDateTime": stamp(created),
        "defaultUsageLocation": None,
        "deletedDateTime": None,
        "directorySizeQuota": {
            "total": 300000,
            "used": tenant.users + sum(c.size for c in (*tenant.groups, *tenant.contacts)),
        },
        "displayName": "Contoso",
        "id": TENANT_ID,
        "isMultipleDataLocationsForServicesEnabled": None,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": stamp(tenant.sync.last(started, now)),
        "onPremisesSyncEnabled": tenant.sync.enabled,
        "onPremisesSyncStatus": [],
        "partnerTenantType": None,
        "postalCode": None,
        "preferredLanguage": "en",
        "privacyProfile": None,
        "provisionedPlans": [
            {
                "capabilityStatus": sku.status,
                "provisioningStatus": "Success",
                "service": plan.service,
            }
            for sku in tenant.skus
            for plan in sku.plans
        ],
        "replicationScope": "EU",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": None,
        "street": None,
        "technicalNotificationMails": [f"it@{DOMAIN}"],
        "tenantType": "AAD",
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain["isDefault"],
                "isInitial": domain["isInitial"],
                "name": domain["id"],
                "type": domain["authenticationType"],
            }
            for domain in domains(tenant)
        ],
    }
    if beta:
        password = tenant.sync.last_password(started, now)
        document["onPremisesLastPasswordSyncDateTime"] = stamp(password)
    return document


def subscribed_sku(tenant: Tenant, sku: Sku) -> Document:
    """One subscription; seats that are not usable are moved to the status that says why."""
    consumed = tenant.consumed(sku)
    viral = sku.part_number == "FLOW_FREE"
    seats = 10_000 if viral else consumed + round(consumed * sku.spare)
    units = {"enabled": 0, "lockedOut": 0, "suspended": 0, "warning": 0}
    units[{"LockedOut": "lockedOut"}.get(sku.status, sku.status.lower())] = seats
    working = sku.status in ("Enabled", "Warning")
    return {
        "accountId": TENANT_ID,
        "accountName": INITIAL_DOMAIN.partition(".")[0],
        "appliesTo": "User",
        "capabilityStatus": sku.status,
        "consumedUnits": consumed,
        "id": f"{TENANT_ID}_{sku.id}",
        "prepaidUnits": units,
        "servicePlans": [
            {
                "appliesTo": "User",
                "provisioningStatus": "Success" if working else "Disabled",
                "servicePlanId": plan.id,
                "servicePlanName": plan.name,
                "servicePlanType": plan.service,
            }
            for plan in sku.plans
        ],
        "skuId": sku.id,
        "skuPartNumber": sku.part_number,
        "subscriptionIds": [guid("subscription", sku.id)],
    }


def domains(tenant: Tenant) -> list[Document]:
    """The initial domain and, usually, an own one with a child that inherits everything."""
    names = [INITIAL_DOMAIN]
    if tenant.custom_domain:
        names += [DOMAIN, f"mail.{DOMAIN}"]
    return [_domain(name, default=name == names[min(1, len(names) - 1)]) for name in names]


def _domain(name: str, *, default: bool) -> Document:
    child = name.startswith("mail.")
    return {
        "authenticationType": "Managed",
        "availabilityStatus": None,
        "id": name,
        "isAdminManaged": True,
        "isDefault": default,
        "isInitial": name == INITIAL_DOMAIN,
        "isRoot": not child,
        "isVerified": True,
        "passwordNotificationWindowInDays": None if child else 14,
        "passwordValidityPeriodInDays": None if child else _NEVER_EXPIRES,
        "state": None,
        "supportedServices": ["Email"] if child else ["Email", "OfficeCommunicationsOnline"],
    }


def synchronization(tenant: Tenant) -> Document:
    """Configuration flags of directory synchronisation; all false where there is none."""
    connect = tenant.sync.engine is Engine.CONNECT
    return {
        "id": TENANT_ID,
        "configuration": {
            "accidentalDeletionPrevention": {
                "synchronizationPreventionType": "enabledForCount" if connect else "disabled",
                "alertThreshold": 500 if connect else 0,
            }
        },
        "features": {
            name: tenant.sync.enabled is True
            and name in _SYNCED_FEATURES
            and (name != "passwordSyncEnabled" or tenant.sync.hashes)
            for name in _FEATURES
        },
    }


def methods_policy(tenant: Tenant, started: datetime, now: datetime, root: str) -> Document:
    """The authentication methods policy. `policyMigrationState` is null on newer tenants."""
    base = f"{root}/v1.0/$metadata#policies/authenticationMethodsPolicy"
    return {
        "@odata.context": f"{root}/v1.0/$metadata#authenticationMethodsPolicy",
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "Which authentication methods the users of this tenant may use",
        "lastModifiedDateTime": fine_stamp(_methods_changed(tenant, started, now)),
        "policyVersion": "1.5",
        "policyMigrationState": tenant.migration_state,
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": {
                "excludeTargets": [],
                "includeTargets": [
                    {
                        "id": "all_users",
                        "targetType": "group",
                        "targetedAuthenticationMethod": "microsoftAuthenticator",
                    }
                ],
                "snoozeDurationInDays": 1,
                "state": "default",
            }
        },
        "authenticationMethodConfigurations@odata.context": (
            f"{base}/authenticationMethodConfigurations"
        ),
        "authenticationMethodConfigurations": [
            {
                "@odata.type": f"#microsoft.graph.{kind}AuthenticationMethodConfiguration",
                "excludeTargets": [],
                "id": name,
                "includeTargets": [
                    {"id": "all_users", "isRegistrationRequired": False, "targetType": "group"}
                ],
                "includeTargets@odata.context": (
                    f"{base}/authenticationMethodConfigurations('{name}')/microsoft.graph."
                    f"{kind}AuthenticationMethodConfiguration/includeTargets"
                ),
                "state": state,
            }
            for name, kind, state in _METHODS
        ],
    }


def _methods_changed(tenant: Tenant, started: datetime, now: datetime) -> datetime:
    """The newest change that the audit log shows, or one that it no longer shows."""
    long_ago = timedelta(days=90, microseconds=digest("policy") % 10**9)
    ages = [
        incident.age
        for incident in (tenant.traffic.incidents if tenant.traffic else ())
        if incident.what is Happening.METHODS_POLICY
    ]
    times = [started - age for age in (*ages, long_ago)]
    return max((at for at in times if at <= now), default=started - tenant.age)


def authorization_policy(tenant: Tenant, root: str) -> Document:
    """`allowedToUseSSPR` governs administrators only."""
    return {
        "@odata.context": f"{root}/v1.0/$metadata#policies/authorizationPolicy/$entity",
        "id": "authorizationPolicy",
        "allowInvitesFrom": "adminsAndGuestInviters",
        "allowedToSignUpEmailBasedSubscriptions": True,
        "allowedToUseSSPR": tenant.admins_may_reset,
        "allowEmailVerifiedUsersToJoinOrganization": False,
        "allowUserConsentForRiskyApps": False,
        "blockMsolPowerShell": None,
        "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
        "displayName": "Authorization Policy",
        "description": "What members and guests of this tenant may do by default",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToCreateSecurityGroups": False,
            "allowedToCreateTenants": True,
            "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": [
                "ManagePermissionGrantsForSelf.microsoft-user-default-recommended"
            ],
        },
    }
