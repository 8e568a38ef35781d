"""Every endpoint: its path, who may ask, which options it knows, and how it is answered."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from types import MappingProxyType

from . import applications, documents, jobs, reports, roles, secure_score, service_health
from .auth import GRANTING, Grant
from .http import Ask, GraphError, Reply, wrong_method
from .listing import directory_count, directory_page, document_page, selected
from .people import Item, Kind, firsts
from .resources import CONTACT, GROUP, USER
from .schema import Document, Resource
from .tenant import Cohort, Tenant

_COLLECTION = frozenset({"$count", "$filter", "$select", "$skiptoken", "$top"})
# Real Graph takes these; a loud answer is better than a quiet wrong one.
_NOT_MODELLED = frozenset({"$expand", "$orderby", "$search"})


class Workload(Enum):
    """Who answers: decides the words of a refusal and the budget a question is paid from."""

    DIRECTORY = auto()
    REPORTS = auto()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`roles`: any one of them is enough. What `writes` takes a person's token with the scope to
    grant as well; stricter than Graph, so that no app can come to depend on writing.
    """

    roles: frozenset[str]
    writes: bool = False
    answer: Callable[[Ask], Reply]
    options: frozenset[str] = frozenset()
    not_modelled: frozenset[str] = frozenset()
    workload: Workload = Workload.DIRECTORY
    premium: bool = False
    units: int = 1
    beta: bool = False

    def refuse_caller(self, tenant: Tenant, grant: Grant) -> None:
        """Raise 403 in the workload's own words unless one of the roles is there."""
        may_write = grant.person and GRANTING in grant.roles
        if self.roles & grant.roles and (may_write or not self.writes):
            if self.premium and not tenant.premium:
                raise GraphError(
                    403,
                    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
                    "Neither tenant is B2C or tenant doesn't have premium license",
                )
            return
        if self.workload is Workload.REPORTS:
            raise GraphError(
                403,
                "Authentication_MSGraphPermissionMissing",
                "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
            )
        raise GraphError(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
            {"x-ms-resource-unit": "1"},
        )

    def refuse_options(self, ask: Ask) -> None:
        """Raise 400 for an option that the endpoint does not know."""
        for name in ask.query:
            if name in self.not_modelled:
                raise GraphError(501, "notImplemented", f"The simulator does not model {name}.")
            if name not in self.options:
                raise GraphError(
                    400, "BadRequest", f"The query parameter '{name}' is not supported here."
                )

    def cost(self, ask: Ask) -> int:
        """Resource units: https://learn.microsoft.com/graph/throttling-limits."""
        cost = self.units - ("$select" in ask.query)
        if ask.query.get("$top", "100").isdecimal() and int(ask.query.get("$top", "100")) < 20:
            cost -= 1
        return max(1, cost)


def _rows(ask: Ask, name: str, type_name: str, rows: Sequence[documents.Document]) -> Reply:
    """A short list that is never paged; every row has the same properties."""
    names = selected(ask, rows[0], type_name) if rows else None
    chosen = [{name: row[name] for name in names} for row in rows] if names else rows
    return Reply(body={"@odata.context": ask.context(name), "value": chosen})


def _organization(ask: Ask) -> Reply:
    document = documents.organization(ask.tenant, ask.started, ask.now, beta=ask.version == "beta")
    # An open type: a name that is not declared is not refused, and brings nothing.
    names = [name.strip() for name in ask.query.get("$select", ",".join(document)).split(",")]
    chosen = {name: document[name] for name in names if name in document}
    return Reply(body={"@odata.context": ask.context("organization"), "value": [chosen]})


def _subscribed_skus(ask: Ask) -> Reply:
    rows = [documents.subscribed_sku(ask.tenant, sku) for sku in ask.tenant.skus]
    return _rows(ask, "subscribedSkus", "microsoft.graph.subscribedSku", rows)


def _domains(ask: Ask) -> Reply:
    return _rows(ask, "domains", "microsoft.graph.domain", documents.domains(ask.tenant))


def _synchronizations(ask: Ask) -> Reply:
    return _rows(
        ask,
        "directory/onPremisesSynchronization",
        "microsoft.graph.onPremisesDirectorySynchronization",
        [documents.synchronization(ask.tenant)],
    )


def _methods_policy(ask: Ask) -> Reply:
    return Reply(body=documents.methods_policy(ask.tenant, ask.started, ask.now, ask.root))


