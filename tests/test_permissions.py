"""What the deployed identity may read: the list, the script that grants it, the page about it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import checks
import monitor
from checks.facts import permissions
from docs.generate import ROOT
from infra.permissions import (
    PRINCIPAL,
    WAITS,
    AppRole,
    Assignment,
    GraphPrincipal,
    Wanted,
    compare,
    read_settings,
    run,
    wanted,
    with_azure_cli,
    with_powershell,
)
from local import arguments
from shared.graph.clouds import Cloud
from shared.graph.roles import APP_ROLES
from shared.model import State
from simulator import TENANT_ID, Simulator, scenario
from simulator.applications import GRAPH, MONITOR, principal_id
from simulator.auth import GRAPH_ROLES

NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
FACTS = checks.needed(checks.CATALOGUE)
LEAST = permissions(FACTS)
OPTIONAL = sorted({f.permission for f in FACTS if f.optional} - {*LEAST})
STRANGER = "00000000-0000-4000-8000-000000000001"


class Deployment:
    """The script, run by somebody who is signed in, against the tenant `healthy`."""

    def __init__(self, graph: Simulator) -> None:
        self.graph = graph
        self.waits: list[float] = []
        self.environment = {
            PRINCIPAL.name: graph.identity,
            "SSPR_TENANT_ID": TENANT_ID,
            "SSPR_CLOUD": "global",
            "SSPR_CHECKS_DISABLED": "",
            "SSPR_GRAPH_ENDPOINT": graph.endpoint,
            "SSPR_GRAPH_TOKEN": graph.sign_in(),
        }

    async def run(self, *options: str) -> tuple[int, str]:
        """The exit code and what was said."""
        said: list[str] = []
        parsed = arguments.add_to_permissions(ArgumentParser()).parse_args(options)
        code = await run(parsed, self.environment, said.append, sleep=self.sleep)
        return code, "\n".join(said)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def hold(self, *names: str) -> None:
        """Somebody grants the identity these, in another way."""
        body = {
            "principalId": self.graph.identity,
            "resourceId": principal_id(self.graph.tenant, GRAPH),
        }
        headers = {"Authorization": f"Bearer {self.graph.sign_in()}"}
        url = f"{self.graph.endpoint}/v1.0/servicePrincipals/{self.graph.identity}"
        async with httpx.AsyncClient(headers=headers) as client:
            for name in names:
                told = body | {"appRoleId": GRAPH_ROLES[name]}
                answer = await client.post(f"{url}/appRoleAssignments", json=told)
                answer.raise_for_status()
        self.graph.requests.clear()

    @property
    def written(self) -> list[str]:
        return [f"{r.method} {r.path}" for r in self.graph.requests if r.method != "GET"]


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    async with Simulator(scenario("healthy", users=40), clock=lambda: NOW) as graph:
        yield Deployment(graph)


# The list.


@given(st.sets(st.sampled_from(sorted(checks.BY_ID))))
def test_the_list_reads_every_fact_of_the_enabled_checks_and_none_can_be_spared(enabled):
    needed = checks.needed(checks.BY_ID[check] for check in enabled)
    facts = [fact for fact in needed if fact.permission and not fact.optional]

    def reads_all(names):
        return all(names & {f.permission, *f.also_by} and f.besides <= names for f in facts)

    names = set(permissions(facts))
    assert reads_all(names)
    assert not any(reads_all(names - {name}) for name in names)


def test_every_permission_that_a_fact_names_has_an_id_and_no_other_has():
    named = {name for fact in FACTS for name in (fact.permission, *fact.besides) if name}
    assert named == set(APP_ROLES)
    assert APP_ROLES.items() <= GRAPH_ROLES.items()


@pytest.mark.parametrize(
    ("cloud", "needed"), [("global", ("Policy.Read.AuthenticationMethod",)), ("china", ())]
)
def test_what_a_cloud_does_not_have_needs_no_permission(cloud, needed):
    others = checks.BY_ID.keys() - {"method_migration"}
    parsed = arguments.add_to_permissions(ArgumentParser()).parse_args([])
    environment = {
        PRINCIPAL.name: STRANGER,
        "SSPR_TENANT_ID": TENANT_ID,
        "SSPR_CLOUD": cloud,
        "SSPR_CHECKS_DISABLED": ",".join(others),
    }
    assert wanted(read_settings(parsed, environment)).needed == needed


def offered(**changes: object) -> GraphPrincipal:
    """Microsoft Graph with one permission, offered as it should be but for these changes."""
    role = AppRole(APP_ROLES["Policy.Read.All"], "Policy.Read.All", ("Application",), True)
    return GraphPrincipal("graph", (msgspec.structs.replace(role, **changes),))


@pytest.mark.parametrize(
    ("graph", "missing"),
    [
        pytest.param(offered(), True, id="offered"),
        pytest.param(GraphPrincipal("graph", ()), False, id="unknown"),
        pytest.param(offered(is_enabled=False), False, id="disabled"),
        pytest.param(offered(allowed_member_types=("User",)), False, id="for-users"),
        pytest.param(offered(value="Policy.ReadWrite.All"), False, id="other-name"),
    ],
)
def test_only_what_graph_offers_under_our_name_and_id_is_granted(graph, missing):
    enabled = (checks.BY_ID["admin_sspr"],)
    facts = tuple(fact for fact in checks.needed(enabled) if fact.name == "authorization_policy")
    plan = compare(wanted_of(enabled, facts), graph, [])
    assert (plan.missing, plan.not_offered) == (
        (("Policy.Read.All",), ()) if missing else ((), ("Policy.Read.All",))
    )


def wanted_of(enabled, facts):
    return Wanted(enabled, facts, permissions(facts), ())


def test_roles_of_other_resources_than_graph_are_left_alone():
    held = [Assignment("a", APP_ROLES["User.Read.All"], "another resource")]
    assert compare(wanted_of((), ()), offered(), held).surplus == ()


# The script.


async def test_exactly_what_the_checks_need_is_granted_to_the_one_identity(deployment):
    code, said = await deployment.run()
    assert (code, deployment.graph.granted) == (0, sorted(LEAST))
    path = f"POST /v1.0/servicePrincipals/{deployment.graph.identity}/appRoleAssignments"
    assert deployment.written == [path] * len(LEAST)
    for name in LEAST:
        assert said.index(f"  missing   {name}: ") < said.index(f"granted {name}")
    assert "id-sspr-monitor (ManagedIdentity " in said


async def test_a_second_time_there_is_nothing_to_do(deployment):
    await deployment.run()
    deployment.graph.requests.clear()
    code, said = await deployment.run()
    assert (code, deployment.written) == (0, [])
    assert said.endswith("Nothing to do.")


async def test_only_what_is_missing_is_granted(deployment):
    await deployment.hold(*LEAST[1:])
    assert (await deployment.run())[0] == 0
    assert len(deployment.written) == 1


@pytest.mark.parametrize(
    ("held", "code", "told"),
    [
        pytest.param(LEAST, 0, "as it should be", id="right"),
        pytest.param(LEAST[2:], 1, "2 missing", id="missing"),
        pytest.param((*LEAST, "Directory.Read.All"), 1, "1 too much", id="too-much"),
        pytest.param(
            (*LEAST[1:], "Reports.Read.All"), 1, "1 missing, 1 too much", id="missing-and-too-much"
        ),
        pytest.param((*LEAST, *OPTIONAL), 0, "as it should be", id="optional"),
    ],
)
async def test_a_check_reports_and_changes_nothing(deployment, held, code, told):
    await deployment.hold(*held)
    found, said = await deployment.run("--check")
    assert (found, deployment.written) == (code, [])
    assert said.endswith(f"Checked, nothing changed: {told}.")
    for name in {*LEAST} - {*held}:
        assert f"  missing   {name}: " in said
    for name in {*held} - {*LEAST, *OPTIONAL}:
        assert f"  too much  {name}: " in said


async def test_a_missing_permission_is_shown_with_the_checks_that_it_is_for(deployment):
    _, said = await deployment.run("--check")
    assert "  missing   ServiceHealth.Read.All: service_health\n" in said
    assert "  optional  SecurityEvents.Read.All: sspr_enabled\n" in said


async def test_what_is_too_much_is_removed_only_when_told_to(deployment):
    await deployment.hold(*LEAST, "Directory.Read.All")
    code, said = await deployment.run()
    assert (code, deployment.written) == (0, [])
    assert "What is too much was left; --prune removes it." in said
    code, said = await deployment.run("--prune")
    assert (code, deployment.graph.granted) == (0, sorted(LEAST))
    [removal] = deployment.written
    path = f"/v1.0/servicePrincipals/{deployment.graph.identity}/appRoleAssignments/"
    assert removal.startswith(f"DELETE {path}")
    assert "removed Directory.Read.All" in said


async def test_what_no_check_is_unknown_without_is_granted_only_when_told_to(deployment):
    await deployment.run()
    assert not {*OPTIONAL} & {*deployment.graph.granted}
    await deployment.run("--optional")
    assert {*OPTIONAL} < {*deployment.graph.granted}


async def test_without_the_right_it_says_what_to_ask_whom_for(deployment):
    await deployment.hold("User.Read.All")
    deployment.environment["SSPR_GRAPH_TOKEN"] = deployment.graph.sign_in(["Application.Read.All"])
    code, said = await deployment.run()
    assert (code, deployment.graph.granted) == (1, ["User.Read.All"])
    assert "403 Authorization_RequestDenied" in said
    assert f"To be granted: {', '.join(n for n in LEAST if n != 'User.Read.All')}." in said
    assert f"Privileged Role Administrator (or Global Administrator) in tenant\n{TENANT_ID}" in said


AZ = """#!{python}
import json, os, sys, urllib.request
if sys.argv[1] != "rest":
    sys.exit()
told = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
assert told["--url"].startswith(told["--resource"])
name, _, value = told.get("--headers", "Accept=*/*").partition("=")
request = urllib.request.Request(
    told["--url"],
    told["--body"].encode() if "--body" in told else None,
    {{"Authorization": "Bearer " + os.environ["TOKEN"], name: value}},
    method=told["--method"],
)
print(json.load(urllib.request.urlopen(request)).get(told.get("--query"), ""))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
async def test_the_commands_to_ask_for_do_it(deployment, tmp_path):
    """As they are printed, in bash, with a stand-in for the Azure CLI."""
    administrator = deployment.graph.sign_in()
    deployment.environment["SSPR_GRAPH_TOKEN"] = deployment.graph.sign_in(["Application.Read.All"])
    _, said = await deployment.run()
    (tmp_path / "az").write_text(AZ.format(python=sys.executable))
    (tmp_path / "az").chmod(0o755)
    printed = said.partition("in bash:\n\n")[2].partition("\nWith PowerShell")[0]
    assert "graph=https://graph.microsoft.com\n" in printed
    script = printed.replace("https://graph.microsoft.com", deployment.graph.endpoint)
    environment = os.environ | {"TOKEN": administrator, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    bash = await asyncio.create_subprocess_exec("bash", "-euc", script, env=environment)
    assert await bash.wait() == 0
    assert deployment.graph.granted == sorted(LEAST)


@pytest.mark.parametrize(
    ("cloud", "az", "powershell"),
    [
        (Cloud.GLOBAL, None, None),
        (Cloud.US_GOV, "AzureUSGovernment", "USGov"),
        (Cloud.US_GOV_DOD, "AzureUSGovernment", "USGovDoD"),
        (Cloud.CHINA, "AzureChinaCloud", "China"),
    ],
)
def test_commands_by_hand_choose_the_cloud(cloud, az, powershell):
    bash = with_azure_cli("https://graph.example", cloud, TENANT_ID, STRANGER, LEAST)
    assert re.findall(r"az cloud set --name (\w+)", bash) == ([az] if az else [])
    shell = with_powershell(cloud, TENANT_ID, STRANGER, LEAST)
    assert re.findall(r" -Environment (\w+) ", shell) == ([powershell] if powershell else [])
    for name in LEAST:
        assert f"{APP_ROLES[name]} {name}" in bash
        assert f"'{APP_ROLES[name]}' # {name}" in shell


async def test_who_may_not_even_look_is_told_everything_that_is_needed(deployment):
    deployment.environment["SSPR_GRAPH_TOKEN"] = deployment.graph.sign_in([])
    code, said = await deployment.run()
    assert code == 1
    assert f"To be granted: {', '.join(LEAST)}." in said


async def test_a_new_identity_is_waited_for(deployment):
    identity = f"/servicePrincipals/{deployment.graph.identity}"
    deployment.graph.fail(identity, status=404, times=3)
    error = {"code": "Request_BadRequest", "message": "Not a valid reference update."}
    deployment.graph.fail(f"{identity}/*", method="POST", status=400, body={"error": error})
    deployment.graph.fail(f"{identity}/*", method="POST", status=404)
    code, said = await deployment.run()
    assert (code, deployment.waits) == (0, [2, 4, 2, 4])
    assert "  the identity is not known everywhere yet; trying again in 2 s" in said
    assert deployment.graph.granted == sorted(LEAST)


async def test_an_identity_that_is_nowhere_is_given_up_on(deployment):
    deployment.environment[PRINCIPAL.name] = STRANGER
    code, said = await deployment.run()
    assert (code, deployment.waits, deployment.written) == (1, list(WAITS), [])
    assert "Is that the object (principal) id of the app's identity (a GUID)" in said


async def test_a_client_id_is_taken_for_what_it_is(deployment):
    code, said = await deployment.run("--principal", MONITOR)
    assert (code, deployment.waits) == (1, [])
    assert f"{MONITOR} is the client id of id-sspr-monitor" in said
    assert f"object (principal) id, {deployment.graph.identity}" in said


async def test_what_somebody_else_grants_meanwhile_is_granted(deployment):
    await deployment.hold(*LEAST)
    deployment.graph.fail("/*/appRoleAssignments", method="GET", body={"value": []})
    code, said = await deployment.run()
    assert code == 0
    assert f"granted {LEAST[0]}" in said


async def test_another_bad_request_is_an_error(deployment):
    deployment.graph.fail("/*/appRoleAssignments", method="POST", status=400, times=None)
    code, said = await deployment.run()
    assert code == 1
    assert said.splitlines()[-1].startswith("error: Graph answered 400 BadRequest: ")


async def test_throttling_is_waited_for_as_long_as_graph_asks(deployment):
    deployment.graph.fail(
        "/*/appRoleAssignments", method="POST", status=429, headers={"Retry-After": "7"}
    )
    assert (await deployment.run())[0] == 0
    assert deployment.waits == [7]


async def test_roles_on_further_pages_are_seen(deployment):
    await deployment.hold(*LEAST)
    path = f"/v1.0/servicePrincipals/{deployment.graph.identity}/appRoleAssignments"
    page = {"value": [], "@odata.nextLink": f"{deployment.graph.endpoint}{path}?$top=50"}
    deployment.graph.fail("/*/appRoleAssignments", body=page)
    assert (await deployment.run("--check"))[0] == 0


async def test_a_page_on_another_host_is_not_followed(deployment):
    page = {"value": [], "@odata.nextLink": "https://graph.example/v1.0/servicePrincipals"}
    deployment.graph.fail("/*/appRoleAssignments", body=page)
    code, said = await deployment.run("--check")
    assert code == 1
    assert "on another host" in said


async def test_checks_that_are_switched_off_need_nothing(deployment):
    others = checks.BY_ID.keys() - {"service_health"}
    deployment.environment["SSPR_CHECKS_DISABLED"] = ",".join(others)
    await deployment.run()
    assert deployment.graph.granted == ["ServiceHealth.Read.All"]


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({PRINCIPAL.name: ""}, f"{PRINCIPAL.name} is missing"),
        ({"SSPR_TENANT_ID": ""}, "SSPR_TENANT_ID is missing"),
        ({"SSPR_CLOUD": "mars"}, "SSPR_CLOUD is 'mars'"),
        ({"SSPR_CHECKS_DISABLED": "nothing"}, "SSPR_CHECKS_DISABLED names 'nothing'"),
    ],
)
async def test_what_is_missing_or_wrong_in_the_environment_is_told(deployment, environment, told):
    deployment.environment |= environment
    code, said = await deployment.run()
    assert (code, deployment.graph.requests) == (1, [])
    assert said.startswith(f"error: {told}")
    assert "give --principal and --tenant" in said


