"""Gathering facts from the simulated Graph, and from answers as Microsoft documents them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from checks.engine_facts import (
    ADMINISTRATORS,
    CLOUD_SYNC_JOBS,
    CONNECT_CREDENTIALS,
    CONNECT_ROLE,
    MOST_PAGES,
    PASSWORD_SYNC,
    RESET_PRINCIPAL,
    Administrators,
    ConnectCredentials,
    PasswordSync,
    ResetService,
    SyncJob,
)
from checks.facts import Asked, Gathered
from checks.two_gate_roles import GLOBAL_ADMINISTRATOR
from shared.graph.client import open_graph
from shared.model import Known, Reason, Unavailable
from shared.settings import load
from simulator import ALL_ROLES, Simulator, scenario
from simulator.tenant import Cohort
from tests.checks.conftest import ENVIRONMENT, NOW

FACTS = (CLOUD_SYNC_JOBS, CONNECT_CREDENTIALS, ADMINISTRATORS)
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"


@pytest.fixture
async def simulator():
    async with Simulator(scenario("healthy"), clock=lambda: NOW) as simulator:
        yield simulator


async def gathered(simulator, fact, roles=ALL_ROLES):
    """What the fact's own `gather` finds."""
    connection = {
        "SSPR_GRAPH_ENDPOINT": simulator.endpoint,
        "SSPR_GRAPH_TOKEN": simulator.token(roles),
    }
    settings = load(ENVIRONMENT | connection)
    async with open_graph(settings, seconds=20) as graph:
        if isinstance(fact, Asked):
            return (await graph.ask([fact]))[fact.name]
        assert isinstance(fact, Gathered)
        return await fact.gather(graph)


def answers(simulator, path, *bodies):
    """The next answers to requests for a path, one after the other."""
    for rows in bodies:
        simulator.fail(path, status=200, body={"value": rows})


def asked(simulator):
    """Every request, those inside of a batch as well."""
    return [item for request in simulator.requests for item in (request.items or [request])]


# Cloud Sync.

JOB = {
    "id": "AD2AADProvisioning.1",
    "templateId": "AD2AADProvisioning",
    "schedule": {"expiration": None, "interval": "PT2M", "state": "Active"},
    "status": {
        "code": "Active",
        "countSuccessiveCompleteFailures": 0,
        "quarantine": None,
        "lastExecution": {"state": "Succeeded", "timeEnded": "2019-11-20T16:17:24.7488681Z"},
    },
}
PAUSED = {
    "templateId": "AD2AADPasswordHash",
    "schedule": {"state": "Disabled"},
    "status": {
        "code": "Paused",
        "countSuccessiveCompleteFailures": None,
        "lastExecution": None,
        "quarantine": {
            "currentBegan": "",
            "seriesBegan": "0001-01-01T00:00:00Z",
            "reason": "",
            "error": {"code": "InvalidCredentials", "message": "No. See contoso.example."},
        },
    },
}
QUARANTINED = {
    "schedule": {"state": "active"},
    "status": {
        "code": "quarantine",
        "countSuccessiveCompleteFailures": 12,
        "quarantine": {
            "currentBegan": "2026-11-20T10:00:00Z",
            "seriesBegan": "2026-11-18T09:30:00Z",
            "reason": "EncounteredQuarantineException",
        },
    },
}


@pytest.mark.parametrize(
    ("row", "job"),
    [
        (
            JOB,
            SyncJob(
                "AD2AADProvisioning",
                "active",
                "active",
                ended_at=datetime(2019, 11, 20, 16, 17, 24, 748868, tzinfo=UTC),
            ),
        ),
        (PAUSED, SyncJob("AD2AADPasswordHash", "paused", "disabled", reason="InvalidCredentials")),
        (
            QUARANTINED,
            SyncJob(
                "",
                "quarantine",
                "active",
                failures=12,
                reason="EncounteredQuarantineException",
                since=datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
            ),
        ),
        ({"id": "1", "status": None, "schedule": None}, SyncJob("", "", "")),
    ],
    ids=["active", "dates that never were", "quarantine", "nulls"],
)
async def test_a_job_is_read_leniently(simulator, row, job):
    answers(simulator, "/servicePrincipals", [{"id": "one"}])
    answers(simulator, "/servicePrincipals/one/synchronization/jobs", [row])
    answer = await gathered(simulator, CLOUD_SYNC_JOBS)
    assert answer.value == (job,)


