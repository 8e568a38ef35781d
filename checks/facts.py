"""What can be known about a tenant: one declaration per fact.

A fact says which Graph request answers it, the least application permission, the clouds that do
not have it and how late it can be. Collected, it is `Known` or `Unavailable`. The permission table
in the docs is made from these declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast

import msgspec

from checks.audit_trail import AuditTrail, ResetsElsewhere
from checks.registration_report import Registration
from shared.graph.clouds import Cloud
from shared.graph.question import Question, get
from shared.model import Known, Reason, Unavailable

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_service_client import GraphServiceClient

    from shared.graph.client import Graph

T = TypeVar("T")
Stamp = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, kw_only=True)
class Fact(Generic[T]):
    """One thing that can be known.

    `source` and `lag` (how late the source may be) are for people; `also_by` are wider permissions
    that work as well, `besides` further ones that are needed too; `absent_in` are the clouds that
    do not have it. Without an `optional` one no check is unknown, so nobody has to permit it.
    """

    name: str
    permission: str
    source: str
    lag: str
    also_by: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()
    absent_in: frozenset[Cloud] = frozenset()
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked(Question[T], Fact[T]):
    """A fact that one Graph request answers, asked in every run's batch."""


@dataclass(frozen=True, kw_only=True)
class Gathered(Fact[T]):
    """A fact that takes requests of its own: kept as `shape` and renewed `every` so often.

    Facts that are neither Asked nor Gathered are folded from many pages by the collector.
    """

    gather: Callable[[Graph], Awaitable[Known[T] | Unavailable]]
    shape: type[T]
    every: timedelta


class MissingFactError(Exception):
    """A check needs a fact that could not be read; `assess` turns it into an unknown verdict."""

    def __init__(self, fact: Fact[Any], unavailable: Unavailable) -> None:
        super().__init__(fact.name, unavailable.reason)
        self.fact = fact
        self.unavailable = unavailable


class Facts:
    """What one run collected."""

    def __init__(self, collected: Mapping[str, Known[Any] | Unavailable]) -> None:
        self._collected = collected

    @property
    def unread(self) -> dict[str, Unavailable]:
        """What was asked for in vain, by name."""
        found = self._collected.items()
        return {name: answer for name, answer in found if isinstance(answer, Unavailable)}

    def get(self, fact: Fact[T]) -> Known[T] | Unavailable:
        absent = Unavailable(Reason.NOT_COLLECTED)
        return cast("Known[T] | Unavailable", self._collected.get(fact.name, absent))

    def need(self, fact: Fact[T]) -> Known[T]:
        """The fact, or MissingFactError, which makes the verdict unknown."""
        answer = self.get(fact)
        if isinstance(answer, Unavailable):
            raise MissingFactError(fact, answer)
        return answer


# The bodies, as small as their use. Absent keys and wrong types make a body malformed; null and odd
# values that live tenants are known to return are part of the types.


class Organization(msgspec.Struct, frozen=True, rename="camel"):
    """`on_premises_sync_enabled`: true, synced; false, no longer; null, never."""

    on_premises_sync_enabled: bool | None
    on_premises_last_sync_date_time: Stamp | None = None

    @property
    def hybrid(self) -> bool:
        return self.on_premises_sync_enabled is True


class ServicePlan(msgspec.Struct, frozen=True, rename="camel"):
    service_plan_id: str
    provisioning_status: str | None = None


class PrepaidUnits(msgspec.Struct, frozen=True, rename="camel"):
    enabled: int | None = None


class Sku(msgspec.Struct, frozen=True, rename="camel"):
    sku_part_number: str | None
    capability_status: str | None
    service_plans: tuple[ServicePlan, ...]
    consumed_units: int | None = None
    prepaid_units: PrepaidUnits | None = None
    sku_id: str | None = None


class MethodsPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """`policy_migration_state` is null in tenants that never had the legacy policies.

    The documentation's own sample has no such key, which says nothing either way.
    """

    policy_migration_state: str | msgspec.UnsetType | None = msgspec.UNSET
    last_modified_date_time: Stamp | None = None


class AuthorizationPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """`allowed_to_use_sspr` speaks about administrators only."""

    allowed_to_use_sspr: bool | None = msgspec.field(name="allowedToUseSSPR", default=None)


class _Count(msgspec.Struct, frozen=True):
    count: int = msgspec.field(name="@odata.count")


