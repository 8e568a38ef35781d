"""SSPR settings did not change lately; when they did, this is what and when, not who."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.check import LEARN, Check
from checks.facts import AUDIT_TRAIL, METHODS_POLICY, Facts
from shared.model import Evidence, Known, State, Verdict
from shared.settings import Settings, threshold

DAYS = threshold(
    "settings_changed",
    "days",
    7,
    unit="days",
    at_most=30,
    purpose="Days for which a change is pointed out.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Point out changes of the last 7 days.

    | what changed in 7 days                              | verdict                         |
    |-----------------------------------------------------|---------------------------------|
    | nothing                                             | healthy `nothing_changed`       |
    | SSPR policy, methods policy, or writeback enabled   | warning `settings_changed`      |
    | writeback disabled, and not enabled again           | critical `writeback_disabled`   |
    | the first look-back is not through yet              | unknown `still_reading`         |

    The audit log tells of the SSPR policy and of writeback, the Authentication methods policy of
    itself. A change of the administrators' switch shows in the check on administrators.
    https://learn.microsoft.com/entra/identity/authentication/howto-sspr-reporting
    """
    trail = facts.need(AUDIT_TRAIL).value
    if not trail.complete:
        return CHECK.verdict(
            "still_reading",
            params={"read_until_at": trail.read_until.isoformat()},
            as_of=trail.read_until,
        )
    methods = facts.get(METHODS_POLICY)
    times = {
        "Enable password writeback for directory": trail.enabled_at,
        "Disable password writeback for directory": trail.disabled_at,
        "Self-service password reset policy changes": trail.policy_changed_at,
        "authenticationMethodsPolicy.lastModifiedDateTime": (
            methods.value.last_modified_date_time if isinstance(methods, Known) else None
        ),
    }
    since = now - timedelta(days=settings[DAYS])
    changes = {what: at for what, at in times.items() if at is not None and at >= since}
    if not changes:
        return CHECK.verdict(
            "nothing_changed", params={"days": int(settings[DAYS])}, as_of=trail.read_until
        )
    disabled = changes.get("Disable password writeback for directory")
    off = disabled is not None and (trail.enabled_at is None or trail.enabled_at < disabled)
    newest = max(changes, key=lambda what: changes[what])
    return CHECK.verdict(
        "writeback_disabled" if off else "settings_changed",
        params={"number": len(changes), "what": newest, "at": changes[newest].isoformat()},
        evidence=tuple(Evidence(what, at.isoformat()) for what, at in sorted(changes.items())),
        as_of=trail.read_until,
    )


CHECK = Check(
    id="settings_changed",
    problems=("A1", "B3"),
    needs=(AUDIT_TRAIL, METHODS_POLICY),
    thresholds=(DAYS,),
    codes={
        "nothing_changed": State.HEALTHY,
        "settings_changed": State.WARNING,
        "writeback_disabled": State.CRITICAL,
        "still_reading": State.UNKNOWN,
    },
    link=f"{LEARN}/authentication/howto-sspr-reporting",
    links={"writeback_disabled": f"{LEARN}/authentication/tutorial-enable-sspr-writeback"},
    evaluate=evaluate,
)