async def test_a_job_of_which_nothing_is_told_is_malformed(simulator):
    answers(simulator, "/servicePrincipals", [{"id": "one"}])
    simulator.fail("*/jobs", status=200, body={"value": [{"id": "1"}]}, times=None)
    answer = await gathered(simulator, CLOUD_SYNC_JOBS)
    assert answer.reason is Reason.MALFORMED


async def test_the_jobs_of_every_principal_are_read(simulator):
    answers(simulator, "/servicePrincipals", [{"id": "one"}, {"id": "two"}])
    answers(simulator, "*/one/synchronization/jobs", [JOB])
    answers(simulator, "*/two/synchronization/jobs", [PAUSED, QUARANTINED])
    answer = await gathered(simulator, CLOUD_SYNC_JOBS)
    assert [job.status for job in answer.value] == ["active", "paused", "quarantine"]


# Connect.

SERVICE = {
    "id": "service",
    "appRoles": [{"id": "other", "value": "Other.Read"}, {"id": "role", "value": CONNECT_ROLE}],
}


def grant(principal, role="role"):
    return {"appRoleId": role, "principalId": principal, "principalType": "ServicePrincipal"}


def certificate(*ends):
    return [{"type": "AsymmetricX509Cert", "endDateTime": end} for end in ends]


def connect(simulator, grants, holders, applications):
    answers(simulator, "/servicePrincipals", [SERVICE], holders)
    answers(simulator, "/servicePrincipals/service/appRoleAssignedTo", grants)
    answers(simulator, "/applications", applications)


async def test_the_newest_certificate_of_each_application_counts(simulator):
    connect(
        simulator,
        [grant("a"), grant("b"), grant("c", role="other")],
        [{"appId": "a-app"}, {"appId": "b-app"}],
        [
            {
                "appId": "a-app",
                "keyCredentials": certificate("2026-12-01T00:00:00Z", None, "2027-02-01T00:00:00Z"),
            },
            {"appId": "b-app", "keyCredentials": []},
        ],
    )
    answer = await gathered(simulator, CONNECT_CREDENTIALS)
    assert answer.value == ConnectCredentials(True, (datetime(2027, 2, 1, tzinfo=UTC), None))
    holders, applications = asked(simulator)[-2:]
    assert holders.query["$filter"] == "id in ('a', 'b')"
    assert applications.query["$filter"] == "appId eq 'a-app' or appId eq 'b-app'"


async def test_an_application_that_cannot_be_found_has_no_certificate(simulator):
    connect(simulator, [grant("a")], [{"appId": "elsewhere"}], [])
    answer = await gathered(simulator, CONNECT_CREDENTIALS)
    assert answer.value == ConnectCredentials(True, (None,))


@pytest.mark.parametrize("service", [SERVICE, {**SERVICE, "appRoles": None}], ids=["yes", "no"])
async def test_without_an_application_nothing_more_is_asked(simulator, service):
    answers(simulator, "/servicePrincipals", [service])
    answers(simulator, "*/appRoleAssignedTo", [grant("a", role="other")])
    answer = await gathered(simulator, CONNECT_CREDENTIALS)
    assert answer.value == ConnectCredentials(True, ())
    assert len(simulator.requests) == 2


async def test_a_tenant_without_the_service_of_connect_has_no_connect(simulator):
    answers(simulator, "/servicePrincipals", [])
    answer = await gathered(simulator, CONNECT_CREDENTIALS)
    assert answer.value == ConnectCredentials(False)


# Administrators.


def assignment(principal, role=USER_ADMINISTRATOR):
    return {"principalId": principal, "roleDefinitionId": role}


async def test_synced_role_holders_are_counted_and_groups_apart(simulator):
    answers(
        simulator,
        "/roleManagement/directory/roleAssignments",
        [
            assignment("cloud"),
            assignment("synced"),
            assignment("synced", GLOBAL_ADMINISTRATOR.upper()),
            assignment("clerk"),
            assignment("reader", GLOBAL_READER),
            assignment("group"),
        ],
    )
    answers(
        simulator,
        "/users",
        [
            {"id": "cloud", "onPremisesSyncEnabled": None},
            {"id": "synced", "onPremisesSyncEnabled": True},
            {"id": "clerk", "onPremisesSyncEnabled": True},
        ],
    )
    answer = await gathered(simulator, ADMINISTRATORS)
    assert answer.value == Administrators(users=3, synced=2, synced_global=1, others=1)


