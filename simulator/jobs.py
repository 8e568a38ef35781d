"""The jobs of Cloud Sync: https://learn.microsoft.com/graph/api/synchronization-synchronization-list-jobs."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from .applications import CLOUD_SYNC
from .people import digest, fine_stamp, guid
from .schema import Document
from .tenant import DOMAIN, Engine, Tenant

# A date that never was; sent in some of the fields that cannot be null.
ZERO = "0001-01-01T00:00:00Z"

_USERS = "AD2AADProvisioning"
_PASSWORDS = "AD2AADPasswordHash"
_COUNTS = (
    "countEntitled",
    "countEntitledForProvisioning",
    "countEscrowed",
    "countEscrowedRaw",
    "countExported",
    "countExports",
    "countImported",
    "countImportedDeltas",
    "countImportedReferenceDeltas",
)
_ERROR: Document = {
    "code": "HybridSynchronizationActiveDirectoryInvalidCredentials",
    "message": "The password of the account that the agent signs in with is not valid.",
    "tenantActionable": True,
}


def jobs(tenant: Tenant, app_id: str, started: datetime, now: datetime) -> list[Document]:
    """The jobs of a service principal: two for Cloud Sync's own, none for all others."""
    if tenant.sync.engine is not Engine.CLOUD_SYNC or app_id != CLOUD_SYNC:
        return []
    last = tenant.sync.last(started, now) or started
    stuck = tenant.sync.quarantined_for
    return [
        _job(tenant, _USERS, started, last),
        _job(tenant, _PASSWORDS, started, last)
        if stuck is None or now < started - stuck
        else _in_quarantine(tenant, _PASSWORDS, started, started - stuck, now),
    ]


def _job(tenant: Tenant, template: str, started: datetime, last: datetime) -> dict[str, Any]:
    return {
        "id": f"{template}.{guid(tenant.seed, template).replace('-', '')}",
        "templateId": template,
        "schedule": {"expiration": None, "interval": "PT2M", "state": "Active"},
        "status": {
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": False,
            "code": "Active",
            "lastSuccessfulExecutionWithExports": None,
            "quarantine": None,
            "steadyStateFirstAchievedTime": fine_stamp(started - timedelta(days=400)),
            "steadyStateLastAchievedTime": fine_stamp(last),
            "troubleshootingUrl": "",
            "lastExecution": _execution(
                "Succeeded", fine_stamp(last - timedelta(seconds=20)), fine_stamp(last), template
            ),
            # Only the end is known of the one before.
            "lastSuccessfulExecution": _execution(
                "Succeeded", ZERO, fine_stamp(last - timedelta(minutes=4)), None
            ),
            "progress": [],
            "synchronizedEntryCountByType": _synchronized(tenant) if template == _USERS else [],
        },
        "synchronizationJobSettings": _settings(),
    }


def _in_quarantine(
    tenant: Tenant, template: str, started: datetime, since: datetime, now: datetime
) -> Document:
    """It is tried more and more rarely, up to once a day."""
    job = _job(tenant, template, started, since)
    status = job["status"]
    began = now - timedelta(minutes=digest(tenant.seed, "quarantine") % 50 + 5)
    return job | {
        "status": {
            **status,
            "countSuccessiveCompleteFailures": 12,
            "code": "Quarantine",
            "lastExecution": _execution(
                "Failed", fine_stamp(began), fine_stamp(began + timedelta(seconds=9)), template
            )
            | {"error": _ERROR},
            "quarantine": {
                "currentBegan": fine_stamp(since),
                "nextAttempt": fine_stamp(now + timedelta(hours=3)),
                "reason": "EncounteredQuarantineException",
                "seriesBegan": fine_stamp(since),
                "seriesCount": 3,
                "error": _ERROR,
            },
            "troubleshootingUrl": None,
        }
    }


def _execution(state: str, began: str, ended: str, activity: str | None) -> dict[str, object]:
    return {
        "activityIdentifier": activity and guid(activity, ended),
        **dict.fromkeys(_COUNTS, 0),
        "state": state,
        "error": None,
        "timeBegan": began,
        "timeEnded": ended,
    }


def _synchronized(tenant: Tenant) -> list[Document]:
    counted = {
        "group to Group": sum(group.size for group in tenant.groups if group.synced),
        "user to User": sum(cohort.size for cohort in tenant.cohorts if cohort.synced),
    }
    return [{"key": key, "value": value} for key, value in counted.items()]


def _settings() -> list[Document]:
    directory = {
        "DomainFQDN": f"corp.{DOMAIN}",
        "DomainNetBios": "CORP",
        "ForestFQDN": f"corp.{DOMAIN}",
        "ForestNetBios": "CORP",
    }
    settings = {
        "Domain": msgspec.json.encode(directory).decode(),
        **directory,
        "QuarantineTooManyDeletesThreshold": "500",
    }
    return [{"name": name, "value": value} for name, value in settings.items()]
