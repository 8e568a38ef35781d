"""The audit log: what happened in the tenant, computed by the hour when somebody asks.

Nothing is stored. Each hour since 1970 has its own few events, the same ones whenever it is asked
for, so the log goes on for as long as the clock does. Activities and reasons are those of
https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from .applications import RESET_SERVICE, RESET_SERVICE_NAME, principal_id
from .people import Person, digest, display_name, fine_stamp, firsts, guid, principal_name
from .tenant import P1, P2, Cohort, Engine, Happening, Incident, Outcome, Tenant

Event = dict[str, object]
Test = Callable[[Cohort], bool]

SSPR = "Self-service Password Management"
CORE = "Core Directory"
METHODS = "Authentication Methods"
HOUR = timedelta(hours=1)

_LONGEST_ATTEMPT = timedelta(seconds=99)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROGRESS = "Self-service password reset flow activity progress"
_RESET = "Reset password (self-service)"
_UNLOCK = "Unlock user account (self-service)"
_CHANGE = "Change password (self-service)"
_RESET_CORE = "Reset user password"
# Some of the real strings end in a blank, others in a full stop.
_SUBMITTED_ID = "User submitted their user ID "
_VERIFIED = "User completed all verification steps required"
_SUBMITTED_PASSWORD = "User submitted a new password"  # noqa: S105
_WRITEBACK_OFF = (
    "User's password is managed on-premises. You can enable Password Writeback to resolve this"
)
_UNREACHABLE = "OnPremisesConnectivityError"
_REFUSED = "OnPremisesAdminActionRequired"


@dataclass(frozen=True)
class _Ending:
    """How an attempt to reset fails: after so many steps, with a row of its own or without."""

    reason: str
    steps: int
    concluded: bool


_GIVES_UP = _Ending("User cancelled before passing the required authentication methods", 1, False)
_TOO_WEAK = _Ending("PasswordDoesnotComplyFuzzyPolicy", 3, True)
_NOT_REGISTERED = _Ending(
    "User's account has insufficient authentication methods defined. "
    "Add authentication info to resolve this ",
    1,
    False,
)
_NOT_LICENSED = _Ending(
    "User does not have a license. You can add a license to the user to resolve this", 1, False
)
_NOT_ENABLED = _Ending(
    "Password reset is not enabled for this user. "
    "Enable password reset under the configure tab to resolve this",
    1,
    False,
)
_SWITCHED_OFF = _Ending(_WRITEBACK_OFF, 1, True)
_CUT_OFF = _Ending(_UNREACHABLE, 3, True)
_REFUSED_THERE = _Ending(_REFUSED, 3, True)
_FORBIDDEN = _Ending(
    "Password reset has been disabled entirely for this tenant. "
    "See how to enable it to resolve this",
    1,
    False,
)


def _ending(outcome: Outcome, hour: int) -> _Ending | None:
    """How the attempt of that hour fails during a phase; None when it succeeds."""
    match outcome:
        case Outcome.SWITCHED_OFF:
            return _SWITCHED_OFF
        case Outcome.UNREACHABLE:
            return _CUT_OFF
        case Outcome.FORBIDDEN:
            return _FORBIDDEN
        case Outcome.HALF_REFUSED if hour % 4 == 0:
            return _REFUSED_THERE
        case Outcome.USERS_FAIL if hour % 24 in _USERS_FAIL:
            return _USERS_FAIL[hour % 24]
    return _GIVES_UP if hour % 48 == 18 else _TOO_WEAK if hour % 48 == 30 else None


# 5 of the 12 attempts of a day succeed.
_USERS_FAIL = {
    2: _NOT_REGISTERED,
    6: _GIVES_UP,
    8: _NOT_REGISTERED,
    10: _NOT_ENABLED,
    14: _NOT_REGISTERED,
    20: _NOT_REGISTERED,
    22: _GIVES_UP,
}

# Why every change and unlock of a phase fails.
_FAILS = {Outcome.SWITCHED_OFF: _WRITEBACK_OFF, Outcome.UNREACHABLE: _UNREACHABLE}


def _odd_failure(hour: int) -> str | None:
    """Of the changes, a few are the user's fault, and now and then one is a riddle."""
    if hour % 240 == 15:
        return "HybridCallbackStateUnexpected"
    return "FuzzyPolicyViolationInvalidPassword" if hour % 72 == 3 else None


_EVENTS = {
    Happening.BLOCKED: "Blocked from self-service password reset",
    Happening.RESET_ELSEWHERE: _RESET_CORE,
    Happening.CHANGE_REFUSED: _CHANGE,
    Happening.CLOUD_FAILED: _CHANGE,
    Happening.RESET_POLICY: "Self-service password reset policy changes",
    Happening.METHODS_POLICY: "Authentication Methods Policy Update",
    Happening.AUTHORIZATION_POLICY: "Update authorization policy",
}