def _authorization_policy(ask: Ask) -> Reply:
    return Reply(body=documents.authorization_policy(ask.tenant, ask.root))


def _directory(
    name: str,
    resource: Resource[Item[Kind]],
    cohorts: Callable[[Tenant], Sequence[Kind]],
    roles: frozenset[str],
) -> dict[str, Endpoint]:
    """A collection of directory objects and its count."""

    def first(ask: Ask) -> list[Item[Kind]]:
        return firsts(ask.tenant, cohorts(ask.tenant), ask.started, ask.now, name.removesuffix("s"))

    return {
        f"/{name}": Endpoint(
            roles=roles,
            answer=lambda ask: directory_page(ask, name, resource, first(ask)),
            options=_COLLECTION,
            not_modelled=_NOT_MODELLED,
            units=2,
        ),
        f"/{name}/$count": Endpoint(
            roles=roles,
            answer=lambda ask: directory_count(ask, resource, first(ask)),
            options=frozenset({"$filter"}),
            not_modelled=frozenset({"$search"}),
        ),
    }


def _service_principals(ask: Ask) -> Reply:
    rows = applications.service_principals(ask.tenant, ask.started)
    return document_page(ask, "servicePrincipals", applications.SERVICE_PRINCIPAL, rows)


def _applications(ask: Ask) -> Reply:
    rows = applications.applications(ask.tenant, ask.started, ask.now)
    return document_page(ask, "applications", applications.APPLICATION, rows)


def _principal(ask: Ask) -> Document:
    """The service principal that the path names, by either of its keys; raises 404."""
    if found := _BY_APP_ID.match(ask.path):
        return _find_principal(ask, "appId", found["app_id"])
    return _find_principal(ask, "id", ask.path.split("/")[2])


def _find_principal(ask: Ask, key: str, wanted: str) -> Document:
    for principal in applications.service_principals(ask.tenant, ask.started):
        if principal[key] == wanted.lower():
            return principal
    raise _not_found(wanted)


def _not_found(wanted: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{wanted}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )


def _service_principal(ask: Ask) -> Reply:
    row = _principal(ask)
    names = selected(ask, row, "microsoft.graph.servicePrincipal") or row
    context = ask.context("servicePrincipals") + "/$entity"
    return Reply(body={"@odata.context": context} | {name: row[name] for name in names})


def _role_holders(ask: Ask) -> Reply:
    return _role_assignments(ask, "resourceId")


def _roles_held(ask: Ask) -> Reply:
    return _role_assignments(ask, "principalId")


def _role_assignments(ask: Ask, end: str) -> Reply:
    """The assignments that have the path's service principal at this end."""
    principal = _principal(ask)["id"]
    every = chain(applications.role_assignments(ask.tenant, ask.started), ask.granted.values())
    rows = (row for row in every if row[end] == principal)
    return document_page(ask, "appRoleAssignments", applications.ROLE_HELD, rows)


def _grant_role(ask: Ask) -> Reply:
    """https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments"""
    holder = _principal(ask)
    sent = ask.body if isinstance(ask.body, dict) else {}
    principal_id, resource_id, role = (
        str(sent.get(name, "")).lower() for name in ("principalId", "resourceId", "appRoleId")
    )
    if not all(map(_GUID.fullmatch, (principal_id, resource_id, role))):
        raise _bad_request("One or more properties are invalid.")
    if principal_id != holder["id"]:
        raise _bad_request("The principal of the body is not the one of the path.")
    resource = _find_principal(ask, "id", resource_id)
    if not applications.offers(resource, role):
        raise _bad_request("Permission being assigned was not found on application")
    row = applications.role_assignment(holder, resource, role, ask.now)
    if row["id"] in ask.granted:
        raise _bad_request("Permission being assigned already exists on the object")
    ask.granted[str(row["id"])] = row
    context = ask.context("appRoleAssignments") + "/$entity"
    return Reply(status=201, body={"@odata.context": context} | dict(row))


def _revoke_role(ask: Ask) -> Reply:
    """https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments"""
    principal, wanted = _principal(ask)["id"], ask.path.rstrip("/").rpartition("/")[2]
    held = ask.granted.get(wanted)
    if held is None or held["principalId"] != principal:
        raise _not_found(wanted)
    del ask.granted[wanted]
    return Reply(status=204, body=b"")


