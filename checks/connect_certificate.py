"""The certificate that Microsoft Entra Connect signs in with is renewed in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from checks.check import LEARN, Check
from checks.dates import CONNECT_APPLICATION_AUTHENTICATION
from checks.engine_facts import CLOUD_SYNC_JOBS, CONNECT_CREDENTIALS
from checks.facts import ORGANIZATION, Facts
from shared.model import Evidence, Known, Metric, State, Verdict
from shared.settings import Settings, threshold

DAY = 86_400
NOTICE = timedelta(days=90)

WARNING_DAYS = threshold(
    "connect_certificate",
    "warning_days",
    27,
    unit="days",
    at_most=365,
    purpose="Days left of the certificate of Connect at which it should have been renewed.",
)
CRITICAL_DAYS = threshold(
    "connect_certificate",
    "critical_days",
    7,
    unit="days",
    at_most=365,
    purpose="Days left of the certificate of Connect below which it is critical.",
    under="warning_days",
)


def evaluate(facts: Facts, settings: Settings, now: datetime) -> Verdict:
    """Judge how long the newest certificate of an application that may synchronize is valid.

    | certificate                                     | verdict                              |
    |-------------------------------------------------|--------------------------------------|
    | more than 27 days left                          | healthy `certificate_valid`          |
    | so it is, but not that of another application   | warning `another_expiring`           |
    | 7 to 27 days left                               | warning `certificate_expiring`       |
    | less than 7 days left                           | critical `certificate_about_to_expire` |
    | it has expired                                  | critical `certificate_expired`       |
    | no application may synchronize                  | unknown `service_account`            |
    | none, and none of Cloud Sync, from 7 Jan 2027   | warning `service_account_ends`       |
    | the application has no certificate              | unknown `certificate_missing`        |
    | Connect's service is not known to the tenant    | not applicable `no_connect`          |
    | the tenant is not synced                        | not applicable `not_synced`          |

    It lasts 90 days and Connect renews it after 70% of them, on day 63, unless its scheduler is
    suspended: https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
    """
    organization = facts.need(ORGANIZATION)
    if not organization.value.hybrid:
        return CHECK.verdict("not_synced", as_of=organization.as_of)
    known = facts.need(CONNECT_CREDENTIALS)
    credentials = known.value
    if not credentials.service:
        return CHECK.verdict("no_connect", as_of=known.as_of)
    if not credentials.ends:
        return _without_application(facts, now, known.as_of)
    applications = len(credentials.ends)
    ends = sorted((end for end in credentials.ends if end), reverse=True)
    if not ends:
        return CHECK.verdict(
            "certificate_missing", params={"applications": applications}, as_of=known.as_of
        )
    left = [(end - now).total_seconds() for end in ends]
    warning, critical = settings[WARNING_DAYS] * DAY, settings[CRITICAL_DAYS] * DAY
    expiring = sum(seconds <= warning for seconds in left)
    if left[0] <= 0:
        code = "certificate_expired"
    elif left[0] < critical:
        code = "certificate_about_to_expire"
    elif left[0] <= warning:
        code = "certificate_expiring"
    else:
        code = "another_expiring" if expiring else "certificate_valid"
    return CHECK.verdict(
        code,
        params={
            "end_at": ends[0].isoformat(),
            "left_seconds": abs(left[0]),
            "applications": applications,
            "expiring": expiring,
            "first_end_at": ends[-1].isoformat(),
        },
        metrics={"certificate_left": Metric(left[0], "seconds")},
        evidence=tuple(
            Evidence(
                "applications.keyCredentials.endDateTime",
                end.isoformat(),
                f"{settings[WARNING_DAYS]:g} d / {settings[CRITICAL_DAYS]:g} d",
            )
            for end in ends
        ),
        as_of=known.as_of,
    )


def _without_application(facts: Facts, now: datetime, as_of: datetime | None) -> Verdict:
    """Connect signs in as a user, or is not there: a tenant with Cloud Sync may do without it."""
    jobs = facts.get(CLOUD_SYNC_JOBS)
    cloud_sync = isinstance(jobs, Known) and bool(jobs.value)
    soon = now.date() >= CONNECT_APPLICATION_AUTHENTICATION - NOTICE
    return CHECK.verdict(
        "service_account_ends" if soon and not cloud_sync else "service_account",
        params={"required_at": CONNECT_APPLICATION_AUTHENTICATION.isoformat()},
        evidence=(Evidence("holders of ADSynchronization.ReadWrite.All", 0, 1),),
        as_of=as_of,
    )


CHECK = Check(
    id="connect_certificate",
    problems=("A3a",),
    needs=(ORGANIZATION, CONNECT_CREDENTIALS, CLOUD_SYNC_JOBS),
    thresholds=(WARNING_DAYS, CRITICAL_DAYS),
    codes={
        "certificate_valid": State.HEALTHY,
        "another_expiring": State.WARNING,
        "certificate_expiring": State.WARNING,
        "service_account_ends": State.WARNING,
        "certificate_about_to_expire": State.CRITICAL,
        "certificate_expired": State.CRITICAL,
        "service_account": State.UNKNOWN,
        "certificate_missing": State.UNKNOWN,
        "no_connect": State.NOT_APPLICABLE,
        "not_synced": State.NOT_APPLICABLE,
    },
    link=f"{LEARN}/hybrid/connect/authenticate-application-id",
    evaluate=evaluate,
)
