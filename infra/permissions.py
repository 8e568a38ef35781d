"""Grants the app's identity the permissions of Microsoft Graph that its checks need, and no others.

`dev.py permissions` goes on as this; azd calls it once the resources are there. The list comes from
the facts of the enabled checks. What is already granted is left alone, so it may run any number of
times, and all that it can write are the app roles of that one identity.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from azure.core.exceptions import ClientAuthenticationError

import checks
from checks.check import Check
from checks.facts import Fact, permissions
from local import arguments
from shared.graph.clouds import ENDPOINTS, Cloud
from shared.graph.credentials import SimulatorToken
from shared.graph.failures import retry_after
from shared.graph.roles import APP_ROLES, GRAPH_APP_ID
from shared.settings import (
    CHECKS_DISABLED,
    CLOUD,
    GRAPH_ENDPOINT,
    GRAPH_TOKEN,
    STORAGE_SETTINGS,
    TENANT_ID,
    Setting,
    Settings,
    SettingsError,
    load,
)

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

PRINCIPAL = Setting(
    "SSPR_IDENTITY_PRINCIPAL_ID",
    "The app's identity.",
    "the object (principal) id of the app's identity (a GUID)",
    TENANT_ID.parse,
)
READ_HERE = (PRINCIPAL, TENANT_ID, CLOUD, CHECKS_DISABLED, GRAPH_ENDPOINT, GRAPH_TOKEN)

# What granting takes, and what the app itself never has.
GRANTING = "AppRoleAssignment.ReadWrite.All"

# Seconds between tries: two minutes until a new principal is known everywhere.
WAITS = (2, 4, 8, 16, 30, 30, 30)
_PASSING = frozenset({429, 500, 502, 503, 504})
_NOT_YET_VALID = "Not a valid reference update"
_ALREADY_THERE = "already exists"

_AZ_CLOUDS = {
    Cloud.US_GOV: "AzureUSGovernment",
    Cloud.US_GOV_DOD: "AzureUSGovernment",
    Cloud.CHINA: "AzureChinaCloud",
}
_MG_CLOUDS = {Cloud.US_GOV: "USGov", Cloud.US_GOV_DOD: "USGovDoD", Cloud.CHINA: "China"}

_WHERE_FROM = (
    "In azd's hook these come from its environment: `azd hooks run postprovision`. By hand, give"
    " --principal and --tenant."
)
Row = TypeVar("Row")
Names = Iterable[str]
Say = Callable[[str], None]
Sleep = Callable[[float], Awaitable[object]]


class RefusedError(Exception):
    """Graph's refusal: HTTP status, its error code, its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"Graph answered {status} {code or 'without a code'}: {message}")
        self.status, self.message = status, message


class WrongPrincipalError(Exception):
    """There is no such identity; the text says what to give instead."""


