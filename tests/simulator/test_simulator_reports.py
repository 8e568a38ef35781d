"""Registration rows and the audit log."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator import Simulator, scenario

Call = Callable[..., Awaitable[Any]]

DETAILS = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
AUDITS = "/v1.0/auditLogs/directoryAudits"
SSPR = "loggedByService eq 'Self-service Password Management'"


async def _everything(graph: Simulator, call: Call, link: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while link:
        graph.advance(timedelta(seconds=2))
        answer = await call(link)
        assert answer.status == 200, answer.raw
        rows += answer.rows
        link = answer.body.get("@odata.nextLink", "")
    return rows


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def test_the_report_holds_guests_but_nobody_who_is_disabled(
    graph: Simulator, call: Call
) -> None:
    rows = await _everything(graph, call, f"{DETAILS}?$top=999&$select=id,userType")
    assert len({row["id"] for row in rows}) == len(rows) == 2000 - 158
    assert sum(row["userType"] == "guest" for row in rows) == 140
    users = await call("/v1.0/users?$filter=accountEnabled eq false&$top=999&$select=id")
    assert not {row["id"] for row in users.rows} & {row["id"] for row in rows}


async def test_rows_are_recomputed_daily_and_are_12_to_36_hours_old(
    graph: Simulator, call: Call
) -> None:
    link = f"{DETAILS}?$top=200&$select=lastUpdatedDateTime"
    before = [_moment(row["lastUpdatedDateTime"]) for row in (await call(link)).rows]
    for stamp in before:
        assert timedelta(hours=12) <= graph.now() - stamp <= timedelta(hours=36)
    assert len(set(before)) == len(before)
    graph.advance(timedelta(days=1))
    after = [_moment(row["lastUpdatedDateTime"]) for row in (await call(link)).rows]
    assert after == [stamp + timedelta(days=1) for stamp in before]


@pytest.mark.parametrize(
    ("filter_", "rows"),
    [
        ("isSsprEnabled eq true and isSsprRegistered eq false", 50),
        ("isSsprCapable eq true", 1612),
        ("methodsRegistered/any(t:t eq 'passKeyDeviceBound')", 280),
        ("userPrincipalName eq 'nobody@contoso.example'", 0),
    ],
)
async def test_documented_filters_of_the_report_work(
    graph: Simulator, call: Call, filter_: str, rows: int
) -> None:
    link = f"{DETAILS}?$top=999&$select=id&$filter={filter_}"
    assert len(await _everything(graph, call, link)) == rows


@pytest.mark.parametrize(
    "query",
    [
        "$filter=isAdmin eq true",
        "$filter=isSsprEnabled ne true",
        "$filter=isSsprEnabled eq true or isSsprCapable eq true",
        "$filter=not isSsprEnabled eq true",
        "$top=1000",
        "$count=true",
        "$select=shoeSize",
        "$skiptoken=garbage",
    ],
)
async def test_undocumented_questions_to_the_report_are_refused(call: Call, query: str) -> None:
    assert (await call(f"{DETAILS}?{query}")).status == 400


async def test_the_log_is_newest_first_unless_asked_otherwise(call: Call) -> None:
    newest = [row["activityDateTime"] for row in (await call(f"{AUDITS}?$top=50")).rows]
    oldest = await call(f"{AUDITS}?$top=50&$orderby=activityDateTime asc")
    assert newest == sorted(newest, reverse=True)
    ascending = [row["activityDateTime"] for row in oldest.rows]
    assert ascending == sorted(ascending)
    assert ascending[0] < newest[-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_of_the_log_miss_and_repeat_nothing(
    graph: Simulator, call: Call, order: str
) -> None:
    since = "2026-11-20T06:00:00Z"
    until = "2026-11-21T06:00:00Z"
    query = f"$filter={SSPR} and activityDateTime ge {since} and activityDateTime le {until}"
    paged = await _everything(
        graph, call, f"{AUDITS}?{query}&$orderby=activityDateTime {order}&$top=7"
    )
    graph.advance(timedelta(seconds=20))
    whole = (await call(f"{AUDITS}?{query}&$orderby=activityDateTime {order}")).rows
    assert [row["id"] for row in paged] == [row["id"] for row in whole]
    assert len(whole) > 50
    assert all(row["activityDateTime"] >= since for row in whole)


async def test_events_show_after_the_log_delay_and_vanish_with_the_retention(
    graph: Simulator, call: Call
) -> None:
    rows = await _everything(graph, call, f"{AUDITS}?$select=id,activityDateTime")
    stamps = [_moment(row["activityDateTime"]) for row in rows]
    assert max(stamps) <= graph.now() - timedelta(minutes=10)
    assert min(stamps) >= graph.now() - timedelta(days=30)
    assert min(stamps) < graph.now() - timedelta(days=29, hours=20)
    graph.tenant = scenario("free-tier")
    graph.advance(timedelta(seconds=20))
    [first] = (await call(f"{AUDITS}?$orderby=activityDateTime asc&$top=1")).rows
    age = graph.now() - _moment(first["activityDateTime"])
    assert timedelta(days=6) < age <= timedelta(days=7)


async def test_traffic_goes_on_as_the_clock_moves_and_the_past_stays_as_it_was(
    graph: Simulator, call: Call
) -> None:
    def query(since: str) -> str:
        return (
            f"{AUDITS}?$filter={SSPR} and activityDateTime ge {since}&$orderby=activityDateTime asc"
        )

    before = (await call(query("2026-11-21T00:00:00Z"))).rows
    graph.advance(timedelta(hours=6))
    after = (await call(query("2026-11-21T00:00:00Z"))).rows
    assert after[: len(before)] == before
    assert len(after) > len(before) + 10
    graph.advance(timedelta(days=9))
    assert len((await call(query("2026-11-30T00:00:00Z"))).rows) > 20


async def test_an_attempt_and_its_progress_share_a_correlation_id(call: Call) -> None:
    answer = await call(f"{AUDITS}?$filter=activityDisplayName eq 'Reset password (self-service)'")
    reset = next(row for row in answer.rows if row["result"] == "success")
    flow = (
        await call(
            f"{AUDITS}?$filter=correlationId eq '{reset['correlationId']}'"
            "&$orderby=activityDateTime asc"
        )
    ).rows
    assert [row["resultReason"].strip() for row in flow] == [
        "User submitted their user ID",
        "User completed all verification steps required",
        "User submitted a new password",
        "Successfully completed reset.",
        "User successfully reset password",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "$filter=result eq 'failure'",
        "$filter=activityDateTime ge '2026-11-20T00:00:00Z'",
        "$filter=activityDateTime gt 2026-11-20T00:00:00Z",
        f"$filter={SSPR} or category eq 'UserManagement'",
        "$filter=category ne 'UserManagement'",
        "$filter=startswith(category,'User')",
        "$filter=nonsense eq 'x'",
    ],
)
async def test_the_log_refuses_other_filters(call: Call, query: str) -> None:
    answer = await call(f"{AUDITS}?{query}")
    assert answer.error == "400 BadRequest"
    assert answer.body["error"]["message"].startswith("Invalid filter clause")


@pytest.mark.parametrize(
    "query", ["$top=1001", "$top=0", "$orderby=category", "$count=true", "$skiptoken=x"]
)
async def test_the_log_refuses_other_options(call: Call, query: str) -> None:
    assert (await call(f"{AUDITS}?{query}")).status == 400


@pytest.mark.parametrize(
    "filter_",
    [
        "startswith(activityDisplayName,'Reset password')",
        "category eq 'DirectoryManagement'",
        "initiatedBy/app/displayName eq 'Microsoft password reset service'",
        "targetResources/any(t:startswith(t/displayName,'A'))",
    ],
)
async def test_documented_filters_of_the_log_find_something(call: Call, filter_: str) -> None:
    assert (await call(f"{AUDITS}?$filter={filter_}&$top=1")).rows
