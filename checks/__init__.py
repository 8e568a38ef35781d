"""What is judged. One module per check, pure: no I/O, no clock.

To add a check: write its module, add it to CATALOGUE, write docs/checks/<id>.md, and give it
sentences in shared/text/sentences.py. The tests say what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from checks import (
    admin_sspr,
    cloud_sync_jobs,
    connect_certificate,
    directory_contact_data,
    directory_sync,
    endpoints,
    method_migration,
    method_retirement,
    monitor_data,
    password_hash_sync,
    premium_licence,
    registration,
    reset_attempts,
    reset_service_principal,
    service_health,
    settings_changed,
    sspr_enabled,
    sync_conflicts,
    synced_administrators,
    throttled_users,
    unsupported_resets,
    writeback,
    writeback_attempts,
)
from checks.check import Check
from checks.facts import Fact, Facts, MissingFactError
from checks.plain import plain
from shared.model import Evidence, State, Verdict
from shared.settings import CHECKS_DISABLED, Problem, Settings, SettingsError, Threshold

logger = logging.getLogger(__name__)

CATALOGUE: tuple[Check, ...] = (
    writeback.CHECK,
    writeback_attempts.CHECK,
    reset_service_principal.CHECK,
    directory_sync.CHECK,
    password_hash_sync.CHECK,
    cloud_sync_jobs.CHECK,
    sync_conflicts.CHECK,
    connect_certificate.CHECK,
    premium_licence.CHECK,
    sspr_enabled.CHECK,
    registration.CHECK,
    method_retirement.CHECK,
    directory_contact_data.CHECK,
    method_migration.CHECK,
    reset_attempts.CHECK,
    throttled_users.CHECK,
    unsupported_resets.CHECK,
    admin_sspr.CHECK,
    synced_administrators.CHECK,
    settings_changed.CHECK,
    service_health.CHECK,
    endpoints.CHECK,
    monitor_data.CHECK,
)

BY_ID = {check.id: check for check in CATALOGUE}

# How bad it is when a check is critical, on the scale of Azure's alerts: 1 where people cannot
# reset their password now, 2 where they soon cannot, or fewer of them.
_WORST = frozenset(
    check.CHECK.id
    for check in (
        writeback,
        writeback_attempts,
        reset_service_principal,
        directory_sync,
        cloud_sync_jobs,
        premium_licence,
        sspr_enabled,
        reset_attempts,
    )
)
SEVERITIES = {check.id: 1 if check.id in _WORST else 2 for check in CATALOGUE}

# Some checks share a threshold; it is one setting.
THRESHOLDS: tuple[Threshold, ...] = tuple(
    dict.fromkeys(threshold for check in CATALOGUE for threshold in check.thresholds)
)


def enabled(settings: Settings) -> tuple[Check, ...]:
    """The checks that are not switched off. Raises SettingsError for an id that does not exist."""
    disabled = settings[CHECKS_DISABLED]
    if unknown := sorted(disabled - BY_ID.keys()):
        message = (
            f"{CHECKS_DISABLED.name} names {', '.join(unknown)!r}:"
            f" use ids among {', '.join(BY_ID)}, separated by commas."
        )
        raise SettingsError([Problem(CHECKS_DISABLED.name, message, message)])
    return tuple(check for check in CATALOGUE if check.id not in disabled)


def needed(checks: Iterable[Check]) -> tuple[Fact[Any], ...]:
    """The facts these checks need, each once, in order."""
    return tuple(dict.fromkeys(fact for check in checks for fact in check.needs))


def assess(
    checks: Iterable[Check], facts: Facts, settings: Settings, now: datetime
) -> tuple[Verdict, ...]:
    """Judge every check on its own: one that cannot be judged is unknown and harms no other.

    Then what one verdict takes away from another: while the directory is not synchronized, older
    evidence of writeback is no proof of health.
    """
    verdicts = tuple(_plain(_judge(check, facts, settings, now)) for check in checks)
    stopped = any(
        v.check == directory_sync.CHECK.id and v.state is State.CRITICAL for v in verdicts
    )
    return tuple(_capped(verdict) if stopped else verdict for verdict in verdicts)


_RESTS_ON_SYNC = frozenset({writeback.CHECK.id, writeback_attempts.CHECK.id})


def _capped(verdict: Verdict) -> Verdict:
    if verdict.check not in _RESTS_ON_SYNC or verdict.state is not State.HEALTHY:
        return verdict
    return msgspec.structs.replace(verdict, state=State.UNKNOWN, code="capped_by_sync")


def _plain(verdict: Verdict) -> Verdict:
    """Names of products and services are among the params and the evidence, as they came."""

    def told(value: Any) -> Any:
        return plain(value) if isinstance(value, str) else value

    return msgspec.structs.replace(
        verdict,
        params={name: told(value) for name, value in verdict.params.items()},
        evidence=tuple(
            Evidence(plain(one.source), told(one.observed), told(one.threshold))
            for one in verdict.evidence
        ),
    )


def _judge(check: Check, facts: Facts, settings: Settings, now: datetime) -> Verdict:
    try:
        verdict = check.evaluate(facts, settings, now)
        # What cannot be read back would be as good as never stored.
        return msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict)
    except MissingFactError as missing:
        unavailable = missing.unavailable
        return Verdict(
            check=check.id,
            state=State.UNKNOWN,
            code=unavailable.reason,
            params={"fact": missing.fact.name, "permission": unavailable.permission or ""},
            evidence=(Evidence(missing.fact.source, unavailable.detail or None),),
            permission=unavailable.permission,
        )
    except Exception:
        logger.exception("Check %s failed; it is unknown in this run", check.id)
        return Verdict(check=check.id, state=State.UNKNOWN, code="internal_error")