class Principal(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    service_principal_type: str | None = None


class AppRole(msgspec.Struct, rename="camel"):
    id: str
    value: str | None
    allowed_member_types: tuple[str, ...]
    is_enabled: bool


class GraphPrincipal(msgspec.Struct, rename="camel"):
    """Microsoft Graph itself, as this tenant knows it."""

    id: str
    app_roles: tuple[AppRole, ...]

    @property
    def offered(self) -> dict[str, str]:
        """The names of what an app can be granted, by id."""
        return {
            role.id: role.value
            for role in self.app_roles
            if role.value and role.is_enabled and "Application" in role.allowed_member_types
        }


class Assignment(msgspec.Struct, rename="camel"):
    id: str
    app_role_id: str
    resource_id: str


class _Page(msgspec.Struct):
    value: list[Any]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Envelope(msgspec.Struct):
    error: _Error | None = None


@dataclass(frozen=True)
class Wanted:
    """What the enabled checks need in this cloud, and what some of them can use besides."""

    checks: tuple[Check, ...]
    facts: tuple[Fact[Any], ...]
    needed: tuple[str, ...]
    optional: tuple[str, ...]

    def readers(self, name: str) -> tuple[str, ...]:
        """The checks that a permission is for."""
        facts = {fact for fact in self.facts if name in self._taken(fact)}
        return tuple(check.id for check in self.checks if facts.intersection(check.needs))

    def _taken(self, fact: Fact[Any]) -> set[str]:
        """The permissions of the list that read this fact."""
        names = {*self.needed, *self.optional}
        first = {fact.permission} if fact.permission in names else names & fact.also_by
        return first | fact.besides


def wanted(settings: Settings) -> Wanted:
    """From the settings of the app. Raises SettingsError for a check that does not exist."""
    enabled = checks.enabled(settings)
    facts = [f for f in checks.needed(enabled) if settings[CLOUD] not in f.absent_in]
    needed = permissions(facts)
    optional = {f.permission for f in facts if f.optional} - {*needed, ""}
    return Wanted(enabled, tuple(facts), needed, tuple(sorted(optional)))


@dataclass(frozen=True)
class Plan:
    """How what is granted differs from what is wanted, by name; `surplus` are (name, id)."""

    granted: tuple[str, ...]
    missing: tuple[str, ...]
    not_offered: tuple[str, ...]
    optional: tuple[str, ...]
    surplus: tuple[tuple[str, str], ...]


def compare(wanted: Wanted, graph: GraphPrincipal, held: Iterable[Assignment]) -> Plan:
    """Roles of other resources than Graph are nobody's business here."""
    offered = graph.offered
    ours = {a.app_role_id: a.id for a in held if a.resource_id == graph.id}
    possible = {name for name, role in APP_ROLES.items() if offered.get(role) == name}
    names = (*wanted.needed, *wanted.optional)
    kept = {APP_ROLES[name] for name in names}
    return Plan(
        granted=tuple(name for name in names if APP_ROLES[name] in ours),
        missing=tuple(
            name for name in wanted.needed if APP_ROLES[name] not in ours and name in possible
        ),
        not_offered=tuple(name for name in wanted.needed if name not in possible),
        optional=tuple(
            name for name in wanted.optional if APP_ROLES[name] not in ours and name in possible
        ),
        surplus=tuple(
            sorted((offered.get(role, role), id_) for role, id_ in ours.items() if role not in kept)
        ),
    )


class Directory:
    """One principal in the tenant's directory. All that can be written are its app roles."""

    def __init__(self, client: httpx.AsyncClient, principal: str, say: Say, sleep: Sleep) -> None:
        self._client = client
        self._principal = principal
        self._path = f"/servicePrincipals/{principal}"
        self._say = say
        self._sleep = sleep

    async def principal(self) -> Principal:
        """Waits for one that is new. Raises WrongPrincipalError."""
        query = {"$select": "id,displayName,servicePrincipalType"}
        try:
            found = await self._ask("GET", self._path, query)
        except RefusedError as refused:
            if refused.status != 404:
                raise
            await self._refuse_client_id(query)
            found = await self._ask("GET", self._path, query, until_known=True)
        return msgspec.json.decode(found, type=Principal)

    async def _refuse_client_id(self, query: Mapping[str, str]) -> None:
        mistaken = {"$filter": f"appId eq '{self._principal}'", **query}
        for row in await self._rows("/servicePrincipals", mistaken, Principal):
            raise WrongPrincipalError(
                f"{self._principal} is the client id of {row.display_name}; what is needed is its"
                f" object (principal) id, {row.id}."
            )

    async def graph(self) -> GraphPrincipal:
        query = {"$filter": f"appId eq '{GRAPH_APP_ID}'", "$select": "id,appRoles"}
        (row,) = await self._rows("/servicePrincipals", query, GraphPrincipal)
        return row

    async def held(self) -> list[Assignment]:
        return await self._rows(f"{self._path}/appRoleAssignments", {}, Assignment)

    async def grant(self, graph: str, role: str) -> None:
        """Whether it was granted before or not, it is afterwards."""
        body = {"principalId": self._principal, "resourceId": graph, "appRoleId": role}
        path = f"{self._path}/appRoleAssignments"
        try:
            await self._ask("POST", path, json=body, until_known=True)
        except RefusedError as refused:
            # Neither status nor code tells this from any other bad request.
            if refused.status != 400 or _ALREADY_THERE not in refused.message:
                raise

    async def revoke(self, assignment: str) -> None:
        await self._ask("DELETE", f"{self._path}/appRoleAssignments/{assignment}")

    async def _rows(self, path: str, query: Mapping[str, str], row: type[Row]) -> list[Row]:
        page = msgspec.json.decode(await self._ask("GET", path, query), type=_Page)
        rows = page.value
        while link := page.next_link:
            # A page must not be able to send our token anywhere else.
            if urlsplit(link)[:2] != urlsplit(str(self._client.base_url))[:2]:
                raise RefusedError(200, "malformed", "the next page is on another host")
            page = msgspec.json.decode(await self._ask("GET", link), type=_Page)
            rows += page.value
        return [msgspec.convert(value, row) for value in rows]

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        json: object = None,
        until_known: bool = False,
    ) -> bytes:
        """The body of the answer, after as many tries as it takes. Raises RefusedError.

        A principal that has just been made is not found for a while, or is a reference that is not
        valid: https://github.com/microsoftgraph/msgraph-bicep-types/issues/193
        """
        pauses = iter(WAITS)
        while True:
            response = await self._client.request(method, path, params=query, json=json)
            if response.is_success:
                return response.content
            refused = _refusal(response)
            unknown = refused.status == 404 or _NOT_YET_VALID in refused.message
            pause = next(pauses, None)
            if pause is None or not (refused.status in _PASSING or (unknown and until_known)):
                raise refused
            asked_for = retry_after(response.headers, datetime.now(UTC))
            seconds = pause if asked_for is None else asked_for
            why = "the identity is not known everywhere yet" if unknown else str(refused)
            self._say(f"  {why}; trying again in {seconds:g} s")
            await self._sleep(seconds)