async def test_nobody_signed_in_is_told_how_to(deployment, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    del deployment.environment["SSPR_GRAPH_ENDPOINT"], deployment.environment["SSPR_GRAPH_TOKEN"]
    code, said = await deployment.run()
    assert code == 1
    assert said.endswith("Sign in with `azd auth login` or `az login` first.")


# What it is good for, and what the page says.


async def verdicts(world, roles, **environment):
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token(roles)
    world.environment["SSPR_TENANT_ID"] = str(uuid4())
    settings, store = world.settings(**environment), world.store()
    done = await monitor.run(settings, store, NOW, connect=world.connect)
    return {verdict.check: verdict for verdict in done.verdicts}


async def test_with_what_was_granted_no_check_lacks_a_permission(world):
    deployment = Deployment(world.graph)
    assert (await deployment.run())[0] == 0
    found = await verdicts(world, world.graph.granted)
    assert [v.check for v in found.values() if v.permission] == []


@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
async def test_a_check_alone_makes_do_with_its_own_permissions(world, check):
    disabled = ",".join(checks.BY_ID.keys() - {check.id})
    for name in ("contoso", "cloud-sync"):
        world.graph.tenant = scenario(name, users=100)
        roles = permissions(check.needs)
        [found] = (await verdicts(world, roles, SSPR_CHECKS_DISABLED=disabled)).values()
        assert found.permission is None


PAGE = (ROOT / "docs" / "permissions.md").read_text("utf-8")
LOST = re.findall(
    r"^\| `([\w.]+)` \| ?(.*?) ?\| ?(.*?) ?\|$", PAGE.partition("## What is lost")[2], re.MULTILINE
)
# What Graph takes instead, which must not stand in for what is missing.
WIDER = {"Organization.Read.All": {"User.Read.All"}}


def test_the_page_tells_for_each_permission_what_is_lost_without_it():
    assert [row[0] for row in LOST] == [*LEAST, *OPTIONAL]


@pytest.mark.parametrize(("missing", "unknown", "less"), LOST, ids=[row[0] for row in LOST])
async def test_what_the_page_says_is_lost_is_lost(world, missing, unknown, less):
    world.graph.tenant = scenario("cloud-sync", users=100)
    readers = {*Wanted(checks.CATALOGUE, FACTS, LEAST, tuple(OPTIONAL)).readers(missing)}
    granted = {*LEAST, *OPTIONAL} - {missing} - WIDER.get(missing, set())
    found = await verdicts(world, granted)
    lost = {check for check in readers if found[check].state is State.UNKNOWN}
    assert set(re.findall(r"`(\w+)`", unknown)) == lost
    assert {word for word in re.findall(r"`(\w+)`", less) if word in checks.BY_ID} == readers - lost