async def test_holders_are_looked_up_fifteen_at_a_time(simulator):
    answers(
        simulator,
        "/roleManagement/directory/roleAssignments",
        [assignment(f"user-{index}") for index in range(31)],
    )
    answers(simulator, "/users", [], [], [])
    answer = await gathered(simulator, ADMINISTRATORS)
    assert answer.value.others == 31
    looked_up = [item.query["$filter"] for item in asked(simulator) if item.path == "/users"]
    assert sorted(text.count("user-") for text in looked_up) == [1, 15, 15]


# All of them.


def busy(simulator):
    """Answers with something to keep for every fact that is gathered."""
    answers(simulator, "/servicePrincipals", [{"id": "secret"}], [SERVICE], [{"appId": "secret"}])
    answers(simulator, "*/synchronization/jobs", [JOB, PAUSED, QUARANTINED])
    answers(simulator, "*/appRoleAssignedTo", [grant("secret")])
    answers(
        simulator,
        "/applications",
        [{"appId": "secret", "keyCredentials": certificate("2027-02-01T00:00:00Z")}],
    )
    answers(simulator, "*/roleAssignments", [assignment("secret")])
    answers(simulator, "/users", [{"id": "secret", "onPremisesSyncEnabled": True}])


async def test_what_is_kept_reads_back_and_names_nobody(simulator):
    busy(simulator)
    for fact in FACTS:
        assert isinstance(fact, Gathered)
        answer = await gathered(simulator, fact)
        value = answer.value
        assert answer.as_of is not None
        kept = msgspec.json.encode(value)
        assert msgspec.json.decode(kept, type=fact.shape) == value
        assert b"secret" not in kept
        assert b"contoso" not in kept


@pytest.mark.parametrize(
    ("fact", "path", "permission"),
    [
        (CLOUD_SYNC_JOBS, "/servicePrincipals", "Application.Read.All"),
        (CLOUD_SYNC_JOBS, "*/synchronization/jobs", "Synchronization.Read.All"),
        (CONNECT_CREDENTIALS, "/servicePrincipals", "Application.Read.All"),
        (CONNECT_CREDENTIALS, "*/appRoleAssignedTo", "Application.Read.All"),
        (CONNECT_CREDENTIALS, "/applications", "Application.Read.All"),
        (ADMINISTRATORS, "*/roleAssignments", "RoleManagement.Read.Directory"),
        (ADMINISTRATORS, "/users", "User.Read.All"),
    ],
)
async def test_a_request_that_is_refused_names_its_own_permission(
    simulator, fact, path, permission
):
    simulator.fail(path, status=403, times=None)
    if fact is CONNECT_CREDENTIALS:
        answers(simulator, "/servicePrincipals", [SERVICE], [{"appId": "secret"}])
    busy(simulator)
    answer = await gathered(simulator, fact)
    assert isinstance(answer, Unavailable)
    assert (answer.reason, answer.permission) == (Reason.PERMISSION_MISSING, permission)


async def test_a_list_without_end_is_given_up(simulator):
    path = "/roleManagement/directory/roleAssignments"

    def linked(page):
        link = f"{simulator.endpoint}/v1.0{path}?page={rule.hits}"
        return page | {"@odata.nextLink": link}

    rule = simulator.fail(path, body={"value": []}, edit=linked, times=None)
    answer = await gathered(simulator, ADMINISTRATORS)
    assert answer == Unavailable(Reason.MALFORMED, detail=f"no end after {MOST_PAGES} pages")
    assert rule.hits == MOST_PAGES


async def test_the_time_of_the_hash_sync_is_asked_of_beta(simulator):
    answer = await gathered(simulator, PASSWORD_SYNC)
    assert answer.value.on_premises_last_password_sync_date_time is not None
    assert simulator.requests[0].path == "/beta/$batch"


# The simulated tenants, as strict about requests as Graph.

HEALTHY, CLOUD_SYNC = scenario("healthy"), scenario("cloud-sync")


