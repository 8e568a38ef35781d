"""The audit log: what happened in the tenant, computed by the hour when somebody asks.

Nothing is stored. Each hour since 1970 has its own few events, the same ones whenever it is asked
for, so the log goes on for as long as the clock does. Activities and reasons are those of
https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .people import Item, Person, digest, display_name, fine_stamp, firsts, guid, principal_name
from .tenant import Engine, Outcome, Tenant

Event = dict[str, object]

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
# Some of the real strings end in a blank, others in a full stop.
_SUBMITTED_ID = "User submitted their user ID "
_VERIFIED = "User completed all verification steps required"
_SUBMITTED_PASSWORD = "User submitted a new password"  # noqa: S105
_GAVE_UP = "User cancelled before passing the required authentication methods"
_WEAK = "PasswordDoesnotComplyFuzzyPolicy"
_REASONS = {
    Outcome.SWITCHED_OFF: (
        "User's password is managed on-premises. You can enable Password Writeback to resolve this"
    ),
    Outcome.UNREACHABLE: "OnPremisesConnectivityError",
}


class Log:
    """The audit log of a tenant that began to be shown at `started`."""

    def __init__(self, tenant: Tenant, started: datetime) -> None:
        self.tenant = tenant
        self.started = started
        people = firsts(tenant, tenant.cohorts, started, started, "user")
        self._people = [first for first in people if first.cohort.size]

    def between(
        self, oldest: datetime, newest: datetime, *, newest_first: bool
    ) -> Iterator[tuple[datetime, Event]]:
        """Events of a closed interval, in order of time and then of id."""
        first, last = (oldest - _EPOCH) // HOUR, (newest - _EPOCH) // HOUR
        hours = range(last, first - 1, -1) if newest_first else range(first, last + 1)
        for hour in hours:
            rows = sorted(self._hour(hour), key=_order, reverse=newest_first)
            yield from ((at, row) for at, row in rows if oldest <= at <= newest)

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
        if hour % 2 == 0:
            yield from self._attempt(hour, at)
        # Unlocking without a reset exists only where passwords are written back.
        if hour % 4 == 1 and self.tenant.sync.enabled:
            yield from self._deed(hour, at + timedelta(minutes=4), _UNLOCK, "")
        if hour % 12 == 3:
            yield from self._deed(hour, at + timedelta(minutes=6), _CHANGE, "None")
        if hour % 6 == 2:
            yield from self._by_admin(hour, at + timedelta(minutes=8))
        if hour % 24 == 9:
            yield from self._registration(hour, at + timedelta(minutes=10))
        if hour % 12 == 7 and self._outcome(at) is not Outcome.WORKS:
            yield from self._blocked(hour, at + timedelta(minutes=12))

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
        user = self._somebody(hour, "reset")
        flow = guid(self.tenant.seed, hour, outcome, "flow")

        def step(
            seconds: int, reason: str, *, failed: bool = False, activity: str = _PROGRESS
        ) -> tuple[datetime, Event]:
            moment = at + timedelta(seconds=seconds)
            return moment, _row(moment, activity, flow, user, user, reason=reason, failed=failed)

        yield step(0, _SUBMITTED_ID)
        if outcome is Outcome.SWITCHED_OFF:
            # The portal refuses at the door.
            yield step(2, _REASONS[outcome], failed=True)
            yield step(3, _REASONS[outcome], failed=True, activity=_RESET)
            return
        if hour % 24 == 17 and outcome is Outcome.WORKS:
            yield step(70, _GAVE_UP, failed=True)
            return
        yield step(48, _VERIFIED)
        yield step(95, _SUBMITTED_PASSWORD)
        if outcome is Outcome.UNREACHABLE:
            yield step(99, _REASONS[outcome], failed=True, activity=_RESET)
            return
        if hour % 24 == 5:
            yield step(96, _WEAK, failed=True, activity=_RESET)
            return
        for seconds, activity in (
            (96, "Reset user password"),
            (97, "Update StsRefreshTokenValidFrom Timestamp"),
        ):
            moment = at + timedelta(seconds=seconds)
            yield moment, _core(moment, activity, guid(flow, activity), user, None)
        yield step(98, "Successfully completed reset.", activity=_RESET)
        yield step(99, "User successfully reset password")

    def _deed(
        self, hour: int, at: datetime, activity: str, reason: str
    ) -> Iterator[tuple[datetime, Event]]:
        outcome = self._outcome(at)
        user = self._somebody(hour, activity)
        flow = guid(self.tenant.seed, hour, outcome, activity)
        failure = _REASONS.get(outcome)
        yield (
            at,
            _row(
                at, activity, flow, user, user, reason=failure or reason, failed=failure is not None
            ),
        )

    def _by_admin(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """A reset in the Entra admin centre; without writeback only cloud accounts get one."""
        outcome = self._outcome(at)
        hybrid = self.tenant.sync.enabled is True and outcome is Outcome.WORKS
        agent = self.tenant.sync.engine if hybrid else Engine.NONE
        user = self._somebody(hour, "by admin", synced=hybrid)
        admin = self._administrator()
        flow = guid(self.tenant.seed, hour, outcome, "by admin")
        before = at - timedelta(seconds=1)
        yield before, _core(before, "Reset user password", flow, user, admin)
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

    def _blocked(self, hour: int, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """A success: the user was blocked successfully."""
        user = self._somebody(hour, "blocked")
        flow = guid(self.tenant.seed, hour, "blocked")
        activity = "Blocked from self-service password reset"
        yield at, _row(at, activity, flow, user, user, reason="")

    def _toggle(self, at: datetime, *, enabled: bool) -> Event:
        verb = "Enable" if enabled else "Disable"
        admin = self._administrator()
        activity = f"{verb} password writeback for directory"
        row = _row(at, activity, guid(fine_stamp(at), verb), admin, admin, reason="")
        return row | {"category": "DirectoryManagement", "targetResources": []}

    def _somebody(self, hour: int, purpose: str, *, synced: bool | None = None) -> Person:
        """A member who may reset; from the synced ones in a hybrid tenant unless told otherwise."""
        wanted = self.tenant.sync.enabled is True if synced is None else synced
        everybody = self._people
        members = [f for f in everybody if f.cohort.sspr_registered and not f.cohort.guest]
        likely = [f for f in members if f.cohort.synced is wanted] or members or everybody
        chance = digest(self.tenant.seed, hour, purpose) % sum(f.cohort.size for f in likely)
        for first in likely:
            if chance < first.cohort.size:
                break
            chance -= first.cohort.size
        return Item(first.tenant, first.started, first.now, first.cohort, first.number + chance)

    def _administrator(self) -> Person:
        return next((first for first in self._people if first.cohort.admin), self._people[0])


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
    prefix = "SSPR" if service == SSPR else "MFA"
    return {
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
        "additionalDetails": details or [],
    }


def _core(
    at: datetime, activity: str, correlation: str, target: Person, actor: Person | None
) -> Event:
    """A Core Directory row; without an actor it is the reset service's, which has no app id."""
    service = {
        "appId": None,
        "displayName": "Microsoft password reset service",
        "servicePrincipalId": guid("password reset service"),
        "servicePrincipalName": None,
    }
    tag = digest(correlation, activity, at)
    row = _row(at, activity, correlation, actor or target, target, reason="", service=CORE)
    row["id"] = f"Directory_{correlation}_{tag % 36**5:05X}_{tag % 10**8}"
    if actor is None:
        row["initiatedBy"] = {"app": service, "user": None}
    # Core Directory leaves the key out when it has nothing to say.
    del row["additionalDetails"]
    return row
