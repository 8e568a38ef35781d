"""The catalogue as a whole, and what one verdict takes away from another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import checks
from checks.audit_trail import AuditTrail
from checks.facts import AUDIT_TRAIL, ORGANIZATION, Facts, Organization, permissions
from shared.model import Known, State
from shared.settings import load

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SETTINGS = load(
    {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "SSPR_TENANT_ID": "00000000-0000-4000-8000-000000000001",
    },
    checks.THRESHOLDS,
)


def codes(**hours):
    times = {name: NOW - timedelta(hours=age) for name, age in hours.items() if name != "sync"}
    whole = AuditTrail(NOW, NOW, complete=True, behind=False)
    trail = msgspec.structs.replace(whole, **times)
    last = NOW - timedelta(hours=hours["sync"])
    facts = Facts(
        {ORGANIZATION.name: Known(Organization(True, last)), AUDIT_TRAIL.name: Known(trail)}
    )
    return {v.check: v.code for v in checks.assess(checks.CATALOGUE, facts, SETTINGS, NOW)}


def test_a_stopped_sync_takes_health_away_from_writeback():
    assert codes(sync=1, proven_at=2)["writeback"] == "writeback_proven"
    assert codes(sync=23, proven_at=2)["writeback"] == "writeback_proven"
    assert codes(sync=25, proven_at=2)["writeback"] == "capped_by_sync"


def test_a_stopped_sync_does_not_soften_a_problem_of_writeback():
    assert codes(sync=25, disabled_at=2)["writeback"] == "writeback_disabled"


def test_ids_are_unique_and_facts_too():
    ids = [check.id for check in checks.CATALOGUE]
    names = [fact.name for fact in checks.needed(checks.CATALOGUE)]
    assert len(ids) == len(set(ids))
    assert len(names) == len(set(names))


@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
def test_links_are_of_no_language(check):
    links = [check.link, *(check.links or {}).values()]
    assert all(link.startswith("https://learn.microsoft.com/") for link in links)
    assert not any("/en-" in link for link in links)
    assert (check.links or {}).keys() <= check.codes.keys()


@pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
def test_a_check_without_facts_is_unknown_and_nothing_else(check):
    (verdict,) = checks.assess([check], Facts({}), SETTINGS, NOW)
    assert (verdict.state, verdict.code) == (State.UNKNOWN, "not_collected")


def test_no_permission_can_write():
    for permission in permissions(checks.needed(checks.CATALOGUE)):
        assert ".Read" in permission
        assert "Write" not in permission
