"""The words an invented tenant is told in. Everything here is immutable and free of clocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

TENANT_ID = "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5"
INITIAL_DOMAIN = "contosoexample.onmicrosoft.com"
DOMAIN = "contoso.example"


class Engine(StrEnum):
    """Who synchronises, in the words of the audit log's OnPremisesAgent."""

    NONE = "None"
    CONNECT = "Microsoft Entra Connect"
    CLOUD_SYNC = "CloudSync"


@dataclass(frozen=True)
class Plan:
    """A service plan inside a subscription."""

    id: str
    name: str
    service: str


P1 = Plan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM", "AADPremiumService")
P2 = Plan("eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2", "AADPremiumService")


@dataclass(frozen=True, kw_only=True)
class Sku:
    """A subscription. Seats follow from who holds it: `spare` is the share left free."""

    id: str
    part_number: str
    plans: tuple[Plan, ...]
    status: str = "Enabled"
    spare: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """`size` users who are alike in everything that can be filtered on.

    `roles` are ids of role definitions: the first member holds all of them, the others one each, in
    turn. `contact`: a phone and another address are in the directory, registered or not.
    """

    size: int
    enabled: bool = True
    guest: bool = False
    synced: bool = False
    skus: tuple[str, ...] = ()
    admin: bool = False
    sspr_enabled: bool = True
    sspr_registered: bool = False
    methods: tuple[str, ...] = ()
    conflict: str | None = None
    contact: bool = False
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ThingCohort:
    """`size` groups or contacts who are alike."""

    size: int
    synced: bool = False
    conflict: str | None = None
    licence_errors: bool = False


@dataclass(frozen=True, kw_only=True)
class Sync:
    """Directory synchronisation: last run `age` before the start, then one every `cycle` if any.

    Until its last run it ran as usual, as can be seen by moving the clock back before the start.

    `hashes`: passwords are synchronised, the last time `hash_age` before the start (None: all the
    time). Connect: `certificate` is what is left of its certificate at the start (None: it signs in
    as a user and has none), which it `renews`. Cloud Sync: the job for passwords is
    `quarantined_for` so long, and `template`: its service principal names the template.
    """

    enabled: bool | None = None
    engine: Engine = Engine.NONE
    age: timedelta | None = None
    cycle: timedelta | None = None
    hashes: bool = True
    hash_age: timedelta | None = None
    certificate: timedelta | None = timedelta(days=60)
    renews: bool = True
    quarantined_for: timedelta | None = None
    template: bool = True

    def last(self, started: datetime, now: datetime) -> datetime | None:
        """When the directory was last synchronised, as seen at `now`."""
        return _last_run(self.age, self.cycle, started, now, usual=timedelta(minutes=30))

    def last_password(self, started: datetime, now: datetime) -> datetime | None:
        """When password hashes were last synchronised: every 2 minutes, by Connect only."""
        if self.engine is not Engine.CONNECT or self.age is None or not self.hashes:
            return None
        usual = timedelta(minutes=2)
        if self.hash_age is not None:
            return _last_run(self.hash_age, None, started, now, usual=usual)
        if self.cycle is None:
            return _last_run(self.age, None, started, now, usual=usual)
        return _last_run(timedelta(seconds=90), usual, started, now, usual=usual)