def _refusal(response: httpx.Response) -> RefusedError:
    try:
        error = msgspec.json.decode(response.content, type=_Envelope).error or _Error()
    except msgspec.MsgspecError:
        error = _Error()
    return RefusedError(response.status_code, error.code or "", error.message or "")


def with_azure_cli(graph: str, cloud: Cloud, tenant: str, identity: str, names: Names) -> str:
    """What grants these permissions by hand, in bash."""
    choose = f"az cloud set --name {_AZ_CLOUDS[cloud]}\n" if cloud in _AZ_CLOUDS else ""
    roles = "\n".join(f"{APP_ROLES[name]} {name}" for name in names)
    return f"""\
{choose}az login --tenant {tenant} --allow-no-subscriptions
identity={identity}
graph={graph}
resource=$(az rest --method GET --resource "$graph" --query id --output tsv \\
  --url "$graph/v1.0/servicePrincipals(appId='{GRAPH_APP_ID}')")
while read -r role name; do
  echo "$name"
  body=$(printf '{{"principalId":"%s","resourceId":"%s","appRoleId":"%s"}}' \\
    "$identity" "$resource" "$role")
  az rest --method POST --resource "$graph" --headers Content-Type=application/json \\
    --url "$graph/v1.0/servicePrincipals/$identity/appRoleAssignments" \\
    --body "$body" --output none </dev/null
done <<'END'
{roles}
END
"""


def with_powershell(cloud: Cloud, tenant: str, identity: str, names: Names) -> str:
    """What grants these permissions by hand, with the module Microsoft.Graph.Applications."""
    choose = f" -Environment {_MG_CLOUDS[cloud]}" if cloud in _MG_CLOUDS else ""
    roles = "\n".join(f"  '{APP_ROLES[name]}' # {name}" for name in names)
    return f"""\
Connect-MgGraph -TenantId {tenant}{choose} -Scopes '{GRANTING}', 'Application.Read.All'
$identity = '{identity}'
$graph = Get-MgServicePrincipal -Filter "appId eq '{GRAPH_APP_ID}'"
$roles = @(
{roles}
)
foreach ($role in $roles) {{
  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $identity `
    -PrincipalId $identity -ResourceId $graph.Id -AppRoleId $role
}}
"""


