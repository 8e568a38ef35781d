"""The pages that are tried, each as the name of a tenant and the rest of the address."""

from __future__ import annotations

from datetime import UTC, datetime

from local.gallery import Gallery, watched
from shared.store import close_stores
from simulator import scenario

NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
PAGES = {
    "broken": ("contoso", "status"),
    "unread": ("unread", "status"),
    "healthy": ("healthy", "status"),
    "a-day": ("healthy", "status?window=24h"),
    "stopped": ("stopped", "status"),
    "new": ("new", "status"),
    "pending": ("pending", "status"),
    "unreachable": ("unreachable", "status"),
    "check": ("contoso", "checks/registration"),
    "check-unread": ("unread", "checks/reset_attempts?window=30d"),
    "check-pending": ("pending", "checks/registration"),
    "code": ("healthy", "explain?q=SSPR_0029"),
    "codes": ("healthy", "explain"),
    "unknown-code": ("healthy", "explain?q=SSPR_0028"),
}


async def hang(storage: str) -> Gallery:
    """`contoso` has every kind of problem; `unread` may not read what most checks need."""
    try:
        tenants = {
            "contoso": await watched(storage, scenario("contoso"), NOW),
            "unread": await watched(
                storage, scenario("writeback-disabled"), NOW, lacks="AuditLog.Read.All"
            ),
            "healthy": await watched(storage, scenario("healthy"), NOW),
        }
    finally:
        await close_stores()
    return Gallery(tenants, NOW)
