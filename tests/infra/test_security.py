"""No secret, no shared key, and no right beyond what is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, ROOT, Deployment, Runtime, decorators, parsed
from tests.infra.conftest import CLIENT, grants_of, settings_of

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "73c42c96-874c-492b-b04d-ab87d138a893": "Log Analytics Reader",
}
# https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "TZ",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTOVERVNET",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_DNS_SERVER",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
    "alwaysOn",
    "ftpsState",
    "functionAppScaleLimit",
    "linuxFxVersion",
    "vnetRouteAllEnabled",
}
SOURCES = [
    ROOT / "azure.yaml",
    *(ROOT / ".github").rglob("*.yml"),
    *(file for file in INFRA.rglob("*") if file.suffix in (".bicep", ".json", ".kql")),
]


def named(deployed: Deployment) -> dict[str, str]:
    """What the identities are called, by their principal id."""
    names = [
        found.name for found in deployed.of("Microsoft.ManagedIdentity/userAssignedIdentities")
    ]
    return {f"<{name}.properties.principalId>": re.sub(r"^id-|-\w+$", "", name) for name in names}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_no_key_is_read_or_written_down(file: Path) -> None:
    secret = r"listKeys|listAccountSas|AccountKey|SharedAccess|sig=|password:|client_?secret\b[^S]"
    assert not re.findall(secret, file.read_text("utf-8"), re.IGNORECASE)


def test_what_is_secret_is_a_secure_parameter_all_the_way() -> None:
    secure = {
        f"{file.name}: {name}"
        for file in INFRA.rglob("*.bicep")
        for name, parameter in parsed(file)["parameters"].items()
        if decorators(parameter).get("secure")
    }
    assert secure == {"main.bicep: alertWebhook", "alerts.bicep: webhook"}


def test_no_output_tells_a_secret(told: Deployment) -> None:
    assert not [name for name, value in told.outputs.items() if "hook" in str(value)]


def test_storage_takes_no_key_and_shows_nothing(deployed: Deployment) -> None:
    account = deployed.one("Microsoft.Storage/storageAccounts")
    assert (
        account["properties"].items()
        >= {
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "allowSharedKeyAccess": False,
            "defaultToOAuthAuthentication": True,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        }.items()
    )
    container = deployed.one("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert container["properties.publicAccess"] == "None"


def test_application_insights_and_its_workspace_take_entra_tokens_only(
    deployed: Deployment,
) -> None:
    assert deployed.one("Microsoft.Insights/components")["properties.DisableLocalAuth"] is True
    workspace = deployed.one("Microsoft.OperationalInsights/workspaces")
    assert workspace["properties.features.disableLocalAuth"] is True


def test_the_app_is_reached_by_https_and_published_without_a_password(deployed: Deployment) -> None:
    app = deployed.one("Microsoft.Web/sites")
    assert app["properties.httpsOnly"] is True
    assert app["properties.siteConfig.minTlsVersion"] == "1.2"
    policies = deployed.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {policy.name.rpartition("/")[2]: policy["properties.allow"] for policy in policies} == {
        "ftp": False,
        "scm": False,
    }


def test_every_identity_is_user_assigned(deployed: Deployment) -> None:
    kinds = {found["identity.type"] for found in deployed.resources if "identity" in found.body}
    assert kinds == {"UserAssigned"}


def test_the_package_and_the_host_are_read_with_the_identity_of_the_app(
    deployed: Deployment,
) -> None:
    app = deployed.one("Microsoft.Web/sites")
    (identity,) = [
        found
        for found in deployed.of("Microsoft.ManagedIdentity/userAssignedIdentities")
        if named(deployed)[f"<{found.name}.properties.principalId>"] == "sspr"
    ]
    storage = app["properties.functionAppConfig.deployment.storage"]
    assert storage["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": identity.id,
    }
    container = deployed.one("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert storage["value"].endswith(f"primaryEndpoints.blob>{container.name.rpartition('/')[2]}")
    assert identity.id in app["identity.userAssignedIdentities"]
    client = f"<{identity.name}.properties.clientId>"
    settings = settings_of(deployed)
    assert settings["AZURE_CLIENT_ID"] == settings["AzureWebJobsStorage__clientId"] == client
    assert (
        settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
        == f"Authorization=AAD;ClientId={client}"
    )


def test_each_identity_may_do_what_it_is_for_and_no_more(deployed: Deployment) -> None:
    who = named(deployed)
    assert {(who[i], ROLES[role], kind) for i, role, kind in grants_of(deployed)} == {
        # Leases of timers, keys of functions, the package.
        ("sspr", "Storage Blob Data Owner", "Microsoft.Storage/storageAccounts"),
        ("sspr", "Storage Table Data Contributor", "Microsoft.Storage/storageAccounts"),
        ("sspr", "Monitoring Metrics Publisher", "Microsoft.Insights/components"),
        ("sspr-alerts", "Log Analytics Reader", "Microsoft.Insights/components"),
        ("sspr-alerts", "Log Analytics Reader", "Microsoft.OperationalInsights/workspaces"),
    }


def test_a_role_is_assigned_under_a_name_that_stays_the_same(deployed: Deployment) -> None:
    grants = deployed.of("Microsoft.Authorization/roleAssignments")
    assert len({grant.name for grant in grants}) == len(grants)
    assert not [grant.name for grant in grants if isinstance(grant.name, Runtime)]
    assert {grant["properties.principalType"] for grant in grants} == {"ServicePrincipal"}


def test_nothing_is_set_that_flex_consumption_does_not_know(deployed: Deployment) -> None:
    site = deployed.one("Microsoft.Web/sites")
    told = {*settings_of(deployed), *site["properties"], *site["properties.siteConfig"]}
    assert told & NOT_ON_FLEX == set()
    assert deployed.one("Microsoft.Web/serverfarms")["sku"] == {
        "name": "FC1",
        "tier": "FlexConsumption",
    }


def test_private_networking_leaves_storage_no_other_way_in(private: Deployment) -> None:
    account = private.one("Microsoft.Storage/storageAccounts")
    assert account["properties.publicNetworkAccess"] == "Disabled"
    assert account["properties.networkAcls"] == {"bypass": "None", "defaultAction": "Deny"}
    (subnet, endpoints) = private.one("Microsoft.Network/virtualNetworks")["properties.subnets"]
    assert subnet["properties"]["delegations"][0]["properties"] == {
        "serviceName": "Microsoft.App/environments"
    }
    site = private.one("Microsoft.Web/sites")
    assert site["properties.virtualNetworkSubnetId"].endswith(f"/subnets/{subnet['name']}")
    reached = private.of("Microsoft.Network/privateEndpoints")
    assert {found["properties.subnet.id"].rpartition("/")[2] for found in reached} == {
        endpoints["name"]
    }
    services = {
        found["properties.privateLinkServiceConnections"][0]["properties"]["groupIds"][0]
        for found in reached
    }
    zones = {found.name for found in private.of("Microsoft.Network/privateDnsZones")}
    # What the roles above are for; there is no queue and no share.
    assert services == {"blob", "table"}
    assert zones == {f"privatelink.{service}.core.windows.net" for service in services}


def test_without_private_networking_there_is_no_network(plain: Deployment) -> None:
    assert not [
        found.type for found in plain.resources if found.type.startswith("Microsoft.Network")
    ]
    assert "virtualNetworkSubnetId" not in {
        name
        for name, value in plain.one("Microsoft.Web/sites")["properties"].items()
        if value is not None
    }


def test_sign_in_has_no_secret_and_an_identity_of_its_own_without_any_right(
    signing_in: Deployment,
) -> None:
    (auth,) = [
        config
        for config in signing_in.of("Microsoft.Web/sites/config")
        if config.name.endswith("/authsettingsV2")
    ]
    provider = auth["properties.identityProviders.azureActiveDirectory"]
    registration = provider["registration"]
    assert registration["clientId"] == CLIENT
    settings = settings_of(signing_in)
    assert registration["clientSecretSettingName"] == "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
    vouching = settings["OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"]
    assert re.fullmatch(r"<id-sspr-sign-in-\w+\.properties\.clientId>", vouching)
    principal = vouching.replace("clientId", "principalId")
    assert principal == signing_in.outputs["SIGN_IN_IDENTITY_PRINCIPAL_ID"]
    assert principal not in {who for who, _, _ in grants_of(signing_in)}
    tenant = signing_in.outputs["SSPR_TENANT_ID"]
    assert registration["openIdIssuer"].endswith(f"/{tenant}/v2.0")
    assert settings["WEBSITE_AUTH_AAD_ALLOWED_TENANTS"] == tenant
    assert (
        auth["properties.globalValidation"].items()
        >= {
            "requireAuthentication": True,
            "unauthenticatedClientAction": "RedirectToLoginPage",
        }.items()
    )


def test_without_sign_in_nothing_of_it_is_there(plain: Deployment) -> None:
    assert len(plain.of("Microsoft.Web/sites/config")) == 1
    assert not [name for name in settings_of(plain) if "AUTH_" in name or "OVERRIDE" in name]
    assert plain.outputs["SIGN_IN_IDENTITY_PRINCIPAL_ID"] == ""
