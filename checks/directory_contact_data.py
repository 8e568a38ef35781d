"""Who has a phone or an address in the directory, never registered it, and so cannot reset."""

from __future__ import annotations

from datetime import datetime

import msgspec

from checks.check import LEARN, Check
from checks.dates import REGISTERED_METHODS_ONLY
from checks.facts import REGISTRATION, Fact, Facts
from checks.fresh_report import REPORT_HOURS, UNUSABLE, from_report, unusable
from checks.registration_report import Registration
from shared.model import Evidence, Metric, State, Verdict
from shared.settings import Settings, threshold

# Read while the report is, and counted in it; declared for the sake of its permission.
CONTACT_DATA: Fact[None] = Fact(
    name="contact_data",
    permission="User.Read.All",
    source="GET /users?$filter=id in (...)&$select=mobilePhone,businessPhones,otherMails",
    lag="none when the report is read",
)
CRITICAL_PERCENT = threshold(
    "directory_contact_data",
    "critical_percent",
    5,
    unit="percent",
    at_most=100,
    purpose="Share of enabled members with contact data in the directory only, above which it is"
    " critical.",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge how many of those who are enabled but not registered have contact data.

    | enabled, not registered, contact data in the directory | verdict                         |
    |--------------------------------------------------------|---------------------------------|
    | none found                                             | healthy `none_found`            |
    | 1 to 5% of enabled members                             | warning `some_found`            |
    | more than 5% of enabled members                        | critical `many_found`           |
    | somebody is not registered, and nobody was looked up   | unknown `not_looked_up`         |
    | no member is enabled (see `sspr_enabled`)              | not applicable `nobody_enabled` |
    | newest row more than 48 h old, or undated              | unknown `report_stale`          |
    | the report is empty                                    | unknown `report_empty`          |

    Only so many are looked up in a reading of the report. What is found is then the least there
    can be, and the share among those looked up is taken for the share of all.
    https://learn.microsoft.com/entra/identity/authentication/howto-sspr-authenticationdata
    """
    known = facts.need(REGISTRATION)
    if verdict := unusable(CHECK, known, settings, now):
        return verdict
    report = known.value
    enabled = report.users.enabled + report.administrators.enabled
    if not enabled:
        return CHECK.verdict("nobody_enabled", as_of=report.newest_at)
    unregistered = enabled - report.users.capable - report.administrators.capable
    checked, found = report.contact_checked, report.contact_found
    evidence = (
        from_report("isSsprEnabled and not isSsprRegistered", unregistered),
        Evidence("users looked up", checked),
        Evidence("users.mobilePhone, businessPhones or otherMails", found),
    )
    if unregistered > 0 and not checked:
        verdict = CHECK.verdict(
            "not_looked_up",
            params={"unregistered": unregistered},
            evidence=evidence,
            as_of=report.newest_at,
        )
        return msgspec.structs.replace(verdict, permission=CONTACT_DATA.permission)
    share = _share(report, unregistered, enabled)
    if not found:
        code = "none_found"
    else:
        code = "many_found" if share * 100 > settings[CRITICAL_PERCENT] else "some_found"
    return CHECK.verdict(
        code,
        params={
            "found": found,
            "checked": checked,
            "unregistered": unregistered,
            "enabled": enabled,
            "share_ratio": share,
            "since_at": REGISTERED_METHODS_ONLY.isoformat(),
        },
        metrics={
            "contact_data_found": Metric(found, "users"),
            "contact_data_share": Metric(share, "ratio"),
        },
        evidence=evidence,
        as_of=report.newest_at,
    )


def _share(report: Registration, unregistered: int, enabled: int) -> float:
    """Of the enabled members, how many have contact data in the directory only."""
    if not report.contact_checked:
        return 0.0
    all_found = report.contact_found * max(1.0, unregistered / report.contact_checked)
    return min(1.0, all_found / enabled)


CHECK = Check(
    id="directory_contact_data",
    problems=("A4", "B2"),
    needs=(REGISTRATION, CONTACT_DATA),
    thresholds=(CRITICAL_PERCENT, REPORT_HOURS),
    codes={
        "none_found": State.HEALTHY,
        "some_found": State.WARNING,
        "many_found": State.CRITICAL,
        "not_looked_up": State.UNKNOWN,
        "nobody_enabled": State.NOT_APPLICABLE,
        **UNUSABLE,
    },
    link=f"{LEARN}/authentication/howto-sspr-authenticationdata",
    evaluate=evaluate,
)