class _Organizations(msgspec.Struct, frozen=True):
    value: Annotated[tuple[Organization, ...], msgspec.Meta(min_length=1)]


class _Skus(msgspec.Struct, frozen=True):
    value: tuple[Sku, ...]


_read_count = msgspec.json.Decoder(_Count).decode
_read_organizations = msgspec.json.Decoder(_Organizations).decode
_read_skus = msgspec.json.Decoder(_Skus).decode


# What is asked. P1 or P2 is told by its plan, never by a SKU's name, which says too little:
# https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference

PREMIUM_PLANS = frozenset(
    {
        "41781fb2-bc02-4b7c-bd55-b576c07bb09d",  # AAD_PREMIUM (P1, also in Business Premium)
        "eec0eb4f-6444-4f95-aba0-50c24d67f998",  # AAD_PREMIUM_P2
    }
)
SYNCED_MEMBERS = "onPremisesSyncEnabled eq true and accountEnabled eq true and userType eq 'Member'"
_HOLDS_PREMIUM = " or ".join(
    f"assignedPlans/any(p:p/servicePlanId eq {plan} and p/capabilityStatus eq 'Enabled')"
    for plan in sorted(PREMIUM_PLANS)
)
_IN_CONFLICT = "onPremisesProvisioningErrors/any(o:o/category eq 'PropertyConflict')"


def _ask_organization(graph: GraphServiceClient) -> RequestInformation:
    return get(
        graph.organization,
        select=["id", "onPremisesSyncEnabled", "onPremisesLastSyncDateTime"],
    )


def _ask_skus(graph: GraphServiceClient) -> RequestInformation:
    return get(
        graph.subscribed_skus,
        select=[
            "skuId",
            "skuPartNumber",
            "capabilityStatus",
            "consumedUnits",
            "prepaidUnits",
            "servicePlans",
        ],
    )


def _counted(builder: Any, condition: str) -> RequestInformation:
    """How many objects match: one row and the count, which needs an advanced query."""
    return get(builder, eventual=True, count=True, top=1, select=["id"], filter=condition)


ORGANIZATION: Fact[Organization] = Asked(
    name="organization",
    permission="Organization.Read.All",
    source="GET /organization",
    lag="none",
    request=_ask_organization,
    decode=lambda body: _read_organizations(body).value[0],
)

SUBSCRIBED_SKUS: Fact[tuple[Sku, ...]] = Asked(
    name="subscribed_skus",
    permission="LicenseAssignment.Read.All",
    also_by=frozenset({"Organization.Read.All"}),
    source="GET /subscribedSkus",
    lag="none",
    request=_ask_skus,
    decode=lambda body: _read_skus(body).value,
)


def _users(name: str, condition: str) -> Fact[int]:
    return Asked(
        name=name,
        permission="User.Read.All",
        source=f"GET /users?$count=true&$filter={condition}",
        lag="minutes (directory index)",
        request=lambda graph: _counted(graph.users, condition),
        decode=lambda body: _read_count(body).count,
    )


SYNCED_USERS = _users("synced_users", SYNCED_MEMBERS)
LICENSED_SYNCED_USERS = _users("licensed_synced_users", f"{SYNCED_MEMBERS} and ({_HOLDS_PREMIUM})")
USERS_IN_CONFLICT = _users("users_in_conflict", _IN_CONFLICT)

GROUPS_IN_CONFLICT: Fact[int] = Asked(
    name="groups_in_conflict",
    permission="GroupMember.Read.All",
    source=f"GET /groups?$count=true&$filter={_IN_CONFLICT}",
    lag="minutes (directory index)",
    request=lambda graph: _counted(graph.groups, _IN_CONFLICT),
    decode=lambda body: _read_count(body).count,
)

CONTACTS_IN_CONFLICT: Fact[int] = Asked(
    name="contacts_in_conflict",
    permission="OrgContact.Read.All",
    source=f"GET /contacts?$count=true&$filter={_IN_CONFLICT}",
    lag="minutes (directory index)",
    request=lambda graph: _counted(graph.contacts, _IN_CONFLICT),
    decode=lambda body: _read_count(body).count,
)

METHODS_POLICY: Fact[MethodsPolicy] = Asked(
    name="methods_policy",
    permission="Policy.Read.AuthenticationMethod",
    also_by=frozenset({"Policy.Read.All"}),
    source="GET /policies/authenticationMethodsPolicy",
    lag="none",
    absent_in=frozenset({Cloud.CHINA}),
    request=lambda graph: get(graph.policies.authentication_methods_policy),
    decode=msgspec.json.Decoder(MethodsPolicy).decode,
)

