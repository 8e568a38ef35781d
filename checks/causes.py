"""Which verdicts have one cause, so that people are told of it once."""

from __future__ import annotations

from checks import (
    connect_certificate,
    directory_contact_data,
    directory_sync,
    password_hash_sync,
    premium_licence,
    registration,
    reset_attempts,
    settings_changed,
    sspr_enabled,
    writeback,
    writeback_attempts,
)
from checks.attempts import Outcome
from shared.model import Verdict

_SYNC = directory_sync.CHECK.id
_WRITEBACK = writeback.CHECK.id

_ALWAYS = {
    password_hash_sync.CHECK.id: _SYNC,
    writeback_attempts.CHECK.id: _WRITEBACK,
    directory_contact_data.CHECK.id: registration.CHECK.id,
}
_BY_CODE = {
    (connect_certificate.CHECK.id, "certificate_expired"): _SYNC,
    (settings_changed.CHECK.id, "writeback_disabled"): _WRITEBACK,
}
_BY_REASON = {
    Outcome.WRITEBACK_OFF: _WRITEBACK,
    Outcome.ON_PREMISES: _WRITEBACK,
    Outcome.UNREACHABLE: _WRITEBACK,
    Outcome.NOT_REGISTERED: registration.CHECK.id,
    Outcome.NOT_LICENSED: premium_licence.CHECK.id,
    Outcome.NOT_ENABLED: sspr_enabled.CHECK.id,
}


def cause_of(verdict: Verdict) -> str:
    """The check that stands for the cause of a warning or critical verdict; often its own.

    What keeps people from resetting is the reason that most of their attempts failed for.
    """
    if verdict.check == reset_attempts.CHECK.id:
        counts = {reason: int(verdict.params.get(reason, 0)) for reason in _BY_REASON}
        most = max(counts, key=lambda reason: counts[reason])
        return _BY_REASON[most] if counts[most] else verdict.check
    by_code = _BY_CODE.get((verdict.check, verdict.code))
    return by_code or _ALWAYS.get(verdict.check, verdict.check)