class Permissions:
    """What is granted to the identity, beside what its checks need."""

    def __init__(self, settings: Settings, directory: Directory, say: Say) -> None:
        self._settings = settings
        self._directory = directory
        self._say = say
        self._wanted = wanted(settings)

    async def settle(self, *, check: bool, prune: bool, optional: bool) -> int:
        """Says how it is, and mends it unless it is to be checked only. Gives the exit code."""
        left = [*self._wanted.needed, *(self._wanted.optional if optional else ())]
        try:
            principal = await self._directory.principal()
            graph = await self._directory.graph()
            plan = compare(self._wanted, graph, await self._directory.held())
            self._show(principal, plan)
            if check:
                return self._verdict(plan)
            left = [*plan.missing, *(plan.optional if optional else ())]
            await self._mend(graph, plan, left, prune=prune)
        except RefusedError as refused:
            if refused.status != 403:
                raise
            self._say(self._whom_to_ask(refused, left))
            return 1
        return 0

    def _show(self, principal: Principal, plan: Plan) -> None:
        kind = principal.service_principal_type or "service principal"
        self._say(
            f"Permissions of {principal.display_name} ({kind} {principal.id}) in Microsoft Graph,"
            f" tenant {self._settings[TENANT_ID]}, cloud {self._settings[CLOUD]}"
        )
        for name in plan.granted:
            self._say(f"  granted   {name}")
        for name in plan.missing:
            self._say(f"  missing   {name}: {self._readers(name)}")
        for name in plan.optional:
            self._say(f"  optional  {name}: {self._readers(name)}")
        for name in plan.not_offered:
            self._say(f"  not here  {name}, which Graph does not offer: {self._readers(name)}")
        for name, _ in plan.surplus:
            self._say(f"  too much  {name}: no enabled check needs it")

    def _readers(self, name: str) -> str:
        return ", ".join(self._wanted.readers(name))

    def _verdict(self, plan: Plan) -> int:
        found = {"missing": len(plan.missing), "too much": len(plan.surplus)}
        told = ", ".join(f"{count} {what}" for what, count in found.items() if count)
        self._say(f"Checked, nothing changed: {told or 'as it should be'}.")
        return int(bool(told))

    async def _mend(
        self, graph: GraphPrincipal, plan: Plan, left: list[str], *, prune: bool
    ) -> None:
        granted, removed = len(left), plan.surplus if prune else ()
        while left:
            await self._directory.grant(graph.id, APP_ROLES[left[0]])
            self._say(f"granted {left.pop(0)}")
        for name, assignment in removed:
            await self._directory.revoke(assignment)
            self._say(f"removed {name}")
        if plan.surplus and not prune:
            self._say("What is too much was left; --prune removes it.")
        if granted or removed:
            self._say(
                "Done. A token that the app holds already does not show it for up to a day, and a"
                " restart does not change that."
            )
        else:
            self._say("Nothing to do.")

    def _whom_to_ask(self, refused: RefusedError, left: list[str]) -> str:
        """Everything that somebody with the right needs to know.

        Nothing is indented, as a here-document must not be.
        """
        if not left:
            return f"Your sign-in may not remove what is too much. {refused}"
        cloud, tenant = self._settings[CLOUD], self._settings[TENANT_ID]
        principal = self._settings[PRINCIPAL]
        root = ENDPOINTS[cloud].graph
        return f"""
Your sign-in may not do this. {refused}

To be granted: {", ".join(left)}.
Until then the app runs all the same; the checks that need them are unknown, or know less.

Ask somebody with the role Privileged Role Administrator (or Global Administrator) in tenant
{tenant} to run one of these, which need nothing of this folder. An application that
signs in instead of a person needs the permissions {GRANTING} and
Application.Read.All. Afterwards, run this again; it leaves alone what is granted.

With the Azure CLI, in bash:

{with_azure_cli(root, cloud, tenant, principal, left)}
With PowerShell and its module Microsoft.Graph.Applications:

{with_powershell(cloud, tenant, principal, left)}"""


def read_settings(options: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Options before the environment, which is azd's in its hook. Raises SettingsError."""
    told = {setting.name: environ.get(setting.name, "") for setting in READ_HERE}
    given = {
        PRINCIPAL.name: options.principal,
        TENANT_ID.name: options.tenant,
        CLOUD.name: options.cloud,
    }
    told |= {name: value for name, value in given.items() if value}
    return load(told | {STORAGE_SETTINGS[0]: "not used here"}, [PRINCIPAL])


def deployer(settings: Settings) -> AsyncTokenCredential:
    """Whoever deploys: azd's sign-in, or else that of the Azure CLI."""
    from azure.identity.aio import (
        AzureCliCredential,
        AzureDeveloperCliCredential,
        ChainedTokenCredential,
    )

    if token := settings[GRAPH_TOKEN]:
        return SimulatorToken(token)
    tenant = settings[TENANT_ID]
    return ChainedTokenCredential(
        AzureDeveloperCliCredential(tenant_id=tenant), AzureCliCredential(tenant_id=tenant)
    )


async def run(
    options: argparse.Namespace,
    environ: Mapping[str, str],
    say: Say,
    *,
    sleep: Sleep = asyncio.sleep,
) -> int:
    """The exit code: 0 when all is as it should be, 1 when it is not."""
    try:
        settings = read_settings(options, environ)
        cloud = ENDPOINTS[settings[CLOUD]]
        root = settings[GRAPH_ENDPOINT] or cloud.graph
        async with deployer(settings) as credential:
            token = await credential.get_token(cloud.scope)
        headers = {"Authorization": f"Bearer {token.token}"}
        async with httpx.AsyncClient(base_url=f"{root}/v1.0", headers=headers, timeout=30) as http:
            directory = Directory(http, settings[PRINCIPAL], say, sleep)
            return await Permissions(settings, directory, say).settle(
                check=options.check, prune=options.prune, optional=options.optional
            )
    except SettingsError as error:
        say(f"error: {error}\n{_WHERE_FROM}")
    except ClientAuthenticationError as error:
        say(f"error: {error.message}\nSign in with `azd auth login` or `az login` first.")
    except httpx.TransportError as error:
        say(f"error: Microsoft Graph cannot be reached: {error!r}")
    except RefusedError as error:
        hint = f"\nIs that {PRINCIPAL.allowed}, and in this tenant?" if error.status == 404 else ""
        say(f"error: {error}{hint}")
    except WrongPrincipalError as error:
        say(f"error: {error}")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py permissions", description=__doc__)
    options = arguments.add_to_permissions(parser).parse_args()
    return asyncio.run(run(options, os.environ, print))


if __name__ == "__main__":
    sys.exit(main())