class Log:
    """The audit log of a tenant that began to be shown at `started`."""

    def __init__(self, tenant: Tenant, started: datetime) -> None:
        self.tenant = tenant
        self.started = started
        people = firsts(tenant, tenant.cohorts, started, started, "user")
        self._people = [first for first in people if first.cohort.size]
        self._somebody_lacks_a_licence = tenant.premium and any(
            _lacks_licence(tenant, first.cohort) for first in self._people
        )

    def between(
        self, oldest: datetime, newest: datetime, *, newest_first: bool
    ) -> Iterator[tuple[datetime, Event]]:
        """Events of a closed interval, in order of time and then of id."""
        first, last = (oldest - _EPOCH) // HOUR, (newest - _EPOCH) // HOUR
        hours = range(last, first - 1, -1) if newest_first else range(first, last + 1)
        for hour in hours:
            rows = _in_order(self, hour)
            for at, row in reversed(rows) if newest_first else rows:
                if oldest <= at <= newest:
                    yield at, row

    def _hour(self, hour: int) -> Iterator[tuple[datetime, Event]]:
        traffic = self.tenant.traffic
        if traffic is None:
            return
        begin = _EPOCH + hour * HOUR
        for toggle in traffic.toggles:
            at = self.started - toggle.age
            if begin <= at < begin + HOUR:
                yield at, self._toggle(at, enabled=toggle.enabled)
        chance = digest(self.tenant.seed, hour)
        at = begin + timedelta(seconds=chance % 2400, microseconds=chance // 2400 % 1_000_000)
        for incident in traffic.incidents:
            moment = self.started - incident.age
            if begin <= moment < begin + HOUR:
                yield moment, self._incident(moment, incident)
        outcome = self._outcome(at)
        # Where nobody may reset, a try is rare.
        # One quiet hour a night keeps 30 days below 2,000 rows: two pages.
        quiet = outcome is Outcome.WORKS and hour % 24 == 4
        if hour % (12 if outcome is Outcome.FORBIDDEN else 2) == 0 and not quiet:
            yield from self._attempt(hour, at)
        # Unlocking without a reset exists only where passwords are written back.
        if hour % 4 == 1 and self.tenant.sync.enabled and outcome is not Outcome.FORBIDDEN:
            yield from self._deed(hour, at + timedelta(minutes=4), _UNLOCK, "")
        if hour % 12 == 3:
            yield from self._deed(hour, at + timedelta(minutes=6), _CHANGE, "None")
        if hour % 6 == 2:
            yield from self._by_admin(hour, at + timedelta(minutes=8))
        if hour % 48 == 29:
            yield from self._past_writeback(hour, at + timedelta(minutes=3))
        if hour % 24 == 9:
            yield from self._registration(hour, at + timedelta(minutes=10))

    def _outcome(self, at: datetime) -> Outcome:
        traffic = self.tenant.traffic
        outcome = Outcome.WORKS
        for phase in traffic.phases if traffic else ():
            if phase.age is None or at >= self.started - phase.age:
                outcome = phase.outcome
        return outcome

    def _attempt(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """One user at the reset portal: progress rows and the verdict share a correlation id."""
        # What counts is how things are at the end: nothing succeeds after a phase that fails began.
        outcome = self._outcome(at + _LONGEST_ATTEMPT)
        ending = _ending(outcome, hour)
        if ending is None and hour % 72 == 22 and self._somebody_lacks_a_licence:
            ending = _NOT_LICENSED
        user = self._somebody(hour, "reset", *self._whom(ending))
        flow = guid(self.tenant.seed, hour, outcome, "flow")

        def step(
            seconds: int, reason: str, *, failed: bool = False, activity: str = _PROGRESS
        ) -> tuple[datetime, Event]:
            moment = at + timedelta(seconds=seconds)
            return moment, _row(moment, activity, flow, user, user, reason=reason, failed=failed)

        steps = ((0, _SUBMITTED_ID), (48, _VERIFIED), (95, _SUBMITTED_PASSWORD))
        for seconds, reason in steps[: ending.steps if ending else 3]:
            yield step(seconds, reason)
        if ending is not None:
            ended = steps[ending.steps - 1][0] + 2
            # The portal refuses at the door, or the last step has a row of its own.
            if ending.steps == 1:
                yield step(ended, ending.reason, failed=True)
            if ending.concluded:
                yield step(ended + 2, ending.reason, failed=True, activity=_RESET)
            return
        for seconds, activity in (
            (96, _RESET_CORE),
            (97, "Update StsRefreshTokenValidFrom Timestamp"),
        ):
            moment = at + timedelta(seconds=seconds)
            yield moment, self._core(moment, activity, guid(flow, activity), user, None)
        yield step(98, "Successfully completed reset.", activity=_RESET)
        yield step(99, "User successfully reset password")

    def _whom(self, ending: _Ending | None) -> tuple[Test, ...]:
        """Whom an ending fits better than others."""
        if ending is _NOT_REGISTERED:
            return (lambda c: c.enabled and c.sspr_enabled and not c.sspr_registered,)
        if ending is _NOT_ENABLED:
            return (lambda c: c.enabled and not c.guest and not c.sspr_enabled,)
        if ending is _NOT_LICENSED:
            return (lambda c: _lacks_licence(self.tenant, c),)
        return ()

    def _deed(
        self, hour: int, at: datetime, activity: str, reason: str
    ) -> Iterator[tuple[datetime, Event]]:
        outcome = self._outcome(at)
        user = self._somebody(hour, activity)
        flow = guid(self.tenant.seed, hour, outcome, activity)
        failure = _FAILS.get(outcome) or (_odd_failure(hour) if activity == _CHANGE else None)
        row = _row(at, activity, flow, user, user, reason=failure or reason, failed=bool(failure))
        yield at, row

    def _by_admin(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """A reset in the Entra admin centre; without writeback only cloud accounts get one."""
        outcome = self._outcome(at)
        hybrid = self.tenant.sync.enabled is True and outcome not in _FAILS
        agent = self.tenant.sync.engine if hybrid else Engine.NONE
        user = self._somebody(hour, "by admin", lambda c: _may_reset(c) and c.synced is hybrid)
        admin = self._administrator()
        flow = guid(self.tenant.seed, hour, outcome, "by admin")
        before = at - timedelta(seconds=1)
        yield before, self._core(before, _RESET_CORE, flow, user, admin)
        details = [{"key": "OnPremisesAgent", "value": str(agent)}]
        yield (
            at,
            _row(
                at, "Reset password (by admin)", flow, admin, user, reason="None", details=details
            ),
        )

    def _registration(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        user = self._somebody(hour, "registers")
        flow = guid(self.tenant.seed, hour, "registers")
        yield (
            at,
            _row(
                at,
                "User registered for self-service password reset",
                flow,
                user,
                user,
                reason="User registered for self-service password reset",
            ),
        )
        yield (
            at,
            _row(
                at,
                "User registered security info",
                guid(flow),
                user,
                user,
                reason="User registered Authenticator App with Notification",
                service=METHODS,
            ),
        )

    def _past_writeback(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """A reset in the Microsoft 365 admin centre, which only the directory logs."""
        user = self._somebody(hour, "past", lambda c: _may_reset(c) and not c.synced)
        if not user.cohort.synced:
            flow = guid(self.tenant.seed, hour, "past")
            yield at, self._core(at, _RESET_CORE, flow, user, self._administrator())

    def _incident(self, at: datetime, incident: Incident) -> Event:
        what, seconds = incident.what, int(incident.age.total_seconds())
        activity = _EVENTS[what]
        flow = guid(self.tenant.seed, what, seconds)
        user = self._somebody(seconds, what)
        admin = self._administrator()
        match what:
            case Happening.BLOCKED:
                # A success: the user was blocked successfully.
                return _row(at, activity, flow, user, user, reason="")
            case Happening.CHANGE_REFUSED:
                return _row(at, activity, flow, user, user, reason=_REFUSED, failed=True)
            case Happening.CLOUD_FAILED:
                # Logged as a success all the same.
                return _row(at, activity, flow, user, user, reason="OnPremisesSuccessCloudFailure")
            case Happening.RESET_ELSEWHERE:
                return self._core(at, activity, flow, user, admin)
        category, service, name = _POLICIES[what]
        row = _row(at, activity, flow, admin, admin, reason="", service=service)
        return row | {"category": category, "targetResources": [_policy(name)]}

    def _toggle(self, at: datetime, *, enabled: bool) -> Event:
        verb = "Enable" if enabled else "Disable"
        admin = self._administrator()
        activity = f"{verb} password writeback for directory"
        row = _row(at, activity, guid(fine_stamp(at), verb), admin, admin, reason="")
        return row | {"category": "DirectoryManagement", "targetResources": []}

    def _somebody(self, hour: int, purpose: str, *tests: Test) -> Person:
        """Somebody whom the first of the tests admits that admits anybody at all.

        After the given ones: members who may reset, of a hybrid tenant its synced ones.
        """
        hybrid = self.tenant.sync.enabled is True
        choices: tuple[Test, ...] = (
            *tests,
            lambda c: _may_reset(c) and c.synced is hybrid,
            _may_reset,
            lambda c: c.enabled and not c.guest and c.synced is hybrid,
        )
        admitted = ([f for f in self._people if test(f.cohort)] for test in choices)
        likely = next(filter(None, admitted), self._people)
        chance = digest(self.tenant.seed, hour, purpose) % sum(f.cohort.size for f in likely)
        for first in likely:
            if chance < first.cohort.size:
                break
            chance -= first.cohort.size
        return replace(first, number=first.number + chance)

    def _administrator(self) -> Person:
        return next((first for first in self._people if first.cohort.admin), self._people[0])

    def _core(
        self, at: datetime, activity: str, correlation: str, target: Person, actor: Person | None
    ) -> Event:
        """A Core Directory row; without an actor it is the reset service's, which has no app id."""
        service = {
            "appId": None,
            "displayName": RESET_SERVICE_NAME,
            "servicePrincipalId": principal_id(self.tenant, RESET_SERVICE),
            "servicePrincipalName": None,
        }
        row = _row(at, activity, correlation, actor or target, target, reason="", service=CORE)
        return row | ({"initiatedBy": {"app": service, "user": None}} if actor is None else {})


@lru_cache(maxsize=4)
def log_of(tenant: Tenant, started: datetime) -> Log:
    """Whoever reads the log asks for the same hours again and again, each a little later."""
    return Log(tenant, started)


@lru_cache(maxsize=1024)
def _in_order(log: Log, hour: int) -> list[tuple[datetime, Event]]:
    return sorted(log._hour(hour), key=_order)


def _may_reset(cohort: Cohort) -> bool:
    return cohort.enabled and cohort.sspr_enabled and cohort.sspr_registered and not cohort.guest


def _lacks_licence(tenant: Tenant, cohort: Cohort) -> bool:
    """Synced and free to reset, but without a premium plan, be it a suspended one."""
    premium = {sku.part_number for sku in tenant.skus if {P1, P2} & set(sku.plans)}
    return cohort.synced and _may_reset(cohort) and not premium & set(cohort.skus)


_POLICIES = {
    Happening.RESET_POLICY: ("Policy", SSPR, "Self-service password reset policy"),
    Happening.METHODS_POLICY: ("ApplicationManagement", METHODS, "Authentication Methods Policy"),
    Happening.AUTHORIZATION_POLICY: ("AuthorizationPolicy", CORE, "Authorization Policy"),
}


def _order(entry: tuple[datetime, Event]) -> tuple[datetime, str]:
    return entry[0], str(entry[1]["id"])


def _user(person: Person) -> Event:
    return {
        "id": person.id,
        "displayName": None,
        "userPrincipalName": principal_name(person),
        "ipAddress": f"192.0.2.{person.number % 250 + 1}",
        "userType": None,
        "homeTenantId": None,
        "homeTenantName": None,
    }


def _target(person: Person) -> Event:
    return {
        "id": person.id,
        "displayName": display_name(person),
        "type": "User",
        "userPrincipalName": principal_name(person),
        "groupType": None,
        "modifiedProperties": [],
    }


def _policy(name: str) -> Event:
    """Old and new values are strings of JSON."""
    return {
        "id": guid(name),
        "displayName": name,
        "type": "Policy",
        "userPrincipalName": None,
        "groupType": None,
        "modifiedProperties": [
            {"displayName": "Policy", "oldValue": '[{"Version":1}]', "newValue": '[{"Version":2}]'}
        ],
    }


def _row(
    at: datetime,
    activity: str,
    correlation: str,
    actor: Person,
    target: Person,
    *,
    reason: str,
    failed: bool = False,
    service: str = SSPR,
    details: list[dict[str, str]] | None = None,
) -> Event:
    tag = digest(correlation, activity, reason, at)
    prefix = {SSPR: "SSPR", CORE: "Directory"}.get(service, "MFA")
    row: Event = {
        "id": f"{prefix}_{correlation}_{tag % 36**5:05X}_{tag % 10**8}",
        "category": "UserManagement",
        "correlationId": correlation,
        "result": "failure" if failed else "success",
        "resultReason": reason,
        "activityDisplayName": activity,
        "activityDateTime": fine_stamp(at),
        "loggedByService": service,
        "operationType": "Update",
        "initiatedBy": {"app": None, "user": _user(actor)},
        "targetResources": [_target(target)],
    }
    # Core Directory leaves the key out when it has nothing to say.
    return row if service == CORE else row | {"additionalDetails": details or []}
