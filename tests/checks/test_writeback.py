from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from checks.audit_trail import AuditTrail, caught_up, fold_events, read_audit_page
from checks.facts import AUDIT_TRAIL, ORGANIZATION, Organization
from checks.writeback import CHECK
from shared.model import Reason, State, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
START = NOW - timedelta(days=30)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def trail(**times):
    return AuditTrail(START, NOW, complete=True, behind=False, **times)


HYBRID = Organization(True)


def facts(trail, organization=HYBRID):
    return {ORGANIZATION: organization, AUDIT_TRAIL: trail}


@pytest.mark.parametrize(
    ("times", "code", "state"),
    [
        ({"proven_at": NOW - HOUR}, "writeback_proven", State.HEALTHY),
        ({"proven_at": NOW - 30 * DAY}, "writeback_proven", State.HEALTHY),
        ({"proven_at": NOW - 30 * DAY - SECOND}, "no_evidence", State.UNKNOWN),
        ({"enabled_at": NOW - DAY}, "writeback_unproven", State.WARNING),
        ({"disabled_at": NOW - DAY}, "writeback_disabled", State.CRITICAL),
        (
            {"disabled_at": NOW - DAY, "enabled_at": NOW - 2 * DAY},
            "writeback_disabled",
            State.CRITICAL,
        ),
        (
            {"disabled_at": NOW - 2 * DAY, "enabled_at": NOW - DAY},
            "writeback_unproven",
            State.WARNING,
        ),
        (
            {"disabled_at": NOW - DAY, "proven_at": NOW - HOUR},
            "writeback_proven",
            State.HEALTHY,
        ),
        (
            {"disabled_at": NOW - HOUR, "proven_at": NOW - DAY},
            "writeback_disabled",
            State.CRITICAL,
        ),
        ({"off_at": NOW - DAY}, "writeback_off_for_users", State.CRITICAL),
        ({"off_at": NOW - DAY - SECOND}, "no_evidence", State.UNKNOWN),
        ({"off_at": NOW - HOUR, "proven_at": NOW - SECOND}, "writeback_proven", State.HEALTHY),
        ({"on_premises_failed_at": NOW - DAY}, "writeback_failing", State.WARNING),
        ({"on_premises_failed_at": NOW - DAY - SECOND}, "no_evidence", State.UNKNOWN),
        (
            {"on_premises_failed_at": NOW - HOUR, "proven_at": NOW - SECOND},
            "writeback_proven",
            State.HEALTHY,
        ),
        ({"newest_event_at": NOW - HOUR}, "no_evidence", State.UNKNOWN),
    ],
    ids=[
        "proof", "proof at 30 d", "proof past 30 d", "enabled", "disabled", "enabled then disabled",
        "disabled then enabled", "disabled then proof", "proof then disabled", "refused at 24 h",
        "refused past 24 h", "refused then proof", "failed at 24 h", "failed past 24 h",
        "failed then proof", "other traffic only",
    ],
)  # fmt: skip
def test_the_newest_evidence_decides(judge, times, code, state):
    verdict = judge(CHECK, facts(trail(**times)))
    assert (verdict.code, verdict.state) == (code, state)


def test_no_traffic_is_not_health(judge):
    assert judge(CHECK, facts(trail())).state is State.UNKNOWN


def test_declared_on_without_a_proof_is_a_warning(judge):
    verdict = judge(CHECK, facts(trail()), SSPR_DECLARED_WRITEBACK="on@2026-11-01")
    assert verdict.code == "writeback_unproven"


def test_declared_off_does_not_apply(judge):
    verdict = judge(CHECK, facts(trail()), SSPR_DECLARED_WRITEBACK="off@2026-11-01")
    assert (verdict.code, verdict.state) == ("declared_off", State.NOT_APPLICABLE)


def test_nothing_is_concluded_before_the_first_look_back_is_through(judge):
    verdict = judge(CHECK, facts(AuditTrail(START, NOW - DAY, disabled_at=NOW - 2 * DAY)))
    assert verdict.code == "still_reading"


@pytest.mark.parametrize("enabled", [None, False], ids=["cloud only", "turned off"])
def test_a_tenant_that_is_not_synced_has_nothing_to_write_back(judge, enabled):
    verdict = judge(CHECK, facts(trail(off_at=NOW), Organization(enabled)))
    assert verdict.state is State.NOT_APPLICABLE


@pytest.mark.parametrize("reason", [Reason.PERMISSION_MISSING, Reason.LICENCE_MISSING])
def test_an_audit_log_that_cannot_be_read_is_unknown(judge, reason):
    verdict = judge(CHECK, facts(Unavailable(reason, AUDIT_TRAIL.permission)))
    assert (verdict.state, verdict.permission) == (State.UNKNOWN, "AuditLog.Read.All")


