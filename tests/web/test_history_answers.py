"""GET trend and GET changes beside the storage emulator: what is read, and what is answered."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

import checks
from checks.metrics import METRICS
from shared.history import OVERALL, Rollup, Spread
from shared.history import Day as StoredDay
from shared.model import Change, Metric, Run, State, Verdict
from shared.store import CHANGES, CURRENT, DAYS, RUNS, STATE, Store
from shared.web import trend as page
from shared.web.asked import RefusedError
from shared.web.changes import changes
from shared.web.trend import trend

NOW = datetime(2026, 11, 21, 12, 7, tzinfo=UTC)
SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STEP = timedelta(minutes=15)


class Counting(Store):
    """Counts the requests for rows, by table, and notes which columns of them are asked for."""

    def __init__(self, store):
        super().__init__(store._service, store._tenant)
        self.requests: Counter[str] = Counter()
        self.columns: set[str] = set()

    def _table(self, name):
        return CountingTable(super()._table(name), name, self.requests, self.columns)


class CountingTable:
    def __init__(self, table, name, requests, columns):
        self._table, self._name, self._requests, self._columns = table, name, requests, columns

    def __getattr__(self, name):
        return getattr(self._table, name)

    async def get_entity(self, *args, **kwargs):
        self._requests[self._name] += 1
        return await self._table.get_entity(*args, **kwargs)

    async def query_entities(self, *args, **kwargs):
        if self._name in (RUNS, DAYS):
            self._columns.update(kwargs["select"] or ["everything"])
        async for found in self._table.query_entities(*args, **kwargs).by_page():
            self._requests[self._name] += 1
            async for entity in found:
                yield entity


@pytest.fixture
async def store(world):
    made = Counting(world.store())
    await made.prepare()
    return made


def made(slot, state=State.HEALTHY, age=60.0):
    verdict = Verdict("directory_sync", state, "code", metrics={"sync_age": Metric(age, "seconds")})
    return Run("t", slot, slot, 1.0, 4, (verdict,))


def day(date, state=State.HEALTHY):
    rollup = Rollup(
        {state: 86_400.0}, {state: 96}, {"sync_age": Spread(1.0, 2.0, 3.0, 96, "seconds")}
    )
    return StoredDay(date, {"directory_sync": rollup, OVERALL: rollup})


async def asked_of(ask, store, now=NOW, **params):
    answer = await trend(ask(now, **params), store, checks.BY_ID, METRICS)
    return json.loads(answer.body) if answer.media_type == "application/json" else answer


async def test_a_week_of_runs_is_told_with_gaps_and_all(ask, store):
    for number in (2, 1, 0):
        await store.add_run(made(SLOT - number * STEP, age=float(number)))
    await store.add_run(made(SLOT - timedelta(days=7), State.CRITICAL, 9.0))
    document = await asked_of(ask, store, check="directory_sync")
    assert (document["schema"], document["window"], document["by"]) == (
        "sspr-trend/1",
        "7d",
        "run",
    )
    assert (document["from"], document["to"]) == ("2026-11-14T12:07:00Z", "2026-11-21T12:07:00Z")
    # The run of a week ago began before the window and speaks into it for eight minutes.
    assert document["times"] == [
        "2026-11-14T12:07:00Z",
        "2026-11-14T12:15:00Z",
        "2026-11-21T11:30:00Z",
        "2026-11-21T11:45:00Z",
        "2026-11-21T12:00:00Z",
    ]
    assert document["gaps"] == [{"from": "2026-11-14T12:15:00Z", "to": "2026-11-21T11:30:00Z"}]
    (check,) = document["checks"]
    (series,) = check["series"]
    assert series == {
        "metric": "sync_age",
        "unit": "seconds",
        "values": [9.0, None, 2.0, 1.0, 0.0],
    }
    assert check["uptime"] == pytest.approx(37 / 45)
    assert check["shares"]["critical"] == pytest.approx(8 / (7 * 1440))
    assert sum(check["shares"].values()) == pytest.approx(1)
    assert (document["latest_slot"], document["stale"]) == (None, True)


async def test_a_year_of_one_check_is_one_page_of_days(ask, store):
    for number in range(372):
        await store.set_day(day((NOW - timedelta(days=number)).date()), None)
    store.requests.clear()
    document = await asked_of(ask, store, window="365d", check="directory_sync")
    assert store.requests == {DAYS: 1, CHANGES: 1, STATE: 1}
    assert (document["by"], len(document["times"])) == ("day", 365)
    (check,) = document["checks"]
    assert (len(check["periods"]), check["uptime"], check["shares"]["gap"]) == (365, 1, 0)
    (series,) = check["series"]
    assert {(len(values), values[0]) for values in (series["values"], series["most"])} == {
        (365, 2.0),
        (365, 3.0),
    }


@pytest.mark.parametrize(("window", "runs"), [("24h", 2), ("7d", 2), ("30d", 2), ("90d", 0)])
async def test_windows_up_to_30_days_are_made_of_runs(ask, store, window, runs):
    document = await asked_of(ask, store, window=window)
    assert store.requests[RUNS] == runs
    assert document["by"] == ("run" if runs else "day")


@pytest.mark.parametrize("window", ["30d", "365d"])
async def test_of_one_check_no_other_is_read(ask, store, window):
    await asked_of(ask, store, window=window, check="directory_sync")
    assert {name for name in store.columns if name.startswith("c_")} == {"c_directory_sync"}
    assert not store.columns & {"everything", "document"}


async def test_runs_that_are_not_kept_for_long_enough_are_told_by_day(ask, store):
    settings = {"SSPR_KEEP_RUNS": "14"}
    document = await asked_of(ask, store, window="30d", settings=settings)
    assert (document["by"], store.requests[RUNS]) == ("day", 0)
    assert (await asked_of(ask, store, window="7d", settings=settings))["by"] == "run"


async def test_more_runs_than_one_answer_may_read_are_told_by_day(ask, store, monkeypatch):
    monkeypatch.setattr(page, "MOST_STATES", 2)
    await store.add_run(made(SLOT))
    await store.add_run(made(SLOT - STEP))
    assert (await asked_of(ask, store, check="directory_sync"))["by"] == "run"
    await store.add_run(made(SLOT - 2 * STEP))
    assert (await asked_of(ask, store, check="directory_sync"))["by"] == "day"


async def test_without_a_check_all_that_are_watched_are_told(ask, store):
    document = await asked_of(ask, store, settings={"SSPR_CHECKS_DISABLED": "endpoints"})
    told = [check["id"] for check in document["checks"]]
    assert told == [OVERALL, *(check for check in checks.BY_ID if check != "endpoints")]
    assert document["checks"][0]["title"] == "Everything together"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"window": "5d"}, "24h, 7d, 30d, 90d, 365d"),
        ({"check": "weather"}, "overall, writeback, "),
        ({"metric": "rain"}, "sync_age"),
        ({"format": "text"}, "json, csv"),
    ],
)
async def test_an_unknown_value_is_refused_with_those_that_are_allowed(ask, store, params, told):
    with pytest.raises(RefusedError) as refused:
        await asked_of(ask, store, **params)
    answer = refused.value.answer
    (name,) = params
    problem = json.loads(answer.body)
    assert (answer.status, problem["title"]) == (400, f"The value of {name} is not understood")
    assert told in problem["detail"]


async def test_before_the_first_run_there_is_nothing_but_a_gap(ask, store, monkeypatch):
    for name in ("RUNS", "DAYS", "CHANGES"):
        monkeypatch.setattr(f"shared.store.{name}", f"{name}Missing")
    for window in ("7d", "90d"):
        document = await asked_of(ask, store, window=window, check="overall")
        assert document["checks"][0]["shares"]["gap"] == 1
        assert (document["checks"][0]["uptime"], document["stale"]) == (None, True)
    assert (await changes_of(ask, store))["changes"] == []


async def test_metrics_are_narrowed_to_the_one_that_is_asked_for(ask, store):
    await store.add_run(made(SLOT))
    for metric, count in (("sync_age", 1), ("attempts", 0)):
        document = await asked_of(ask, store, check="directory_sync", metric=metric)
        assert len(document["checks"][0]["series"]) == count


async def test_a_trend_says_whether_the_status_is_stale(ask, store, world):
    await store.add_run(made(SLOT))
    from shared.confirm import stand

    current = stand(None, made(SLOT), confirm_after=2, recover_after=2)
    await store.set_state(CURRENT, current, None)
    for later, stale in ((STEP, False), (2 * STEP, False), (2.1 * STEP, True)):
        document = await asked_of(ask, store, now=SLOT + later, window="24h")
        assert (document["latest_slot"], document["stale"]) == ("2026-11-21T12:00:00Z", stale)


async def test_a_trend_opens_in_a_spreadsheet(ask, store):
    for number in (1, 0):
        await store.add_run(made(SLOT - number * STEP, age=-1.5))
    answer = await asked_of(ask, store, window="24h", check="directory_sync", format="csv")
    assert answer.media_type == "text/csv"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="sspr-trend-24h-2026-11-21.csv"'
    )
    text = answer.body.decode("ascii")
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["state"] for row in rows] == ["gap", "healthy", "healthy"]
    assert [row["sync_age (seconds)"] for row in rows] == ["", "-1.5", "-1.5"]
    assert rows[1] | {"from (UTC)": "2026-11-21 11:45:00", "healthy (seconds)": "900.0"} == rows[1]
    assert (rows[0]["gap (seconds)"], rows[0]["uptime (ratio)"]) == ("85080.0", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_no_cell_is_a_formula_whatever_was_stored(ask, store, start):
    name, unit = f'{start}HYPERLINK("https://contoso.example")', f"{start}1,2"
    verdict = Verdict("directory_sync", State.HEALTHY, "x", metrics={name: Metric(-1.0, unit)})
    await store.add_run(Run("t", SLOT, SLOT, 1.0, 4, (verdict,)))
    answer = await asked_of(ask, store, check="directory_sync", format="csv", window="24h")
    rows = list(csv.reader(StringIO(answer.body.decode(), newline="")))
    texts = [cell for row in rows for cell in row if not _is_number(cell)]
    assert any(name in cell for cell in texts)
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


async def test_a_trend_has_the_changes_of_each_check_in_its_window(ask, store):
    await store.add_changes([change(SLOT), change(SLOT - timedelta(days=8))])
    document = await asked_of(ask, store, check="directory_sync")
    (told,) = document["checks"][0]["changes"]
    assert (told["after"], told["confirmed_at"]) == ("critical", "2026-11-21T12:00:00Z")
    assert document["changes_complete"]


async def test_a_trend_says_when_there_were_too_many_changes_to_tell(ask, store, monkeypatch):
    monkeypatch.setattr(page, "MOST_CHANGES", 2)
    await store.add_changes(change(SLOT - number * STEP) for number in range(3))
    document = await asked_of(ask, store, check="directory_sync")
    assert len(document["checks"][0]["changes"]) == 2
    assert not document["changes_complete"]


def change(slot, check="directory_sync"):
    return Change(check, slot, slot - STEP, State.HEALTHY, State.CRITICAL, "sync_stopped", 3600.0)


async def changes_of(ask, store, **params):
    return json.loads((await changes(ask(NOW, **params), store)).body)


async def test_changes_are_paged_newest_first_without_one_lost_or_twice(ask, store):
    # Two in the same second lie on both sides of a page's end.
    slots = [SLOT, SLOT, SLOT - STEP, SLOT - 2 * STEP, SLOT - 2 * STEP]
    ids = ["writeback", "directory_sync", "writeback", "writeback", "directory_sync"]
    await store.add_changes(map(change, slots, ids))
    pages: list[list[tuple[str, str]]] = []
    params = {"limit": "2"}
    for _ in range(3):
        page = await changes_of(ask, store, **params)
        pages.append([(found["confirmed_at"], found["check"]) for found in page["changes"]])
        params["after"] = page["next"]
    assert page["next"] is None
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [found for page in pages for found in page] == [
        ("2026-11-21T12:00:00Z", "directory_sync"),
        ("2026-11-21T12:00:00Z", "writeback"),
        ("2026-11-21T11:45:00Z", "writeback"),
        ("2026-11-21T11:30:00Z", "directory_sync"),
        ("2026-11-21T11:30:00Z", "writeback"),
    ]


async def test_changes_begin_where_they_are_asked_to(ask, store):
    await store.add_changes(change(SLOT - number * STEP) for number in range(4))
    document = await changes_of(ask, store, since="2026-11-21T11:30:00Z")
    assert [found["confirmed_at"][11:16] for found in document["changes"]] == [
        "12:00",
        "11:45",
        "11:30",
    ]
    assert document["next"] is None


async def test_a_change_is_told_with_its_title_or_the_id_of_a_check_that_is_gone(ask, store):
    await store.add_changes([change(SLOT), change(SLOT, "weather")])
    first, second = (await changes_of(ask, store))["changes"]
    assert first == {
        "check": "directory_sync",
        "title": "Directory synchronization is fresh",
        "before": "healthy",
        "after": "critical",
        "code": "sync_stopped",
        "since": "2026-11-21T11:45:00Z",
        "confirmed_at": "2026-11-21T12:00:00Z",
        "lasted_seconds": 3600.0,
    }
    assert second["title"] == "weather"


@pytest.mark.parametrize(
    "after",
    ["x", "\xff", "fn5+", "fg", "MTIzNDU2Nzg5MC0n", "A" * 2000, "8204737599-writeback"],
)
async def test_a_continuation_that_is_none_is_refused(ask, store, after):
    with pytest.raises(RefusedError) as refused:
        await changes_of(ask, store, after=after)
    assert b"Use `next` of the page before" in refused.value.answer.body
    assert not store.requests
