"""The invented tenants. A scenario is the healthy one with a few things replaced."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from .tenant import (
    P1,
    P2,
    Cohort,
    Engine,
    Outcome,
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


def _people(
    *, unregistered: int = 48, unlicensed: int = 0, conflicts: int = 0, idle_administrators: int = 0
) -> tuple[Cohort, ...]:
    """2000 users. Whatever goes wrong goes wrong for staff who otherwise registered the app."""
    app = 948 - unregistered - unlicensed - conflicts
    half = unregistered * 3 // 8
    upn = conflicts * 2 // 3
    return tuple(
        cohort
        for cohort in (
            # Synced members in the scope of SSPR.
            Cohort(size=app, synced=True, skus=_P1, sspr_registered=True, methods=_APP),
            Cohort(size=340, synced=True, skus=_P1, sspr_registered=True, methods=_PHONE),
            Cohort(size=272, synced=True, skus=_P2, sspr_registered=True, methods=_KEY),
            Cohort(size=unlicensed, synced=True, skus=_OFFICE, sspr_registered=True, methods=_APP),
            Cohort(size=unregistered - half, synced=True, skus=_P1),
            Cohort(size=half, synced=True, skus=_P1, methods=("mobilePhone",)),
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
            ),
            Cohort(size=idle_administrators, skus=_P2, admin=True, methods=("mobilePhone",)),
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


def _contoso() -> Tenant:
    return replace(
        _HEALTHY,
        cohorts=_people(unregistered=626, unlicensed=128, conflicts=14, idle_administrators=4),
        groups=(
            *_LICENCE_ERROR[:2],
            ThingCohort(size=1, synced=True, conflict="ProxyAddresses"),
            ThingCohort(size=19, synced=True),
        ),
        skus=_without_spare_seats(_HEALTHY.skus),
        sync=_STALE,
        traffic=_switched_off(timedelta(days=3)),
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


def _free_tier() -> Tenant:
    cohorts = tuple(replace(cohort, skus=("FLOW_FREE",)) for cohort in _CLOUD_ONLY.cohorts)
    return replace(_CLOUD_ONLY, cohorts=cohorts, skus=(VIRAL,))


def _empty() -> Tenant:
    return Tenant(
        scenario="empty",
        cohorts=(Cohort(size=1, admin=True, sspr_registered=True, methods=_APP),),
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
    "licence-short": ("8 % of the synced staff have no premium plan, no seat left", _licence_short),
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
        "only 55 % of the members in scope could reset their password",
        lambda: replace(_HEALTHY, cohorts=_people(unregistered=746)),
    ),
    "administrators-blocked": (
        "administrators may not reset their own password",
        lambda: replace(_HEALTHY, admins_may_reset=False),
    ),
    "policies-not-migrated": (
        "the authentication methods policy was never migrated",
        lambda: replace(_HEALTHY, migration_state="preMigration"),
    ),
    "cloud-only": ("never synchronised; premium", lambda: _CLOUD_ONLY),
    "cloud-sync": ("hybrid through Cloud Sync, everything right", _cloud_sync),
    "sync-turned-off": (
        "was hybrid once; synchronisation was turned off 40 days ago",
        lambda: replace(_CLOUD_ONLY, sync=Sync(enabled=False, age=timedelta(days=40))),
    ),
    "free-tier": ("cloud-only without premium: no reports, a week of audit log", _free_tier),
    "quiet": ("hybrid, but nobody ever resets a password", lambda: replace(_HEALTHY, traffic=None)),
    "outage": ("Graph answers 503 to everything", lambda: replace(_HEALTHY, available=False)),
    "empty": ("a new tenant: one administrator and nothing else", _empty),
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
