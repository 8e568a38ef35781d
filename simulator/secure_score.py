"""The secure score of each of the last 90 days: https://learn.microsoft.com/graph/api/security-list-securescores."""

from collections.abc import Iterator
from datetime import timedelta

from .http import Ask, Reply
from .listing import document_page
from .people import stamp
from .schema import Document, documents
from .tenant import TENANT_ID, Tenant

_DAYS = 90
_SCORE = documents(
    "secureScore",
    "activeUserCount averageComparativeScores azureTenantId controlScores createdDateTime "
    "currentScore enabledServices id licensedUserCount maxScore vendorInformation",
)


def secure_scores(ask: Ask) -> Reply:
    """The newest first."""
    return document_page(ask, "security/secureScores", _SCORE, _scores(ask))


def _scores(ask: Ask) -> Iterator[Document]:
    """Of the past only the dates are right: every day shows the tenant as it is."""
    tenant = ask.tenant
    midnight = ask.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for age in range(_DAYS):
        day = midnight - timedelta(days=age)
        controls = _controls(tenant, stamp(day - timedelta(days=2) + timedelta(hours=13)))
        yield {
            "activeUserCount": sum(c.size for c in tenant.cohorts if c.enabled),
            "averageComparativeScores": [
                {"basis": "AllTenants", "averageScore": 52.86, "identityScore": 41.21},
                {
                    "basis": "TotalSeats",
                    "averageScore": 48.1,
                    "identityScore": 40.39,
                    # These two keys are capital on the wire, and their numbers strings.
                    "SeatSizeRangeLowerValue": "1",
                    "SeatSizeRangeUpperValue": "100",
                },
            ],
            "azureTenantId": TENANT_ID,
            "controlScores": controls,
            "createdDateTime": stamp(day),
            "currentScore": sum(float(str(control["score"])) for control in controls),
            "enabledServices": ["HasAADP1" if tenant.premium else "HasAADFree"],
            "id": f"{TENANT_ID}_{day:%Y-%m-%d}",
            "licensedUserCount": 0,
            "maxScore": 9.0,
            "vendorInformation": {
                "provider": "SecureScore",
                "providerVersion": None,
                "subProvider": None,
                "vendor": "Microsoft",
            },
        }


def _controls(tenant: Tenant, synced: str | None) -> list[Document]:
    # Nobody is counted in a tenant without P1, which gets full marks for that.
    members = [c for c in tenant.cohorts if c.enabled and not c.guest and tenant.premium]
    total = sum(c.size for c in members)
    count = sum(c.size for c in members if c.sspr_enabled)
    share = count / total if total else 1.0
    return [
        {
            "controlCategory": "Identity",
            "controlName": "PWAgePolicyNew",
            "description": "Passwords that never expire are chosen with more care.",
            "implementationStatus": "Your current policy is set to never let passwords expire.",
            "lastSynced": synced,
            "score": 8.0,
            "scoreInPercentage": 100.0,
        },
        {
            "controlCategory": "Identity",
            "controlName": "SelfServicePasswordReset",
            # An open type, and these two are strings.
            "count": str(count),
            "description": "Users who reset their own password need no help desk for it.",
            "implementationStatus": (
                f"You have {total - count} of {total} users who don't have self-service password "
                "reset enabled."
            ),
            "lastSynced": synced,
            "score": round(share, 2),
            "scoreInPercentage": round(100 * share, 2),
            "total": str(total),
        },
    ]
