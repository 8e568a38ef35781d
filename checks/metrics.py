"""The numbers that checks give, with their units: what can be asked of the trend by name.

Not every run gives all of them: there is no ratio of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

METRICS: Mapping[str, Mapping[str, str]] = {
    "writeback": {"proof_age": "seconds"},
    "writeback_attempts": {"attempts": "attempts", "failed": "ratio"},
    "directory_sync": {"sync_age": "seconds"},
    "password_hash_sync": {"password_sync_age": "seconds"},
    "cloud_sync_jobs": {"jobs_not_running": "objects", "failures_in_a_row": "failures"},
    "sync_conflicts": {"conflicts": "objects"},
    "connect_certificate": {"certificate_left": "seconds"},
    "premium_licence": {"users_without_licence": "users", "seats_free": "seats"},
    "sspr_enabled": {"enabled": "users"},
    "registration": {
        "users_enabled": "users",
        "users_registered": "users",
        "users_capable": "users",
        "users_coverage": "ratio",
        "administrators_enabled": "users",
        "administrators_registered": "users",
        "administrators_capable": "users",
        "administrators_coverage": "ratio",
    },
    "method_retirement": {"phones_only": "users", "questions_only": "users"},
    "directory_contact_data": {"contact_data_found": "users", "contact_data_share": "ratio"},
    "reset_attempts": {"attempts": "attempts", "given_up": "ratio", "success": "ratio"},
    "throttled_users": {"blocked": "users"},
    "unsupported_resets": {"resets_elsewhere": "resets"},
    "synced_administrators": {
        "synced_administrators": "users",
        "synced_global_administrators": "users",
    },
    "service_health": {"open_issues": "objects"},
    "endpoints": {"pages_unreachable": "objects"},
    "monitor_data": {"audit_age": "seconds", "report_age": "seconds"},
}