def _last_run(
    age: timedelta | None,
    cycle: timedelta | None,
    started: datetime,
    now: datetime,
    *,
    usual: timedelta,
) -> datetime | None:
    if age is None:
        return None
    first = started - age
    if cycle is None and now >= first:
        return first
    cycle = cycle or usual
    return first + ((now - first) // cycle) * cycle


class Outcome(StrEnum):
    """How password resets fare during a phase of the tenant's life."""

    WORKS = "works"
    SWITCHED_OFF = "writeback switched off"
    UNREACHABLE = "unreachable"
    HALF_REFUSED = "every other one is refused on-premises"
    USERS_FAIL = "users give up, or may not"
    FORBIDDEN = "self-service reset switched off"


@dataclass(frozen=True)
class Phase:
    """From `age` before the start on (None: since ever), password resets end like this."""

    outcome: Outcome
    age: timedelta | None = None


@dataclass(frozen=True)
class Toggle:
    """Somebody switched writeback on or off, `age` before the start."""

    enabled: bool
    age: timedelta


class Happening(StrEnum):
    """What happened once."""

    BLOCKED = "a user was blocked for trying too often"
    RESET_ELSEWHERE = "an administrator reset a synced user's password past writeback"
    CHANGE_REFUSED = "a user's own change was refused on-premises"
    CLOUD_FAILED = "a new password reached the directory on-premises, but not the cloud"
    RESET_POLICY = "the policy of self-service password reset was changed"
    METHODS_POLICY = "the authentication methods policy was changed"
    AUTHORIZATION_POLICY = "the authorization policy was changed"


@dataclass(frozen=True)
class Incident:
    """Something that happened `age` before the start."""

    what: Happening
    age: timedelta


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What the audit log shows; phases and toggles oldest first."""

    phases: tuple[Phase, ...] = (Phase(Outcome.WORKS),)
    toggles: tuple[Toggle, ...] = ()
    incidents: tuple[Incident, ...] = ()


class Pages(StrEnum):
    """What the public sign-in and reset pages do when they are asked."""

    ANSWER = "answer"
    FAIL = "answer 503"
    DROP = "cut the connection"


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One invented tenant. Times are told relative to the moment a simulator starts to show it.

    `reset_service`: whether the password reset service's principal is enabled, None where there is
    none. Microsoft Entra is degraded since `degraded_for` before the start. `pascal_case`: service
    health spells its enums so. `hostile`: whatever somebody could name or write is an attack.
    """

    scenario: str
    cohorts: tuple[Cohort, ...]
    seed: int = 1
    groups: tuple[ThingCohort, ...] = ()
    contacts: tuple[ThingCohort, ...] = ()
    skus: tuple[Sku, ...] = ()
    sync: Sync = Sync()
    traffic: Traffic | None = Traffic()
    custom_domain: bool = True
    migration_state: str | None = "migrationComplete"
    admins_may_reset: bool = True
    age: timedelta = timedelta(days=3200)
    available: bool = True
    reset_service: bool | None = True
    degraded_for: timedelta | None = None
    pascal_case: bool = False
    pages: Pages = Pages.ANSWER
    hostile: bool = False

    @property
    def users(self) -> int:
        return sum(cohort.size for cohort in self.cohorts)

    @property
    def premium(self) -> bool:
        """Whether Entra ID P1 or P2 was ever bought; suspended subscriptions still count here."""
        return any(plan in (P1, P2) for sku in self.skus for plan in sku.plans)

    @property
    def retention(self) -> timedelta:
        return timedelta(days=30 if self.premium else 7)

    def consumed(self, sku: Sku) -> int:
        return sum(cohort.size for cohort in self.cohorts if sku.part_number in cohort.skus)

    def scaled(self, users: int) -> "Tenant":
        """The same tenant with `users` users, every cohort in proportion."""
        sizes = proportional([cohort.size for cohort in self.cohorts], users)
        cohorts = zip(self.cohorts, sizes, strict=True)
        return replace(self, cohorts=tuple(replace(c, size=size) for c, size in cohorts))


def proportional(sizes: Sequence[int], total: int) -> list[int]:
    """Divide `total` in the ratio of `sizes` by largest remainder; no part that exists vanishes.

    Parts may vanish only when `total` is too small to give each of them one.
    """
    whole = sum(sizes)
    shares = [size * total // whole for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda i: -(sizes[i] * total % whole))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    for i, size in enumerate(sizes):
        richest = max(range(len(shares)), key=shares.__getitem__)
        if size and not shares[i] and shares[richest] > 1:
            shares[i] += 1
            shares[richest] -= 1
    return shares
