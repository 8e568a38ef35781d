"""The invented tenants. A scenario is the healthy one with a few things replaced."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from .roles import (
    AUTHENTICATION_ADMINISTRATOR,
    EXCHANGE_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    REPORTS_READER,
    SECURITY_READER,
    TEAMS_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from .tenant import (
    P1,
    P2,
    Cohort,
    Engine,
    Happening,
    Incident,
    Outcome,
    Pages,
    Phase,
    Plan,
    Sku,
    Sync,
    Tenant,
    ThingCohort,
    Toggle,
    Traffic,
)

OFFICE = Sku(
    id="6fd2c87f-b296-42f0-b197-1e91e994b900",
    part_number="ENTERPRISEPACK",
    plans=(Plan("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE", "exchange"),),
)
PREMIUM_P1 = Sku(id="078d2b04-f1bd-4111-bbd4-b4b1b354cef4", part_number="AAD_PREMIUM", plans=(P1,))
PREMIUM_P2 = Sku(
    id="b05e124f-c7cc-45a0-a6aa-8cf78c946968", part_number="EMSPREMIUM", plans=(P1, P2)
)
VIRAL = Sku(
    id="f30db892-07e9-47e9-837c-80727f46fd3d",
    part_number="FLOW_FREE",
    plans=(Plan("50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL", "ProcessSimple"),),
)

_OFFICE = ("ENTERPRISEPACK",)
_P1 = ("ENTERPRISEPACK", "AAD_PREMIUM")
_P2 = ("ENTERPRISEPACK", "EMSPREMIUM")
_APP = ("microsoftAuthenticatorPush", "softwareOneTimePasscode")
_PHONE = ("mobilePhone", "email")
_KEY = ("passKeyDeviceBound", "microsoftAuthenticatorPush", "softwareOneTimePasscode")
# Without an address or an app beside it.
_MOBILE = ("mobilePhone",)
_PHONES = ("mobilePhone", "officePhone")

_ADMINISTRATORS = (
    GLOBAL_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    EXCHANGE_ADMINISTRATOR,
    USER_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    SECURITY_READER,
    TEAMS_ADMINISTRATOR,
    REPORTS_READER,
)


def _people(
    *,
    unregistered: int = 48,
    contacts: int = 0,
    unlicensed: int = 0,
    conflicts: int = 0,
    phones: int = 0,
    idle_administrators: int = 0,
    synced_administrators: int = 0,
) -> tuple[Cohort, ...]:
    """2000 users. Whatever goes wrong goes wrong for staff who otherwise registered the app.

    `contacts` of the unregistered have a phone in the directory, `phones` registered nothing else.
    Two of `synced_administrators` are Global Administrators.
    """
    app = 948 - unregistered - unlicensed - conflicts - phones - synced_administrators
    half = (unregistered - contacts) * 3 // 8
    globals_ = min(2, synced_administrators)
    upn = conflicts * 2 // 3
    return tuple(
        cohort
        for cohort in (
            # Synced members in the scope of SSPR.
            Cohort(size=app, synced=True, skus=_P1, sspr_registered=True, methods=_APP),
            Cohort(size=340, synced=True, skus=_P1, sspr_registered=True, methods=_PHONE),
            Cohort(
                size=272, synced=True, skus=_P2, sspr_registered=True, methods=_KEY, contact=True
            ),
            Cohort(
                size=phones - phones // 4,
                synced=True,
                skus=_P1,
                sspr_registered=True,
                methods=_MOBILE,
            ),
            Cohort(size=phones // 4, synced=True, skus=_P1, sspr_registered=True, methods=_PHONES),
            Cohort(size=unlicensed, synced=True, skus=_OFFICE, sspr_registered=True, methods=_APP),
            Cohort(size=unregistered - contacts - half, synced=True, skus=_P1),
            Cohort(size=half, synced=True, skus=_P1, methods=_MOBILE),
            Cohort(size=contacts, synced=True, skus=_P1, contact=True),
            Cohort(
                size=upn,
                synced=True,
                skus=_P1,
                sspr_registered=True,
                methods=_APP,
                conflict="UserPrincipalName",
            ),
            Cohort(
                size=conflicts - upn,
                synced=True,
                skus=_P1,
                sspr_registered=True,
                methods=_APP,
                conflict="ProxyAddresses",
            ),
            # Synced members out of its scope.
            Cohort(size=40, synced=True, skus=_P1, sspr_enabled=False),
            # Accounts of the cloud alone.
            Cohort(size=92, skus=_P1, sspr_registered=True, methods=_APP),
            Cohort(size=2, skus=_P1),
            Cohort(
                size=8 - idle_administrators,
                skus=_P2,
                admin=True,
                sspr_registered=True,
                methods=_KEY,
                roles=_ADMINISTRATORS[: 8 - idle_administrators],
            ),
            Cohort(
                size=idle_administrators,
                skus=_P2,
                admin=True,
                methods=_MOBILE,
                roles=_ADMINISTRATORS[8 - idle_administrators :],
            ),
            Cohort(
                size=globals_,
                synced=True,
                skus=_P2,
                admin=True,
                sspr_registered=True,
                methods=_KEY,
                roles=(GLOBAL_ADMINISTRATOR,),
            ),
            Cohort(
                size=synced_administrators - globals_,
                synced=True,
                skus=_P2,
                admin=True,
                sspr_registered=True,
                methods=_KEY,
                roles=(
                    HELPDESK_ADMINISTRATOR,
                    AUTHENTICATION_ADMINISTRATOR,
                    USER_ADMINISTRATOR,
                ),
            ),
            # Accounts that no report shows, and guests.
            Cohort(size=140, synced=True, enabled=False),
            Cohort(size=18, enabled=False),
            Cohort(size=100, guest=True, sspr_enabled=False, methods=_APP),
            Cohort(size=40, guest=True, sspr_enabled=False),
        )
        if cohort.size
    )


_CONNECT = Sync(
    enabled=True,
    engine=Engine.CONNECT,
    age=timedelta(minutes=12),
    cycle=timedelta(minutes=30),
)
_STALE = replace(_CONNECT, age=timedelta(hours=26), cycle=None)
_ENABLED = Toggle(enabled=True, age=timedelta(days=20))

_HEALTHY = Tenant(
    scenario="healthy",
    cohorts=_people(),
    groups=(ThingCohort(size=40), ThingCohort(size=20, synced=True)),
    contacts=(ThingCohort(size=25, synced=True),),
    skus=(OFFICE, PREMIUM_P1, PREMIUM_P2, VIRAL),
    sync=_CONNECT,
    traffic=Traffic(toggles=(_ENABLED,)),
)


def _switched_off(since: timedelta) -> Traffic:
    return Traffic(
        phases=(Phase(Outcome.WORKS), Phase(Outcome.SWITCHED_OFF, since)),
        toggles=(_ENABLED, Toggle(enabled=False, age=since)),
    )


def _without_spare_seats(skus: tuple[Sku, ...]) -> tuple[Sku, ...]:
    return tuple(replace(sku, spare=0.0) if sku is PREMIUM_P1 else sku for sku in skus)


def _in_the_cloud(cohorts: tuple[Cohort, ...]) -> tuple[Cohort, ...]:
    return tuple(replace(cohort, synced=False, conflict=None) for cohort in cohorts)


def _without_reset(cohorts: tuple[Cohort, ...], *, admins_only: bool) -> tuple[Cohort, ...]:
    """Out of the scope of SSPR: everybody, or the administrators."""
    return tuple(
        cohort if admins_only and not cohort.admin else replace(cohort, sspr_enabled=False)
        for cohort in cohorts
    )


def _with(
    *phases: Phase, happened: Mapping[Happening, tuple[timedelta, ...]] | None = None
) -> Traffic:
    """Healthy traffic but for these phases, and for what happened how long ago."""
    return Traffic(
        phases=(Phase(Outcome.WORKS), *phases),
        toggles=(_ENABLED,),
        incidents=tuple(
            Incident(what, age) for what, ages in (happened or {}).items() for age in ages
        ),
    )


def _hours(*numbers: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=number) for number in numbers)


_LICENCE_ERROR = (
    ThingCohort(size=39),
    ThingCohort(size=1, licence_errors=True),
    ThingCohort(size=20, synced=True),
)

_CLOUD_ONLY = replace(
    _HEALTHY,
    cohorts=_in_the_cloud(_HEALTHY.cohorts),
    groups=(ThingCohort(size=60),),
    contacts=(),
    sync=Sync(),
    traffic=Traffic(),
    migration_state=None,
)


_CONTOSO_EVENTS: Mapping[Happening, tuple[timedelta, ...]] = {
    Happening.BLOCKED: _hours(5, 17, 30, 44),
    Happening.CHANGE_REFUSED: _hours(3.5, 8.5, 15.5),
    Happening.RESET_ELSEWHERE: _hours(6, 19, 27, 40, 52, 66, 101, 120, 143),
    Happening.METHODS_POLICY: (timedelta(days=24),),
    Happening.RESET_POLICY: (timedelta(days=3, minutes=20),),
}


def _contoso() -> Tenant:
    return replace(
        _HEALTHY,
        cohorts=_people(
            unregistered=624,
            contacts=150,
            unlicensed=128,
            conflicts=14,
            phones=120,
            idle_administrators=6,
            synced_administrators=4,
        ),
        groups=(
            *_LICENCE_ERROR[:2],
            ThingCohort(size=1, synced=True, conflict="ProxyAddresses"),
            ThingCohort(size=19, synced=True),
        ),
        skus=_without_spare_seats(_HEALTHY.skus),
        sync=_STALE,
        traffic=replace(
            _switched_off(timedelta(days=3)),
            phases=(
                Phase(Outcome.WORKS),
                Phase(Outcome.HALF_REFUSED, timedelta(days=5)),
                Phase(Outcome.SWITCHED_OFF, timedelta(days=3)),
            ),
            incidents=tuple(
                Incident(what, age) for what, ages in _CONTOSO_EVENTS.items() for age in ages
            ),
        ),
        migration_state="migrationInProgress",
        admins_may_reset=False,
    )


def _licence_expired() -> Tenant:
    expired = tuple(
        replace(sku, status="Suspended") if P1 in sku.plans else sku for sku in _HEALTHY.skus
    )
    return replace(_HEALTHY, skus=expired)


def _licence_short() -> Tenant:
    return replace(
        _HEALTHY,
        cohorts=_people(unlicensed=128),
        groups=_LICENCE_ERROR,
        skus=_without_spare_seats(_HEALTHY.skus),
    )


def _connector_down() -> Tenant:
    down = Phase(Outcome.UNREACHABLE, timedelta(hours=5))
    return replace(
        _HEALTHY, traffic=Traffic(phases=(Phase(Outcome.WORKS), down), toggles=(_ENABLED,))
    )


def _cloud_sync() -> Tenant:
    sync = Sync(
        enabled=True,
        engine=Engine.CLOUD_SYNC,
        age=timedelta(seconds=120),
        cycle=timedelta(seconds=150),
    )
    return replace(_HEALTHY, sync=sync)


def _cloud_sync_quarantine() -> Tenant:
    tenant = _cloud_sync()
    sync = replace(tenant.sync, quarantined_for=timedelta(hours=7), template=False)
    return replace(tenant, sync=sync)


def _synced(**changes: Any) -> Tenant:
    """The healthy tenant but for its synchronisation."""
    return replace(_HEALTHY, sync=replace(_CONNECT, **changes))


def _sspr_off() -> Tenant:
    return replace(
        _HEALTHY,
        cohorts=_without_reset(_HEALTHY.cohorts, admins_only=False),
        traffic=_with(Phase(Outcome.FORBIDDEN, timedelta(hours=30))),
    )


def _scope_dropped() -> Tenant:
    """Of every kind of user 40% are out of the scope, so that coverage within it is as before."""

    def parts(cohort: Cohort) -> Iterator[Cohort]:
        out = 0 if cohort.admin or not cohort.sspr_enabled else round(0.4 * cohort.size)
        yield replace(cohort, size=cohort.size - out)
        if out:
            yield replace(cohort, size=out, sspr_enabled=False)

    return replace(_HEALTHY, cohorts=tuple(p for c in _HEALTHY.cohorts for p in parts(c)))


def _free_tier() -> Tenant:
    cohorts = tuple(replace(cohort, skus=("FLOW_FREE",)) for cohort in _CLOUD_ONLY.cohorts)
    return replace(_CLOUD_ONLY, cohorts=cohorts, skus=(VIRAL,))


def _empty() -> Tenant:
    return Tenant(
        scenario="empty",
        cohorts=(
            Cohort(
                size=1,
                admin=True,
                sspr_registered=True,
                methods=_APP,
                roles=(GLOBAL_ADMINISTRATOR,),
            ),
        ),
        traffic=None,
        custom_domain=False,
        migration_state=None,
        age=timedelta(days=2),
    )


_MAKERS: Mapping[str, tuple[str, Callable[[], Tenant]]] = {
    "contoso": ("hybrid, with at least one problem of each of the five kinds", _contoso),
    "healthy": ("hybrid through Connect, everything right", lambda: _HEALTHY),
    "writeback-disabled": (
        "writeback was switched off 9 hours ago and resets fail because of it",
        lambda: replace(_HEALTHY, traffic=_switched_off(timedelta(hours=9))),
    ),
    "licence-expired": ("the premium subscriptions are suspended", _licence_expired),
    "licence-short": ("8% of the synced staff have no premium plan, no seat left", _licence_short),
    "sync-stale": (
        "the last synchronisation was 26 hours ago",
        lambda: replace(_HEALTHY, sync=_STALE),
    ),
    "sync-conflicts": (
        "14 synced users are quarantined for duplicate attributes",
        lambda: replace(_HEALTHY, cohorts=_people(conflicts=14)),
    ),
    "connector-down": ("writeback cannot be reached since 5 hours; sync is fine", _connector_down),
    "half-registered": (
        "only 55% of the members in scope could reset their password",
        lambda: replace(_HEALTHY, cohorts=_people(unregistered=746)),
    ),
    "administrators-blocked": (
        "administrators may not reset their own password",
        lambda: replace(
            _HEALTHY,
            cohorts=_without_reset(_HEALTHY.cohorts, admins_only=True),
            admins_may_reset=False,
        ),
    ),
    "administrators-in-dead-end": (
        "administrators may not reset their own password, but are in its scope",
        lambda: replace(_HEALTHY, admins_may_reset=False),
    ),
    "synced-administrators": (
        "two Global Administrators and three other administrators are synced",
        lambda: replace(_HEALTHY, cohorts=_people(synced_administrators=5)),
    ),
    "policies-not-migrated": (
        "the authentication methods policy was never migrated",
        lambda: replace(_HEALTHY, migration_state="preMigration"),
    ),
    "writeback-attempts-failing": (
        "half of the resets of the last day are refused on-premises",
        lambda: replace(
            _HEALTHY,
            traffic=_with(
                Phase(Outcome.HALF_REFUSED, timedelta(hours=26)),
                happened={Happening.CLOUD_FAILED: _hours(9.5)},
            ),
        ),
    ),
    "resets-bypass-writeback": (
        "7 passwords of synced users were reset past writeback in a week",
        lambda: replace(
            _HEALTHY,
            traffic=_with(
                happened={Happening.RESET_ELSEWHERE: _hours(4, 26, 50, 51, 77, 120, 155)}
            ),
        ),
    ),
    "users-blocked": (
        "6 users were blocked from resetting their password within a day",
        lambda: replace(
            _HEALTHY,
            traffic=_with(happened={Happening.BLOCKED: _hours(2, 5, 9, 13, 17, 21)}),
        ),
    ),
    "settings-changed": (
        "the policy of SSPR and the authorization policy were changed yesterday",
        lambda: replace(
            _HEALTHY,
            traffic=_with(
                happened={
                    Happening.RESET_POLICY: _hours(24),
                    Happening.AUTHORIZATION_POLICY: _hours(23.5),
                }
            ),
        ),
    ),
    "low-success": (
        "fewer than half of the attempts succeed, because of what users do or lack",
        lambda: replace(_HEALTHY, traffic=_with(Phase(Outcome.USERS_FAIL))),
    ),
    "sspr-off": ("SSPR was switched off for everybody 30 hours ago", _sspr_off),
    "scope-dropped": ("40% of the members who were in the scope of SSPR are not", _scope_dropped),
    "phone-only": (
        "30% of those who registered have nothing but phones",
        lambda: replace(_HEALTHY, cohorts=_people(phones=484)),
    ),
    "directory-contact-only": (
        "12% of the members in scope have a phone in the directory, but registered nothing",
        lambda: replace(_HEALTHY, cohorts=_people(unregistered=248, contacts=200)),
    ),
    "password-sync-stale": (
        "the last password hashes were synchronised 5 hours ago",
        lambda: _synced(hash_age=timedelta(hours=5)),
    ),
    "phs-off": ("password hashes are not synchronised", lambda: _synced(hashes=False)),
    "certificate-expiring": (
        "Connect's certificate ends in 5 days and was not renewed",
        lambda: _synced(certificate=timedelta(days=5), renews=False),
    ),
    "certificate-expired": (
        "Connect's certificate ended 2 hours ago",
        lambda: _synced(certificate=timedelta(hours=-2), renews=False),
    ),
    "service-account": (
        "Connect signs in as a user, not as an application",
        lambda: _synced(certificate=None),
    ),
    "reset-principal-disabled": (
        "the password reset service's principal is disabled",
        lambda: replace(_HEALTHY, reset_service=False),
    ),
    "reset-principal-missing": (
        "the password reset service has no principal",
        lambda: replace(_HEALTHY, reset_service=None),
    ),
    "service-degraded": (
        "Microsoft reports a degradation of Microsoft Entra since 3 hours, in PascalCase",
        lambda: replace(_HEALTHY, degraded_for=timedelta(hours=3), pascal_case=True),
    ),
    "endpoints-down": (
        "the public sign-in and reset pages answer 503",
        lambda: replace(_HEALTHY, pages=Pages.FAIL),
    ),
    "cloud-only": ("never synchronised; premium", lambda: _CLOUD_ONLY),
    "cloud-sync": ("hybrid through Cloud Sync, everything right", _cloud_sync),
    "cloud-sync-quarantine": (
        "Cloud Sync's job for password hashes is in quarantine since 7 hours",
        _cloud_sync_quarantine,
    ),
    "sync-turned-off": (
        "was hybrid once; synchronisation was turned off 40 days ago",
        lambda: replace(_CLOUD_ONLY, sync=Sync(enabled=False, age=timedelta(days=40))),
    ),
    "free-tier": ("cloud-only without premium: no reports, a week of audit log", _free_tier),
    "quiet": ("hybrid, but nobody ever resets a password", lambda: replace(_HEALTHY, traffic=None)),
    "outage": ("Graph answers 503 to everything", lambda: replace(_HEALTHY, available=False)),
    "empty": ("a new tenant: one administrator and nothing else", _empty),
    "hostile": (
        "contoso, where every name and text attacks whoever shows it",
        lambda: replace(_contoso(), hostile=True),
    ),
}

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {name: description for name, (description, _) in _MAKERS.items()}
)


def scenario(name: str, *, users: int | None = None, seed: int = 1) -> Tenant:
    """The invented tenant of that name, of `users` users; raises ValueError naming the known."""
    if name not in _MAKERS:
        raise ValueError(f"no scenario {name!r}; known: {', '.join(SCENARIOS)}")
    tenant = replace(_MAKERS[name][1](), scenario=name, seed=seed)
    if users is None:
        return tenant
    if users < 1:
        raise ValueError(f"a tenant has at least one user, not {users}")
    return tenant.scaled(users)