AUTHORIZATION_POLICY: Fact[AuthorizationPolicy] = Asked(
    name="authorization_policy",
    permission="Policy.Read.All",
    source="GET /policies/authorizationPolicy",
    lag="up to 60 minutes until a change takes effect",
    request=lambda graph: get(graph.policies.authorization_policy),
    decode=msgspec.json.Decoder(AuthorizationPolicy).decode,
)

AUDIT_TRAIL: Fact[AuditTrail] = Fact(
    name="audit_trail",
    permission="AuditLog.Read.All",
    source="GET /auditLogs/directoryAudits (Self-service Password Management)",
    lag="5 to 10 minutes, up to an hour",
)

RESETS_ELSEWHERE: Fact[ResetsElsewhere] = Fact(
    name="resets_elsewhere",
    permission="AuditLog.Read.All",
    besides=frozenset({"User.Read.All"}),
    source="GET /auditLogs/directoryAudits (Core Directory, Reset user password)",
    lag="an hour, so that both logs are complete",
)

REGISTRATION: Fact[Registration] = Fact(
    name="registration",
    permission="AuditLog.Read.All",
    source="GET /reports/authenticationMethods/userRegistrationDetails",
    lag="up to 36 hours",
)


def is_plain(identifier: str | None) -> bool:
    """Whether an id can be put into a filter as it is: letters, digits and dashes."""
    return identifier is not None and identifier.isascii() and identifier.replace("-", "").isalnum()


# More than 15 values in one condition are refused.
# https://learn.microsoft.com/graph/filter-query-parameter
MOST_IDS = 15


def in_parts(ids: Sequence[str]) -> list[Sequence[str]]:
    """Ids in as many parts as questions about them are needed."""
    return [ids[i : i + MOST_IDS] for i in range(0, len(ids), MOST_IDS)]


def among(ids: Sequence[str]) -> str:
    """The condition that an object is one of these; the ids are plain."""
    return f"id in ({', '.join(map(repr, ids))})"


class ContactData(msgspec.Struct, frozen=True, rename="camel"):
    """Contact data of one user in the directory; how it reads is nobody's business here."""

    mobile_phone: str | None = None
    business_phones: tuple[str, ...] | None = None
    other_mails: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.mobile_phone or self.business_phones or self.other_mails)


class ContactPage(msgspec.Struct, frozen=True):
    value: tuple[ContactData, ...]

    @property
    def users(self) -> int:
        return len(self.value)

    @property
    def with_contact_data(self) -> int:
        return sum(map(bool, self.value))


_read_contact_page = msgspec.json.Decoder(ContactPage).decode


def contact_data(index: int, ids: Sequence[str]) -> Question[ContactPage]:
    """Which of at most 15 users have contact data in the directory."""
    return Question(
        name=f"contact_data_{index}",
        permission="User.Read.All",
        request=lambda graph: get(
            graph.users,
            filter=among(ids),
            select=["mobilePhone", "businessPhones", "otherMails"],
            top=len(ids),
        ),
        decode=_read_contact_page,
    )


class _User(msgspec.Struct, frozen=True):
    id: str


class _Users(msgspec.Struct, frozen=True):
    value: tuple[_User, ...]


_read_users = msgspec.json.Decoder(_Users).decode


def synced_among(index: int, ids: Sequence[str]) -> Question[tuple[str, ...]]:
    """Which of at most 15 users are synced from an on-premises directory."""
    return Question(
        name=f"synced_among_{index}",
        permission="User.Read.All",
        request=lambda graph: get(
            graph.users,
            filter=f"{among(ids)} and onPremisesSyncEnabled eq true",
            select=["id"],
            top=len(ids),
        ),
        decode=lambda body: tuple(user.id for user in _read_users(body).value),
    )


def permissions(facts: Iterable[Fact[Any]]) -> tuple[str, ...]:
    """The least set of application permissions that reads these facts, in alphabetical order.

    It leaves out what only optional facts take.
    """
    facts = [fact for fact in facts if not fact.optional]
    needed = {p for fact in facts for p in (fact.permission, *fact.besides) if p}
    covered = {fact.permission for fact in facts if fact.also_by & (needed - {fact.permission})}
    return tuple(sorted(needed - covered))