def test_thresholds_come_from_settings(judge):
    old = facts(trail(proven_at=NOW - 10 * DAY))
    assert judge(CHECK, old, SSPR_WRITEBACK_PROOF_DAYS="9").code == "no_evidence"
    failed = facts(trail(off_at=NOW - 5 * HOUR))
    assert judge(CHECK, failed, SSPR_WRITEBACK_FAILURE_HOURS="4").code == "no_evidence"


def event(activity, *, result="success", reason="", agent=None, hours=1.0):
    details = [] if agent is None else [{"key": "OnPremisesAgent", "value": agent}]
    return {
        "id": "SSPR_1",
        "activityDateTime": (NOW - timedelta(hours=hours)).isoformat(),
        "activityDisplayName": activity,
        "result": result,
        "resultReason": reason,
        "loggedByService": "Self-service Password Management",
        "initiatedBy": {"user": {"userPrincipalName": "kim@contoso.example"}, "app": None},
        "additionalDetails": details,
    }


def folded(*events):
    page = read_audit_page(msgspec.json.encode({"value": events}))
    return fold_events(AuditTrail(START, START), page.value)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (event("Enable password writeback for directory"), "enabled_at"),
        (event("Disable password writeback for directory", result=None), "disabled_at"),
        (event("Reset password (by admin)", agent="Microsoft Entra Connect"), "proven_at"),
        (event("Reset password (by admin)", agent="CloudSync"), "proven_at"),
        (event("Unlock user account (self-service)"), "proven_at"),
        (
            event(
                "Reset password (by admin)",
                agent="Microsoft Entra Connect",
                reason="OnPremisesSuccessCloudFailure",
            ),
            "proven_at",
        ),
        (
            event(
                "Self-service password reset flow activity progress",
                result="failure",
                reason="The user's password is managed on-premises. You can enable Password Writeback.",
            ),
            "off_at",
        ),
        (
            event("Reset password (self-service)", result="failure", reason="OnPremisesConnectivityError"),
            "on_premises_failed_at",
        ),
        (
            event("Reset password (self-service)", result="failure", reason="OnPremisesConnectivtyFailure."),
            "on_premises_failed_at",
        ),
        (
            event("Change password (self-service)", result="failure", reason=" onpremisesadminactionrequired "),
            "on_premises_failed_at",
        ),
    ],
    ids=[
        "enable", "disable", "connect", "cloud sync", "unlock", "written back, cloud failed",
        "writeback off", "connectivity", "misspelt", "admin action",
    ],
)  # fmt: skip
def test_an_event_is_evidence_of_one_kind(entry, kind):
    known = msgspec.structs.asdict(folded(entry))
    at = NOW - HOUR
    found = {name for name, value in known.items() if value == at}
    assert found == {kind, "newest_event_at", "read_until"}


@pytest.mark.parametrize(
    "entry",
    [
        event("Enable password writeback for directory", result="failure"),
        event("Reset password (by admin)", agent="None"),
        event("Reset password (by admin)", agent=""),
        event("Reset password (by admin)", agent="CloudSync", result="failure"),
        event("Reset password (self-service)"),
        event("Reset password (self-service)", result="failure", reason="FuzzyPolicyViolationInvalidPassword"),
        event("Unlock user account (self-service)", result="failure"),
        event("Something new", result="unknownFutureValue"),
    ],
    ids=[
        "toggle failed", "cloud only", "empty agent", "failed", "user reset", "weak password",
        "unlock failed", "unheard of",
    ],
)  # fmt: skip
def test_other_events_are_no_evidence(entry):
    known = msgspec.structs.asdict(folded(entry))
    at = NOW - HOUR
    assert {name for name, value in known.items() if value == at} == {
        "newest_event_at",
        "read_until",
    }


def test_reading_a_page_twice_changes_nothing():
    events = [event("Unlock user account (self-service)"), event("Reset password (self-service)")]
    assert folded(*events, *events) == folded(*events)


def test_an_event_with_nulls_everywhere_is_read():
    entry = dict.fromkeys(event("x")) | {"activityDateTime": NOW.isoformat()}
    assert folded(entry).newest_event_at == NOW


def test_no_user_is_kept():
    known = folded(event("Reset password (by admin)", agent="CloudSync"))
    assert b"kim" not in msgspec.json.encode(known)


def test_reading_to_the_end_completes_the_trail():
    known = caught_up(folded(event("x")), NOW)
    assert (known.complete, known.behind, known.read_until) == (True, False, NOW)
