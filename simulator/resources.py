"""The directory's and the reports' entity types, one table each.

Which property takes which operator: https://aka.ms/graph-docs/advanced-queries (directory) and
https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

from .odata import Edm
from .people import (
    Item,
    Kind,
    Person,
    Thing,
    alias,
    digest,
    display_name,
    fine_stamp,
    mail,
    principal_name,
    stamp,
)
from .schema import Filterable, Property, Resource, collection, equals, only, varying
from .tenant import DOMAIN

_NAME = equals(Edm.STRING, "startswith")
_SYNCED = equals(Edm.BOOLEAN, "null")
_ERRORS = collection(
    {"category": equals(Edm.STRING), "propertyCausingError": equals(Edm.STRING)},
)
_CREATED = Filterable(Edm.DATE, frozenset({"ge", "le"}), frozenset({"ge", "le", "not", "null"}))
_MFA = {
    "microsoftAuthenticatorPush": ("push", "PhoneAppNotification"),
    "softwareOneTimePasscode": ("oath", "PhoneAppOTP"),
    "mobilePhone": ("sms", "Sms"),
}


def _nothing(_: object) -> None:
    return None


def _empty(_: object) -> list[object]:
    return []


def _synced(item: Item[Kind]) -> bool | None:
    return True if item.cohort.synced else None


def _last_sync(item: Item[Kind]) -> str | None:
    """When the object itself last changed on-premises: old on an object that nobody touches."""
    if not item.cohort.synced:
        return None
    return stamp(item.moment("synced", timedelta(days=2), timedelta(days=500)))


def _conflict(address: Callable[[Item[Kind]], str]) -> Callable[[Item[Kind]], object]:
    def errors(item: Item[Kind]) -> list[dict[str, object]]:
        cause = item.cohort.conflict
        if cause is None:
            return []
        # The wire says ProxyAddresses, the documentation ProxyAddress.
        value = address(item) if cause == "UserPrincipalName" else f"SMTP:{address(item)}"
        when = item.moment("conflict", timedelta(hours=30), timedelta(days=40))
        return [
            {
                "category": "PropertyConflict",
                "occurredDateTime": fine_stamp(when),
                "propertyCausingError": cause,
                "value": value,
            }
        ]

    return errors


def _phone(person: Person) -> str:
    return f"+1 425-555-01{digest(person.tenant.seed, 'phone', person.number) % 100:02d}"


def _other_mails(person: Person) -> list[str]:
    return [f"{alias(person)}@partner.example"] if person.cohort.contact else []


def _plans(person: Person) -> list[dict[str, object]]:
    """Plans follow the subscription: one that is suspended leaves its plans behind, suspended."""
    return [
        {
            "assignedDateTime": stamp(person.started - timedelta(days=300)),
            "capabilityStatus": sku.status,
            "service": plan.service,
            "servicePlanId": plan.id,
        }
        for sku in person.tenant.skus
        if sku.part_number in person.cohort.skus
        for plan in sku.plans
    ]


def _provisioned(person: Person) -> list[dict[str, object]]:
    return [
        {
            "capabilityStatus": plan["capabilityStatus"],
            "provisioningStatus": "Success",
            "service": plan["service"],
        }
        for plan in _plans(person)
    ]


def _licences(person: Person) -> list[dict[str, object]]:
    return [
        {"disabledPlans": [], "skuId": sku.id}
        for sku in person.tenant.skus
        if sku.part_number in person.cohort.skus
    ]


USER: Resource[Person] = Resource(
    name="User",
    type_name="microsoft.graph.user",
    default=(
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    ),
    properties={
        "id": varying(lambda p: p.id, equals(Edm.STRING)),
        "accountEnabled": Property(lambda p: p.cohort.enabled, equals(Edm.BOOLEAN)),
        "assignedLicenses": Property(_licences, collection({"skuId": equals(Edm.GUID)})),
        "assignedPlans": Property(
            _plans,
            collection(
                {
                    "servicePlanId": equals(Edm.GUID, advanced_only=True),
                    "capabilityStatus": equals(Edm.STRING, advanced_only=True),
                    "service": equals(Edm.STRING, advanced_only=True),
                },
                advanced_only=True,
            ),
        ),
        "businessPhones": varying(lambda p: [_phone(p)] if p.cohort.contact else []),
        "createdDateTime": varying(
            lambda p: stamp(p.moment("created", timedelta(days=1), p.tenant.age)), _CREATED
        ),
        "displayName": varying(display_name, _NAME),
        "givenName": varying(lambda p: p.given_name, _NAME),
        "jobTitle": Property(_nothing, _NAME),
        "lastPasswordChangeDateTime": varying(
            lambda p: stamp(p.moment("password", timedelta(days=1), timedelta(days=400)))
        ),
        "licenseAssignmentStates": Property(_empty),
        "mail": varying(mail, _NAME),
        "mailNickname": varying(alias, _NAME),
        "mobilePhone": varying(lambda p: _phone(p) if p.cohort.contact else None),
        "officeLocation": Property(_nothing),
        "onPremisesImmutableId": varying(
            lambda p: f"{digest(p.number):032x}"[:22] + "==" if p.cohort.synced else None,
            equals(Edm.STRING),
        ),
        "onPremisesLastSyncDateTime": varying(_last_sync, only(Edm.DATE, "ge", "le")),
        "onPremisesProvisioningErrors": Property(_conflict(principal_name), _ERRORS),
        "onPremisesSyncEnabled": Property(_synced, _SYNCED),
        "otherMails": varying(_other_mails),
        "passwordPolicies": Property(
            lambda p: None if p.cohort.synced else "None",
            Filterable(Edm.STRING, frozenset(), frozenset({"null", "ne", "not"})),
        ),
        "preferredLanguage": Property(_nothing),
        "provisionedPlans": Property(
            _provisioned,
            collection(
                {
                    "provisioningStatus": equals(Edm.STRING, advanced_only=True),
                    "service": equals(Edm.STRING, advanced_only=True),
                },
                advanced_only=True,
            ),
        ),
        "surname": varying(lambda p: p.surname, _NAME),
        "usageLocation": Property(lambda _: "NO", equals(Edm.STRING)),
        "userPrincipalName": varying(principal_name, _NAME),
        "userType": Property(
            lambda p: "Guest" if p.cohort.guest else "Member", equals(Edm.STRING, "null")
        ),
    },
)


def _thing_name(thing: Thing) -> str:
    noun = "Group" if thing.family == "group" else "Contact"
    return f"{noun} {thing.surname} {thing.number + 1}"


def _thing_mail(thing: Thing) -> str:
    return f"{thing.family}{thing.number + 1}@{DOMAIN}"


_THING: dict[str, Property[Thing]] = {
    "id": varying(lambda t: t.id, equals(Edm.STRING)),
    "displayName": varying(_thing_name, _NAME),
    "mail": varying(_thing_mail, _NAME),
    "mailNickname": varying(lambda t: f"{t.family}{t.number + 1}", _NAME),
    "onPremisesLastSyncDateTime": varying(_last_sync, only(Edm.DATE, "ge", "le")),
    "onPremisesProvisioningErrors": Property(_conflict(_thing_mail), _ERRORS),
    "onPremisesSyncEnabled": Property(_synced, _SYNCED),
    "proxyAddresses": varying(lambda t: [f"SMTP:{_thing_mail(t)}"]),
}

GROUP: Resource[Thing] = Resource(
    name="Group",
    type_name="microsoft.graph.group",
    properties=_THING
    | {
        "createdDateTime": varying(
            lambda t: stamp(t.moment("created", timedelta(days=1), t.tenant.age)), _CREATED
        ),
        "description": Property(_nothing),
        "groupTypes": Property(_empty),
        # Works by default only: with the advanced parameters it is refused.
        "hasMembersWithLicenseErrors": Property(
            lambda t: True if t.cohort.licence_errors else None,
            Filterable(Edm.BOOLEAN, frozenset({"eq", "null"}), frozenset()),
        ),
        "mailEnabled": Property(lambda _: False, equals(Edm.BOOLEAN)),
        "securityEnabled": Property(lambda _: True, equals(Edm.BOOLEAN)),
    },
    default=(
        "id",
        "createdDateTime",
        "description",
        "displayName",
        "groupTypes",
        "mail",
        "mailEnabled",
        "mailNickname",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "onPremisesSyncEnabled",
        "proxyAddresses",
        "securityEnabled",
    ),
)

CONTACT: Resource[Thing] = Resource(
    name="OrgContact", type_name="microsoft.graph.orgContact", properties=_THING
)


def _second_factor(person: Person) -> tuple[str, str] | None:
    return next((_MFA[method] for method in person.cohort.methods if method in _MFA), None)


def _row_updated(person: Person) -> str:
    """Each row is recomputed once a day, at its own time, and published twelve hours later."""
    day = timedelta(days=1)
    known = person.now - timedelta(hours=12)
    midnight = known.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + _time_of_row(person.tenant.seed, person.number)
    return fine_stamp(moment if moment <= known else moment - day)


@lru_cache(maxsize=8192)
def _time_of_row(seed: int, number: int) -> timedelta:
    return timedelta(microseconds=digest(seed, "row", number) % (86_400 * 1_000_000))


def _strong(person: Person) -> bool:
    return _second_factor(person) is not None


REGISTRATION: Resource[Person] = Resource(
    name="UserRegistrationDetails",
    type_name="microsoft.graph.userRegistrationDetails",
    connectives=frozenset({"and"}),
    properties={
        "id": varying(lambda p: p.id),
        "isAdmin": Property(lambda p: p.cohort.admin),
        "isMfaCapable": Property(_strong, only(Edm.BOOLEAN, "eq")),
        "isMfaRegistered": Property(_strong, only(Edm.BOOLEAN, "eq")),
        "isPasswordlessCapable": Property(
            lambda p: "passKeyDeviceBound" in p.cohort.methods, only(Edm.BOOLEAN, "eq")
        ),
        "isSsprCapable": Property(
            lambda p: p.cohort.sspr_enabled and p.cohort.sspr_registered,
            only(Edm.BOOLEAN, "eq"),
        ),
        "isSsprEnabled": Property(lambda p: p.cohort.sspr_enabled, only(Edm.BOOLEAN, "eq")),
        "isSsprRegistered": Property(lambda p: p.cohort.sspr_registered, only(Edm.BOOLEAN, "eq")),
        "lastUpdatedDateTime": varying(_row_updated),
        "methodsRegistered": Property(
            lambda p: list(p.cohort.methods),
            Filterable(None, frozenset({"any"}), frozenset({"any"}), {"": only(Edm.STRING, "eq")}),
        ),
        "userDisplayName": varying(display_name, only(Edm.STRING, "eq", "startswith")),
        "userPrincipalName": varying(principal_name, only(Edm.STRING, "eq", "startswith")),
        "userType": Property(lambda p: "guest" if p.cohort.guest else "member"),
        "isSystemPreferredAuthenticationMethodEnabled": Property(lambda _: True),
        "systemPreferredAuthenticationMethods": Property(
            lambda p: [factor[1]] if (factor := _second_factor(p)) else []
        ),
        # An empty string, not null, where nothing was chosen.
        "userPreferredMethodForSecondaryAuthentication": Property(
            lambda p: factor[0] if (factor := _second_factor(p)) else ""
        ),
    },
)
