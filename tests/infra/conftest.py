"""What infra/ deploys, with different parameters, without Azure."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.infra.bicep import INFRA, Deployment, deploy

MAIN = INFRA / "main.bicep"
CLIENT = "33333333-3333-4333-8333-333333333333"
LEAST: dict[str, Any] = {"environmentName": "contoso", "location": "westeurope"}
MORE: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "private": {"privateNetworking": True},
    "sign-in": {"signInClientId": CLIENT},
    "told": {
        "alertEmails": "one@contoso.example, two@contoso.example",
        "alertWebhook": "https://hooks.contoso.example/alerts",
        "alertLogicAppId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w",
        "warningDigest": True,
    },
    "quiet": {"availabilityLocations": []},
}


@cache
def _deployed(name: str) -> Deployment:
    return deploy(MAIN, LEAST | MORE[name])


@pytest.fixture(params=MORE)
def deployed(request: pytest.FixtureRequest) -> Deployment:
    """Each of these deployments in turn."""
    return _deployed(request.param)


@pytest.fixture
def plain() -> Deployment:
    return _deployed("as it comes")


@pytest.fixture
def private() -> Deployment:
    return _deployed("private")


@pytest.fixture
def signing_in() -> Deployment:
    return _deployed("sign-in")


@pytest.fixture
def told() -> Deployment:
    return _deployed("told")


@pytest.fixture
def quiet() -> Deployment:
    return _deployed("quiet")


def settings_of(deployment: Deployment) -> dict[str, str]:
    """The application settings."""
    (found,) = [
        config
        for config in deployment.of("Microsoft.Web/sites/config")
        if config.name.endswith("/appsettings")
    ]
    settings: dict[str, str] = found["properties"]
    return settings


def grants_of(deployment: Deployment) -> set[tuple[str, str, str]]:
    """(who, role, on what kind of resource) of every role assignment."""
    return {
        (
            grant["properties.principalId"],
            grant["properties.roleDefinitionId"].rpartition("/")[2],
            _kind(grant.scope),
        )
        for grant in deployment.of("Microsoft.Authorization/roleAssignments")
    }


def _kind(id_: str) -> str:
    provider, *rest = id_.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])
