"""Directory roles and who holds them: administrators, one application and one group.

A built-in role's id is the id of its template:
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from .applications import service_principals, ticket_desk
from .http import Ask, GraphError, Reply
from .listing import document_page
from .odata import Edm
from .people import Item, firsts, guid
from .resources import GROUP, USER
from .schema import Document, documents, equals
from .tenant import Cohort, Tenant, ThingCohort

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
TEAMS_ADMINISTRATOR = "69091246-20e8-4a56-aa4d-066075b2a7a8"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"

_NAMES = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    USER_ADMINISTRATOR: "User Administrator",
    HELPDESK_ADMINISTRATOR: "Helpdesk Administrator",
    DIRECTORY_READERS: "Directory Readers",
    EXCHANGE_ADMINISTRATOR: "Exchange Administrator",
    # Called Microsoft Entra Joined Device Local Administrator everywhere else.
    "9f06204d-73c1-4d4c-880a-6edb90606fd8": "Azure AD Joined Device Local Administrator",
    "17315797-102d-40b4-93e0-432062caca18": "Compliance Administrator",
    "d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts",
    SECURITY_READER: "Security Reader",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    REPORTS_READER: "Reports Reader",
    AUTHENTICATION_ADMINISTRATOR: "Authentication Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    TEAMS_ADMINISTRATOR: "Teams Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "a92aed5d-d78a-4d16-b381-09adb37eb3b0": "On Premises Directory Sync Account",
}

ASSIGNMENT = documents(
    "unifiedRoleAssignment",
    "id principalId directoryScopeId roleDefinitionId",
    principalId=equals(Edm.STRING),
    roleDefinitionId=equals(Edm.STRING),
)
DEFINITION = documents(
    "unifiedRoleDefinition",
    "id description displayName isBuiltIn isEnabled resourceScopes templateId version",
    displayName=equals(Edm.STRING, "startswith"),
    id=equals(Edm.STRING),
    isBuiltIn=equals(Edm.BOOLEAN),
)


def role_definitions(ask: Ask) -> Reply:
    """The built-in roles that matter here, and one of the tenant's own."""
    name = "roleManagement/directory/roleDefinitions"
    rows = [_definition(role, display, built_in=True) for role, display in _NAMES.items()]
    own = guid(ask.tenant.seed, "custom role")
    rows.append(_definition(own, "Contoso Licence Desk", built_in=False))
    if "$select" not in ask.query:
        base = f"{ask.root}/{ask.version}/$metadata#{name}"
        rows = [
            {
                **row,
                "inheritsPermissionsFrom@odata.context": (
                    f"{base}('{row['id']}')/inheritsPermissionsFrom"
                ),
                "inheritsPermissionsFrom": (
                    [{"id": DIRECTORY_READERS}]
                    if row["isBuiltIn"] and row["id"] != DIRECTORY_READERS
                    else []
                ),
            }
            for row in rows
        ]
    return document_page(ask, name, DEFINITION, rows)


def _definition(role: str, name: str, *, built_in: bool) -> Document:
    return {
        "id": role,
        "description": f"What a {name} may do",
        "displayName": name,
        "isBuiltIn": built_in,
        "isEnabled": True,
        "resourceScopes": ["/"],
        "templateId": role,
        "version": "1" if built_in else None,
    }


def role_assignments(ask: Ask) -> Reply:
    """Who holds which role, one row each; made as they are asked for, never held."""
    expanded = ask.query.get("$expand")
    if expanded not in (None, "principal"):
        raise GraphError(501, "notImplemented", f"The simulator does not expand {expanded}.")
    also = (expanded,) if expanded else ()
    name = "roleManagement/directory/roleAssignments"
    rows = _assignments(ask.tenant, ask.started, ask.now, expanded=bool(expanded))
    return document_page(ask, name, ASSIGNMENT, rows, also)


def _assignments(
    tenant: Tenant, started: datetime, now: datetime, *, expanded: bool
) -> Iterator[Document]:
    for role, principal in _held(tenant, started, now):
        row: Document = {
            "id": _assignment_id(role, _id(principal)),
            "principalId": _id(principal),
            "directoryScopeId": "/",
            "roleDefinitionId": role,
        }
        yield {**row, "principal": _described(principal)} if expanded else row


Principal = Item[Cohort] | Item[ThingCohort] | Document


def _held(tenant: Tenant, started: datetime, now: datetime) -> Iterator[tuple[str, Principal]]:
    """Roles with their holders: a group, an application, and the administrators."""
    groups = firsts(tenant, tenant.groups, started, now, "group")
    if groups:
        yield HELPDESK_ADMINISTRATOR, groups[0]
        yield SECURITY_READER, groups[0]
        desk = ticket_desk(tenant)
        principals = service_principals(tenant, started)
        yield from ((USER_ADMINISTRATOR, p) for p in principals if p["appId"] == desk)
    for first in firsts(tenant, tenant.cohorts, started, now, "user"):
        roles, size = first.cohort.roles, first.cohort.size
        if roles and size:
            yield from ((role, first) for role in dict.fromkeys(roles))
            for n in range(1, size):
                yield roles[n % len(roles)], replace(first, number=first.number + n)


def _id(principal: Principal) -> str:
    return principal.id if isinstance(principal, Item) else str(principal["id"])


def _assignment_id(role: str, principal: str) -> str:
    """Both ids in base64, as real ones are; nobody may rely on it."""
    text = urlsafe_b64encode(UUID(role).bytes_le + UUID(principal).bytes_le).decode()
    return text.replace("=", "-1")


def _described(principal: Principal) -> Document:
    if not isinstance(principal, Item):
        return {"@odata.type": "#microsoft.graph.servicePrincipal", **principal}
    if isinstance(principal.cohort, Cohort):
        return {"@odata.type": "#microsoft.graph.user", **USER.row(principal, USER.default)}
    return {"@odata.type": "#microsoft.graph.group", **GROUP.row(principal, GROUP.default)}