def with_sync(tenant, **changes):
    return replace(tenant, sync=replace(tenant.sync, **changes))


@pytest.mark.parametrize(
    ("tenant", "fact", "value"),
    [
        (with_sync(HEALTHY, certificate=timedelta(days=20), renews=False), CONNECT_CREDENTIALS,
         ConnectCredentials(True, (NOW + timedelta(days=20),))),
        (with_sync(HEALTHY, certificate=None), CONNECT_CREDENTIALS, ConnectCredentials(True)),
        (CLOUD_SYNC, CONNECT_CREDENTIALS, ConnectCredentials(False)),
        (HEALTHY, CLOUD_SYNC_JOBS, ()),
        (HEALTHY, RESET_PRINCIPAL, ResetService(True)),
        (replace(HEALTHY, reset_service=False), RESET_PRINCIPAL, ResetService(False)),
        (replace(HEALTHY, reset_service=None), RESET_PRINCIPAL, None),
        (with_sync(HEALTHY, hashes=False), PASSWORD_SYNC, PasswordSync(None)),
        (with_sync(HEALTHY, hash_age=timedelta(hours=30)), PASSWORD_SYNC,
         PasswordSync(NOW - timedelta(hours=30))),
        (CLOUD_SYNC, PASSWORD_SYNC, PasswordSync(None)),
    ],
    ids=[
        "certificate", "service account", "no Connect", "no Cloud Sync", "reset service enabled",
        "reset service disabled", "reset service absent", "hashes off", "hashes stale",
        "hashes by Cloud Sync",
    ],
)  # fmt: skip
async def test_a_tenant_is_read_as_it_is(simulator, tenant, fact, value):
    simulator.tenant = tenant
    assert (await gathered(simulator, fact)).value == value


@pytest.mark.parametrize("template", [True, False], ids=["template told", "template null"])
async def test_cloud_sync_is_found_by_its_template_or_its_application(simulator, template):
    simulator.tenant = with_sync(CLOUD_SYNC, template=template, quarantined_for=timedelta(days=2))
    users, passwords = (await gathered(simulator, CLOUD_SYNC_JOBS)).value
    assert (users.status, passwords.status) == ("active", "quarantine")
    assert passwords.since == NOW - timedelta(days=2)


async def test_role_holders_are_found_and_told_apart(simulator):
    """The simulated directory also has a group and an application with a role."""
    cloud, synced = (GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR), (USER_ADMINISTRATOR,)
    simulator.tenant = replace(
        HEALTHY,
        cohorts=(
            Cohort(size=40, admin=True, roles=cloud),
            Cohort(size=25, admin=True, synced=True, roles=synced),
            Cohort(size=2, admin=True, synced=True, roles=(GLOBAL_ADMINISTRATOR,)),
            Cohort(size=3, synced=True, roles=(GLOBAL_READER,)),
            Cohort(size=100, synced=True),
        ),
    )
    answer = await gathered(simulator, ADMINISTRATORS)
    assert answer.value == Administrators(users=67, synced=27, synced_global=2, others=2)


@pytest.mark.parametrize(
    ("tenant", "fact", "permission"),
    [
        (HEALTHY, CONNECT_CREDENTIALS, "Application.Read.All"),
        (HEALTHY, RESET_PRINCIPAL, "Application.Read.All"),
        (CLOUD_SYNC, CLOUD_SYNC_JOBS, "Application.Read.All"),
        (CLOUD_SYNC, CLOUD_SYNC_JOBS, "Synchronization.Read.All"),
        (HEALTHY, ADMINISTRATORS, "RoleManagement.Read.Directory"),
        (HEALTHY, ADMINISTRATORS, "User.Read.All"),
    ],
)
async def test_the_permissions_suffice_and_each_is_needed(simulator, tenant, fact, permission):
    simulator.tenant = tenant
    enough = {
        "Application.Read.All",
        "RoleManagement.Read.Directory",
        "Synchronization.Read.All",
        "User.Read.All",
    }
    assert isinstance(await gathered(simulator, fact, enough), Known)
    answer = await gathered(simulator, fact, enough - {permission})
    assert isinstance(answer, Unavailable)
    assert (answer.reason, answer.permission) == (Reason.PERMISSION_MISSING, permission)