def _bad_request(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def _jobs(ask: Ask) -> Reply:
    app_id = str(_principal(ask)["appId"])
    path = f"servicePrincipals('{ask.path.split('/')[2]}')/synchronization/jobs"
    rows = jobs.jobs(ask.tenant, app_id, ask.started, ask.now)
    return Reply(body={"@odata.context": ask.context(path), "value": rows})


def _users(tenant: Tenant) -> Sequence[Cohort]:
    return tenant.cohorts


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_APP_ID = re.compile(r"(?i:/servicePrincipals\(appId='(?P<app_id>[^']*)'\))")
_SELECT = frozenset({"$select"})
_AUDIT_ROLE = frozenset({"AuditLog.Read.All"})
_APPLICATION_ROLES = frozenset({"Application.Read.All", "Directory.Read.All"})
_HEALTH_ROLE = frozenset({"ServiceHealth.Read.All"})
_ROLE_ROLES = frozenset({"RoleManagement.Read.Directory", "Directory.Read.All"})
# Pages of a short list that is not counted.
_LIST = frozenset({"$filter", "$select", "$skiptoken", "$top"})
_NOT_LISTED = frozenset({"$count", "$expand", "$orderby", "$search"})

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        "/organization": Endpoint(
            roles=frozenset({"Organization.Read.All", "Directory.Read.All", "User.Read.All"}),
            answer=_organization,
            options=_SELECT,
            beta=True,
        ),
        "/subscribedSkus": Endpoint(
            roles=frozenset(
                {"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"}
            ),
            answer=_subscribed_skus,
            options=_SELECT,
            units=3,
        ),
        **_directory("users", USER, _users, frozenset({"User.Read.All", "Directory.Read.All"})),
        **_directory(
            "groups",
            GROUP,
            lambda tenant: tenant.groups,
            frozenset({"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}),
        ),
        **_directory(
            "contacts",
            CONTACT,
            lambda tenant: tenant.contacts,
            frozenset({"OrgContact.Read.All", "Directory.Read.All"}),
        ),
        "/domains": Endpoint(
            roles=frozenset({"Domain.Read.All", "Directory.Read.All"}),
            answer=_domains,
            options=_SELECT,
        ),
        "/directory/onPremisesSynchronization": Endpoint(
            roles=frozenset({"OnPremDirectorySynchronization.Read.All"}),
            answer=_synchronizations,
            options=_SELECT,
        ),
        "/policies/authenticationMethodsPolicy": Endpoint(
            roles=frozenset({"Policy.Read.AuthenticationMethod", "Policy.Read.All"}),
            answer=_methods_policy,
        ),
        "/policies/authorizationPolicy": Endpoint(
            roles=frozenset({"Policy.Read.All"}), answer=_authorization_policy
        ),
        "/servicePrincipals": Endpoint(
            roles=_APPLICATION_ROLES,
            answer=_service_principals,
            options=_LIST,
            not_modelled=_NOT_LISTED,
        ),
        "/servicePrincipals/{id}": Endpoint(
            roles=_APPLICATION_ROLES,
            answer=_service_principal,
            options=_SELECT,
            not_modelled=frozenset({"$expand"}),
        ),
        "/servicePrincipals/{id}/appRoleAssignments": Endpoint(
            roles=_APPLICATION_ROLES,
            answer=_roles_held,
            options=frozenset({"$select", "$skiptoken", "$top"}),
            not_modelled=frozenset({"$count", "$filter"}),
        ),
        "/servicePrincipals/{id}/appRoleAssignedTo": Endpoint(
            roles=_APPLICATION_ROLES,
            answer=_role_holders,
            options=frozenset({"$select", "$skiptoken", "$top"}),
            not_modelled=frozenset({"$count", "$filter"}),
        ),
        "/servicePrincipals/{id}/synchronization/jobs": Endpoint(
            roles=frozenset({"Synchronization.Read.All"}), answer=_jobs
        ),
        "/applications": Endpoint(
            roles=_APPLICATION_ROLES,
            answer=_applications,
            options=_LIST,
            not_modelled=_NOT_LISTED,
        ),
        "/roleManagement/directory/roleAssignments": Endpoint(
            roles=_ROLE_ROLES,
            answer=roles.role_assignments,
            options=_LIST | {"$expand"},
            not_modelled=frozenset({"$count", "$orderby"}),
        ),
        "/roleManagement/directory/roleDefinitions": Endpoint(
            roles=_ROLE_ROLES,
            answer=roles.role_definitions,
            options=_LIST,
            not_modelled=frozenset({"$count", "$expand", "$orderby"}),
        ),
        "/admin/serviceAnnouncement/healthOverviews": Endpoint(
            roles=_HEALTH_ROLE,
            answer=service_health.overviews,
            options=frozenset({"$expand", "$select"}),
            not_modelled=frozenset({"$count", "$filter", "$orderby", "$top"}),
        ),
        "/admin/serviceAnnouncement/issues": Endpoint(
            roles=_HEALTH_ROLE,
            answer=service_health.issues,
            options=frozenset({"$filter", "$select", "$skip", "$top"}),
            not_modelled=frozenset({"$count", "$orderby"}),
        ),
        "/security/secureScores": Endpoint(
            roles=frozenset({"SecurityEvents.Read.All"}),
            answer=secure_score.secure_scores,
            options=frozenset({"$select", "$skiptoken", "$top"}),
            not_modelled=frozenset({"$count", "$filter", "$orderby"}),
        ),
        "/reports/authenticationMethods/userRegistrationDetails": Endpoint(
            roles=_AUDIT_ROLE,
            answer=reports.registration_details,
            options=frozenset({"$filter", "$select", "$skiptoken", "$top"}),
            not_modelled=frozenset({"$orderby"}),
            workload=Workload.REPORTS,
            premium=True,
        ),
        "/reports/authenticationMethods/usersRegisteredByFeature": Endpoint(
            roles=frozenset(), answer=reports.delegated_only, workload=Workload.REPORTS
        ),
        "/reports/authenticationMethods/usersRegisteredByMethod": Endpoint(
            roles=frozenset(), answer=reports.delegated_only, workload=Workload.REPORTS
        ),
        "/auditLogs/directoryAudits": Endpoint(
            roles=_AUDIT_ROLE,
            answer=reports.directory_audits,
            options=frozenset({"$filter", "$orderby", "$select", "$skiptoken", "$top"}),
            workload=Workload.REPORTS,
        ),
    }
)

# Everything that can be written, by method and path.
WRITES: Mapping[tuple[str, str], Endpoint] = MappingProxyType(
    {
        ("POST", "/servicePrincipals/{id}/appRoleAssignments"): Endpoint(
            roles=_APPLICATION_ROLES, answer=_grant_role, writes=True
        ),
        ("DELETE", "/servicePrincipals/{id}/appRoleAssignments/{id}"): Endpoint(
            roles=frozenset({GRANTING}), answer=_revoke_role, writes=True
        ),
    }
)

_BY_PATH = {
    **{("GET", path.lower()): endpoint for path, endpoint in ENDPOINTS.items()},
    **{(method, path.lower()): endpoint for (method, path), endpoint in WRITES.items()},
}
_PATHS = frozenset(path for _, path in _BY_PATH)
_KNOWN_PREFIXES = frozenset(
    "/".join(parts[:length])
    for parts in (path.split("/") for path in _PATHS)
    for length in range(1, len(parts) + 1)
)


def find(method: str, version: str, path: str) -> Endpoint:
    """The endpoint at a path (letter case does not matter); raises 400 and 405 as Graph does."""
    bare = _BY_APP_ID.sub("/servicePrincipals/{id}", path.rstrip("/")).partition("(")[0]
    known = [template for template in map(str.lower, _templates(bare)) if template in _PATHS]
    if not known:
        raise GraphError(
            400, "BadRequest", f"Resource not found for the segment '{_stranger(bare)}'."
        )
    endpoint = _BY_PATH.get((method, known[0]))
    if endpoint is None:
        raise wrong_method()
    if version == "beta" and not endpoint.beta:
        raise GraphError(501, "notImplemented", f"The simulator does not model beta{path}.")
    return endpoint


def _templates(path: str) -> Iterator[str]:
    """The path as it is, with a placeholder for the id in its second place, and in its fourth."""
    yield path
    yield (once := _without_id(path, 2))
    yield _without_id(once, 4)


def _without_id(path: str, place: int) -> str:
    parts = path.split("/")
    if len(parts) > place and not parts[place].startswith("$"):
        parts[place] = "{id}"
    return "/".join(parts)


def _stranger(path: str) -> str:
    """The first segment that leads nowhere."""
    parts = path.split("/")
    for length in range(2, len(parts) + 1):
        begin = "/".join(parts[:length])
        if not _KNOWN_PREFIXES & set(map(str.lower, _templates(begin))):
            return parts[length - 1]
    return parts[-1]
