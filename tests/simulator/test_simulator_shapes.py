"""Answers have the keys, and the odd values, that live tenants send."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Call = Callable[..., Awaitable[Any]]

AUDITS = "/v1.0/auditLogs/directoryAudits"
SSPR = "$filter=loggedByService eq 'Self-service Password Management'"
CORE = "$filter=loggedByService eq 'Core Directory'"


def _keys(names: str) -> set[str]:
    return set(names.split())


ORGANIZATION = _keys(
    "assignedPlans businessPhones city country countryLetterCode createdDateTime "
    "defaultUsageLocation deletedDateTime directorySizeQuota displayName id "
    "isMultipleDataLocationsForServicesEnabled marketingNotificationEmails "
    "onPremisesLastSyncDateTime onPremisesSyncEnabled onPremisesSyncStatus partnerTenantType "
    "postalCode preferredLanguage privacyProfile provisionedPlans replicationScope "
    "securityComplianceNotificationMails securityComplianceNotificationPhones state street "
    "technicalNotificationMails tenantType verifiedDomains"
)
SKU = _keys(
    "accountId accountName appliesTo capabilityStatus consumedUnits id prepaidUnits servicePlans "
    "skuId skuPartNumber subscriptionIds"
)
DOMAIN = _keys(
    "authenticationType availabilityStatus id isAdminManaged isDefault isInitial isRoot "
    "isVerified passwordNotificationWindowInDays passwordValidityPeriodInDays state "
    "supportedServices"
)
REGISTRATION = _keys(
    "id isAdmin isMfaCapable isMfaRegistered isPasswordlessCapable isSsprCapable isSsprEnabled "
    "isSsprRegistered lastUpdatedDateTime methodsRegistered userDisplayName userPrincipalName "
    "userType isSystemPreferredAuthenticationMethodEnabled systemPreferredAuthenticationMethods "
    "userPreferredMethodForSecondaryAuthentication"
)
AUDIT = _keys(
    "activityDateTime activityDisplayName additionalDetails category correlationId id "
    "initiatedBy loggedByService operationType result resultReason targetResources"
)
USER = _keys(
    "businessPhones displayName givenName id jobTitle mail mobilePhone officeLocation "
    "preferredLanguage surname userPrincipalName"
)
METHODS_POLICY = _keys(
    "@odata.context authenticationMethodConfigurations "
    "authenticationMethodConfigurations@odata.context description displayName id "
    "lastModifiedDateTime policyMigrationState policyVersion registrationEnforcement"
)
AUTHORIZATION_POLICY = _keys(
    "@odata.context id allowInvitesFrom allowedToSignUpEmailBasedSubscriptions allowedToUseSSPR "
    "allowEmailVerifiedUsersToJoinOrganization allowUserConsentForRiskyApps blockMsolPowerShell "
    "guestUserRoleId defaultUserRolePermissions displayName description"
)


@pytest.mark.parametrize(
    ("path", "context", "keys"),
    [
        ("organization", "organization", ORGANIZATION),
        ("subscribedSkus", "subscribedSkus", SKU),
        ("domains", "domains", DOMAIN),
        ("users", "users", USER),
        ("users?$select=id,userType", "users(id,userType)", {"id", "userType"}),
        (
            "reports/authenticationMethods/userRegistrationDetails",
            "reports/authenticationMethods/userRegistrationDetails",
            REGISTRATION,
        ),
        (
            f"auditLogs/directoryAudits?{SSPR}",
            "auditLogs/directoryAudits",
            AUDIT,
        ),
        (
            f"auditLogs/directoryAudits?{CORE}",
            "auditLogs/directoryAudits",
            AUDIT - {"additionalDetails"},
        ),
        (
            "directory/onPremisesSynchronization",
            "directory/onPremisesSynchronization",
            {"id", "configuration", "features"},
        ),
    ],
)
async def test_rows_have_the_keys_of_the_real_ones(
    call: Call, path: str, context: str, keys: set[str]
) -> None:
    answer = await call(f"/v1.0/{path}")
    assert answer.body["@odata.context"].endswith(f"/v1.0/$metadata#{context}")
    assert answer.rows
    for row in answer.rows:
        assert row.keys() == keys


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("authenticationMethodsPolicy", METHODS_POLICY),
        ("authorizationPolicy", AUTHORIZATION_POLICY),
    ],
)
async def test_policies_have_the_keys_of_the_real_ones(
    call: Call, path: str, keys: set[str]
) -> None:
    assert (await call(f"/v1.0/policies/{path}")).body.keys() == keys


async def test_nested_objects_have_the_keys_of_the_real_ones(call: Call) -> None:
    [organization] = (await call("/v1.0/organization")).rows
    assert organization["assignedPlans"][0].keys() == {
        "assignedDateTime",
        "capabilityStatus",
        "service",
        "servicePlanId",
    }
    assert organization["verifiedDomains"][0].keys() == {
        "capabilities",
        "isDefault",
        "isInitial",
        "name",
        "type",
    }
    sku = (await call("/v1.0/subscribedSkus")).rows[0]
    assert sku["prepaidUnits"].keys() == {"enabled", "lockedOut", "suspended", "warning"}
    assert sku["servicePlans"][0].keys() >= {
        "appliesTo",
        "provisioningStatus",
        "servicePlanId",
        "servicePlanName",
    }
    policy = (await call("/v1.0/policies/authenticationMethodsPolicy")).body
    for configuration in policy["authenticationMethodConfigurations"]:
        assert {"@odata.type", "id", "state", "includeTargets"} <= configuration.keys()


async def test_audit_rows_name_actor_and_target_as_the_real_ones_do(call: Call) -> None:
    rows = (await call(f"{AUDITS}?{CORE}")).rows
    app = next(row["initiatedBy"] for row in rows if row["initiatedBy"]["app"])
    assert app["user"] is None
    assert app["app"]["appId"] is None
    assert app["app"].keys() == {
        "appId",
        "displayName",
        "servicePrincipalId",
        "servicePrincipalName",
    }
    assert rows[0]["targetResources"][0].keys() == {
        "displayName",
        "groupType",
        "id",
        "modifiedProperties",
        "type",
        "userPrincipalName",
    }


async def test_odd_values_of_live_tenants_are_there(call: Call) -> None:
    domains = (await call("/v1.0/domains")).rows
    assert {d["passwordValidityPeriodInDays"] for d in domains} == {2147483647, None}
    details = (await call("/v1.0/reports/authenticationMethods/userRegistrationDetails")).rows
    assert "" in {row["userPreferredMethodForSecondaryAuthentication"] for row in details}
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", details[0]["lastUpdatedDateTime"]
    )
    users = (await call("/v1.0/users?$top=999")).rows
    assert any("#EXT#@" in user["userPrincipalName"] for user in users)
    audits = (await call(AUDITS)).rows
    assert any(row["resultReason"].endswith(" ") for row in audits)
