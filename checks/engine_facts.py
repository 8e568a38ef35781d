"""What the directory shows of the engines behind SSPR: sync, its credential, the reset service.

Ids of service principals and role holders are needed on the way; only counts, times and states are
kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from checks.facts import MOST_IDS, Asked, Fact, Gathered, Stamp, among, in_parts, is_plain
from checks.plain import plain
from checks.two_gate_roles import GLOBAL_ADMINISTRATOR, TWO_GATE_ROLES
from shared.graph.question import BETA, Question, get
from shared.model import Known, Reason, Unavailable

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_service_client import GraphServiceClient

    from shared.graph.client import Graph

T = TypeVar("T")

# Ids of Microsoft's own applications: what provisions from Active Directory, Microsoft Entra AD
# Synchronization Service, and the password reset service, which has another id in one cloud.
# https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
CLOUD_SYNC = "1a4721b3-e57f-4451-ae87-ef078703ec94"
CONNECT_SERVICE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
CONNECT_ROLE = "ADSynchronization.ReadWrite.All"
RESET_SERVICE = "93625bc8-bfe2-437a-97e0-3d0060024faa"
RESET_SERVICE_US_GOV = "2e5ecfc8-ea79-48bd-8140-c19324acb278"


# Ten thousand rows at the least; no tenant has as many of what is listed here.
MOST_PAGES = 100


class _Rows(msgspec.Struct, Generic[T], frozen=True):
    value: tuple[T, ...]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


async def _every(graph: Graph, question: Question[_Rows[T]]) -> Known[list[T]] | Unavailable:
    """All rows of a collection, as old as its first page, or why a page could not be read."""
    rows: list[T] = []
    as_of: datetime | None = None
    async for page in graph.pages(question, most=MOST_PAGES):
        if isinstance(page, Unavailable):
            return page
        rows += page.value.value
        as_of = as_of or page.as_of
        if page.value.next_link is None:
            return Known(rows, as_of)
    return Unavailable(Reason.MALFORMED, detail=f"no end after {MOST_PAGES} pages")


async def _in_batches(
    graph: Graph, questions: Sequence[Question[_Rows[T]]]
) -> list[T] | Unavailable:
    """The rows of many short collections, or why one of them could not be read."""
    rows: list[T] = []
    for answer in (await graph.ask(questions)).values():
        if isinstance(answer, Unavailable):
            return answer
        rows += answer.value.value
    return rows


def _chunks(ids: Iterable[str]) -> list[Sequence[str]]:
    return in_parts(sorted(filter(is_plain, set(ids))))


def _any_app(ids: Sequence[str]) -> str:
    return " or ".join(f"appId eq '{identifier}'" for identifier in ids)


# Password hash synchronization.


class PasswordSync(msgspec.Struct, frozen=True, rename="camel"):
    """`on_premises_last_password_sync_date_time` is null wherever no hashes were ever synced."""

    on_premises_last_password_sync_date_time: Stamp | None


def _read_password_sync(body: bytes) -> PasswordSync:
    rows = msgspec.json.decode(body, type=_Rows[PasswordSync]).value
    if not rows:
        raise msgspec.ValidationError("no organization")
    return rows[0]


PASSWORD_SYNC: Fact[PasswordSync] = Asked(
    name="password_sync",
    permission="Organization.Read.All",
    source="GET /beta/organization",
    lag="not documented",
    version=BETA,
    request=lambda graph: get(
        graph.organization, select=["id", "onPremisesLastPasswordSyncDateTime"]
    ),
    decode=_read_password_sync,
)


# The password reset service.


class ResetService(msgspec.Struct, frozen=True, rename="camel"):
    account_enabled: bool | None


def _read_reset_service(body: bytes) -> ResetService | None:
    rows = msgspec.json.decode(body, type=_Rows[ResetService]).value
    return rows[0] if rows else None


RESET_PRINCIPAL: Fact[ResetService | None] = Asked(
    name="reset_principal",
    permission="Application.Read.All",
    source=f"GET /servicePrincipals?$filter=appId eq '{RESET_SERVICE}'",
    lag="none",
    request=lambda graph: get(
        graph.service_principals,
        filter=_any_app([RESET_SERVICE, RESET_SERVICE_US_GOV]),
        select=["id", "accountEnabled"],
    ),
    decode=_read_reset_service,
)


# Cloud Sync. Enums and dates are read leniently: samples write Active and active, a date that never
# was is "" or lies in the year 1.
# https://learn.microsoft.com/graph/api/synchronization-synchronization-list-jobs


class SyncJob(msgspec.Struct, frozen=True):
    """One provisioning job; words in lower case, empty where nothing was told.

    `failures` are complete failures in a row. `reason` and `since` are about its quarantine.
    """

    template: str
    status: str
    schedule: str
    failures: int = 0
    reason: str = ""
    since: datetime | None = None
    ended_at: datetime | None = None


class _Schedule(msgspec.Struct, frozen=True):
    state: str | None = None


class _Error(msgspec.Struct, frozen=True):
    code: str | None = None


class _Quarantine(msgspec.Struct, frozen=True, rename="camel"):
    reason: str | None = None
    series_began: str | None = None
    current_began: str | None = None
    error: _Error | None = None


class _Execution(msgspec.Struct, frozen=True, rename="camel"):
    time_ended: str | None = None


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    code: str | None = None
    count_successive_complete_failures: int | None = None
    last_execution: _Execution | None = None
    quarantine: _Quarantine | None = None


class _Job(msgspec.Struct, frozen=True, rename="camel"):
    status: _Status | None
    template_id: str | None = None
    schedule: _Schedule | None = None


class _Principal(msgspec.Struct, frozen=True):
    id: str


def _time(text: str | None) -> datetime | None:
    """A time that was; ValidationError for text that is none."""
    if not text:
        return None
    at: datetime = msgspec.convert(text, Stamp)
    return at if at.year > 1 else None


def _job(row: _Job) -> SyncJob:
    status = row.status or _Status()
    quarantine = status.quarantine or _Quarantine()
    execution = status.last_execution or _Execution()
    return SyncJob(
        template=plain(row.template_id or "", 80),
        status=plain(status.code or "", 80).lower(),
        schedule=plain((row.schedule and row.schedule.state) or "", 80).lower(),
        failures=status.count_successive_complete_failures or 0,
        reason=plain(quarantine.reason or (quarantine.error and quarantine.error.code) or "", 80),
        since=_time(quarantine.series_began) or _time(quarantine.current_began),
        ended_at=_time(execution.time_ended),
    )


def _read_jobs(body: bytes) -> _Rows[SyncJob]:
    page = msgspec.json.decode(body, type=_Rows[_Job])
    return _Rows(tuple(map(_job, page.value)), page.next_link)


_CLOUD_SYNC_PRINCIPALS = Question(
    name="cloud_sync_principals",
    permission="Application.Read.All",
    # The template's id is null on the principal of some tenants, whose app id it is instead.
    request=lambda graph: get(
        graph.service_principals,
        filter=f"applicationTemplateId eq '{CLOUD_SYNC}' or appId eq '{CLOUD_SYNC}'",
        select=["id"],
    ),
    decode=msgspec.json.Decoder(_Rows[_Principal]).decode,
)


def _jobs(principal: str) -> Question[_Rows[SyncJob]]:
    def request(graph: GraphServiceClient) -> RequestInformation:
        builder = graph.service_principals.by_service_principal_id(principal)
        return get(builder.synchronization.jobs)

    return Question(
        name="cloud_sync_jobs",
        permission="Synchronization.Read.All",
        request=request,
        decode=_read_jobs,
    )


async def _gather_jobs(graph: Graph) -> Known[tuple[SyncJob, ...]] | Unavailable:
    principals = await _every(graph, _CLOUD_SYNC_PRINCIPALS)
    if isinstance(principals, Unavailable):
        return principals
    jobs: list[SyncJob] = []
    for principal in principals.value:
        found = await _every(graph, _jobs(principal.id))
        if isinstance(found, Unavailable):
            return found
        jobs += found.value
    return Known(tuple(jobs), principals.as_of)


CLOUD_SYNC_JOBS: Fact[tuple[SyncJob, ...]] = Gathered(
    name="cloud_sync_jobs",
    permission="Synchronization.Read.All",
    besides=frozenset({"Application.Read.All"}),
    source="GET /servicePrincipals/{id}/synchronization/jobs",
    lag="none; asked every hour",
    gather=_gather_jobs,
    shape=tuple[SyncJob, ...],
    every=timedelta(hours=1),
)


# The certificate that Connect signs in with.


class ConnectCredentials(msgspec.Struct, frozen=True):
    """`service`: Connect's service is known to the tenant.

    `ends` has, for each application that may synchronize, when its newest certificate ends; None
    for an application that has none, or that lives elsewhere.
    """

    service: bool
    ends: tuple[datetime | None, ...] = ()


class _AppRole(msgspec.Struct, frozen=True):
    id: str
    value: str | None = None


class _Service(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    app_roles: tuple[_AppRole, ...] | None


class _Grant(msgspec.Struct, frozen=True, rename="camel"):
    app_role_id: str
    principal_id: str


class _Holder(msgspec.Struct, frozen=True, rename="camel"):
    app_id: str


class _Key(msgspec.Struct, frozen=True, rename="camel"):
    end_date_time: Stamp | None = None


class _Application(msgspec.Struct, frozen=True, rename="camel"):
    app_id: str
    key_credentials: tuple[_Key, ...] | None

    @property
    def end(self) -> datetime | None:
        ends = (key.end_date_time for key in self.key_credentials or ())
        return max((end for end in ends if end), default=None)


_CONNECT_SERVICE = Question(
    name="connect_service",
    permission="Application.Read.All",
    request=lambda graph: get(
        graph.service_principals, filter=_any_app([CONNECT_SERVICE]), select=["id", "appRoles"]
    ),
    decode=msgspec.json.Decoder(_Rows[_Service]).decode,
)


def _grants(service: str) -> Question[_Rows[_Grant]]:
    def request(graph: GraphServiceClient) -> RequestInformation:
        return get(graph.service_principals.by_service_principal_id(service).app_role_assigned_to)

    return Question(
        name="connect_grants",
        permission="Application.Read.All",
        request=request,
        decode=msgspec.json.Decoder(_Rows[_Grant]).decode,
    )


def _holders(index: int, ids: Sequence[str]) -> Question[_Rows[_Holder]]:
    return Question(
        name=f"connect_holders_{index}",
        permission="Application.Read.All",
        request=lambda graph: get(
            graph.service_principals, filter=among(ids), select=["appId"], top=MOST_IDS
        ),
        decode=msgspec.json.Decoder(_Rows[_Holder]).decode,
    )


def _applications(index: int, app_ids: Sequence[str]) -> Question[_Rows[_Application]]:
    return Question(
        name=f"connect_applications_{index}",
        permission="Application.Read.All",
        request=lambda graph: get(
            graph.applications,
            filter=_any_app(app_ids),
            select=["appId", "keyCredentials"],
            top=MOST_IDS,
        ),
        decode=msgspec.json.Decoder(_Rows[_Application]).decode,
    )


async def _gather_credentials(graph: Graph) -> Known[ConnectCredentials] | Unavailable:
    """Whoever holds the role is Connect, whatever it is called: names may be changed."""
    services = await _every(graph, _CONNECT_SERVICE)
    if isinstance(services, Unavailable):
        return services
    if not services.value:
        return Known(ConnectCredentials(service=False), services.as_of)
    service = services.value[0]
    roles = {role.id for role in service.app_roles or () if role.value == CONNECT_ROLE}
    grants = await _every(graph, _grants(service.id))
    if isinstance(grants, Unavailable):
        return grants
    principals = {grant.principal_id for grant in grants.value if grant.app_role_id in roles}
    holders = await _in_batches(
        graph, [_holders(i, ids) for i, ids in enumerate(_chunks(principals))]
    )
    if isinstance(holders, Unavailable):
        return holders
    app_ids = {holder.app_id for holder in holders}
    applications = await _in_batches(
        graph, [_applications(i, ids) for i, ids in enumerate(_chunks(app_ids))]
    )
    if isinstance(applications, Unavailable):
        return applications
    ends = [application.end for application in applications]
    ends += [None] * (len(principals) - len(ends))
    return Known(ConnectCredentials(service=True, ends=tuple(ends)), services.as_of)


CONNECT_CREDENTIALS: Fact[ConnectCredentials] = Gathered(
    name="connect_credentials",
    permission="Application.Read.All",
    source="GET /servicePrincipals/{id}/appRoleAssignedTo, GET /applications",
    lag="none; asked every 6 hours",
    gather=_gather_credentials,
    shape=ConnectCredentials,
    every=timedelta(hours=6),
)


# Administrators.


class Administrators(msgspec.Struct, frozen=True):
    """Who holds a two-gate role: users, of them synced ones, and synced Global Administrators.

    `others` are groups and applications that hold one; their members are not looked up.
    """

    users: int
    synced: int
    synced_global: int
    others: int


class _Assignment(msgspec.Struct, frozen=True, rename="camel"):
    principal_id: str
    role_definition_id: str


class _User(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    on_premises_sync_enabled: bool | None


_ASSIGNMENTS = Question(
    name="role_assignments",
    permission="RoleManagement.Read.Directory",
    request=lambda graph: get(
        graph.role_management.directory.role_assignments,
        select=["principalId", "roleDefinitionId"],
    ),
    decode=msgspec.json.Decoder(_Rows[_Assignment]).decode,
)


def _users(index: int, ids: Sequence[str]) -> Question[_Rows[_User]]:
    return Question(
        name=f"role_holders_{index}",
        permission="User.Read.All",
        request=lambda graph: get(
            graph.users, filter=among(ids), select=["id", "onPremisesSyncEnabled"], top=MOST_IDS
        ),
        decode=msgspec.json.Decoder(_Rows[_User]).decode,
    )


async def _gather_administrators(graph: Graph) -> Known[Administrators] | Unavailable:
    """The users among the holders are those that /users finds, so that no group is opened."""
    assignments = await _every(graph, _ASSIGNMENTS)
    if isinstance(assignments, Unavailable):
        return assignments
    roles: dict[str, set[str]] = {}
    for assignment in assignments.value:
        role = assignment.role_definition_id.lower()
        if role in TWO_GATE_ROLES:
            roles.setdefault(assignment.principal_id, set()).add(role)
    users = await _in_batches(graph, [_users(i, ids) for i, ids in enumerate(_chunks(roles))])
    if isinstance(users, Unavailable):
        return users
    return Known(_counted(roles, users), assignments.as_of)


def _counted(roles: Mapping[str, set[str]], users: Sequence[_User]) -> Administrators:
    synced = [user.id for user in users if user.on_premises_sync_enabled is True]
    return Administrators(
        users=len(users),
        synced=len(synced),
        synced_global=sum(GLOBAL_ADMINISTRATOR in roles.get(user, ()) for user in synced),
        others=len(roles) - len(users),
    )


ADMINISTRATORS: Fact[Administrators] = Gathered(
    name="administrators",
    permission="RoleManagement.Read.Directory",
    besides=frozenset({"User.Read.All"}),
    source="GET /roleManagement/directory/roleAssignments, GET /users",
    lag="none; asked every 6 hours",
    gather=_gather_administrators,
    shape=Administrators,
    every=timedelta(hours=6),
)
