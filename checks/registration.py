"""The people who may reset their password also can: enough methods are registered."""

from __future__ import annotations

from datetime import datetime

from checks.check import LEARN, Check
from checks.facts import REGISTRATION, Facts
from checks.fresh_report import REPORT_HOURS, UNUSABLE, from_report, unusable
from checks.registration_report import Coverage
from shared.model import Metric, Param, State, Verdict
from shared.settings import Settings, threshold

WARNING_PERCENT = threshold(
    "registration",
    "warning_percent",
    95,
    unit="percent",
    at_most=100,
    purpose="Capable / Enabled below which coverage is low.",
)
CRITICAL_PERCENT = threshold(
    "registration",
    "critical_percent",
    80,
    unit="percent",
    at_most=100,
    purpose="Capable / Enabled below which coverage is critical.",
    under="warning_percent",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge Capable / Enabled among members, users and administrators apart.

    | registration report                           | verdict                            |
    |-----------------------------------------------|------------------------------------|
    | at least 95% of enabled users are capable     | healthy `well_registered`          |
    | at least 80%, less than 95%                   | warning `some_not_registered`      |
    | less than 80%                                 | critical `many_not_registered`     |
    | users fine, administrators below 95%          | warning `administrators_not_registered` |
    | newest row more than 48 h old, or undated     | unknown `report_stale`             |
    | the report is empty                           | unknown `report_empty`             |
    | no member is enabled (see `sspr_enabled`)     | not applicable `nobody_enabled`    |

    Administrators follow a policy of their own and are few: a shortfall among them is a warning at
    most. Guests reset in their home tenant and never count.
    https://learn.microsoft.com/entra/identity/authentication/howto-authentication-methods-activity
    """
    known = facts.need(REGISTRATION)
    if verdict := unusable(CHECK, known, settings, now):
        return verdict
    report = known.value
    users, administrators = report.users, report.administrators
    return CHECK.verdict(
        _code(users, administrators, settings),
        params=_params(users, "users") | _params(administrators, "administrators"),
        metrics=_metrics(users, "users") | _metrics(administrators, "administrators"),
        evidence=(
            from_report("isSsprEnabled", users.enabled),
            from_report("isSsprCapable", users.capable, f"{settings[WARNING_PERCENT]:g} %"),
            from_report("isSsprEnabled and isAdmin", administrators.enabled),
            from_report("isSsprCapable and isAdmin", administrators.capable),
        ),
        as_of=report.newest_at,
    )


def _code(users: Coverage, administrators: Coverage, settings: Settings) -> str:
    if not users.enabled and not administrators.enabled:
        return "nobody_enabled"
    # With no user enabled (a pilot among administrators), only the administrators can be judged.
    percent = (1.0 if users.ratio is None else users.ratio) * 100
    if percent < settings[CRITICAL_PERCENT]:
        return "many_not_registered"
    if percent < settings[WARNING_PERCENT]:
        return "some_not_registered"
    ratio = administrators.ratio
    if ratio is not None and ratio * 100 < settings[WARNING_PERCENT]:
        return "administrators_not_registered"
    return "well_registered"


def _params(coverage: Coverage, who: str) -> dict[str, Param]:
    return {
        f"{who}_enabled": coverage.enabled,
        f"{who}_capable": coverage.capable,
        f"{who}_missing": coverage.enabled - coverage.capable,
        f"{who}_coverage_ratio": coverage.ratio or 0.0,
    }


def _metrics(coverage: Coverage, who: str) -> dict[str, Metric]:
    metrics = {
        f"{who}_enabled": Metric(coverage.enabled, "users"),
        f"{who}_registered": Metric(coverage.registered, "users"),
        f"{who}_capable": Metric(coverage.capable, "users"),
    }
    if coverage.ratio is not None:
        metrics[f"{who}_coverage"] = Metric(coverage.ratio, "ratio")
    return metrics


CHECK = Check(
    id="registration",
    problems=("A4", "B2"),
    needs=(REGISTRATION,),
    thresholds=(WARNING_PERCENT, CRITICAL_PERCENT, REPORT_HOURS),
    codes={
        "well_registered": State.HEALTHY,
        "some_not_registered": State.WARNING,
        "administrators_not_registered": State.WARNING,
        "many_not_registered": State.CRITICAL,
        "nobody_enabled": State.NOT_APPLICABLE,
        **UNUSABLE,
    },
    link=f"{LEARN}/authentication/howto-sspr-authenticationdata",
    evaluate=evaluate,
)
