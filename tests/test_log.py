"""A run explains itself in ten lines, whatever it met; and they can be read by machines."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest

import checks
import monitor
from shared import log, telemetry
from shared.model import Reason, Run, State, Unavailable
from simulator import scenario
from tests.conftest import NOW

OURS = {"monitor", "collect.sweep", "shared.graph.client"}
FIELD = re.compile(r'(\S+?)=("(?:[^"\\]|\\.)*"|\S+)')


@pytest.fixture
def explained(world, caplog):
    """Runs the next slot; the lines of all loggers, as the app leaves them, and what was run."""
    levels = {name: logging.getLogger(name).level for name in telemetry._TALKATIVE}
    telemetry.quieten()

    async def run():
        caplog.clear()
        world.graph.advance(timedelta(minutes=15))
        with caplog.at_level(logging.INFO):
            done = await monitor.run(
                world.settings(), world.store(), world.graph.now(), connect=world.connect
            )
        return done, [*caplog.records]

    yield run
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def fields(records, event):
    """Of the one line of this event, out of its text, as the query in docs/runbook.md has them."""
    (found,) = [r for r in records if r.getMessage().startswith(f"{event} slot=")]
    read = {name: value.strip('"') for name, value in FIELD.findall(found.getMessage())}
    attributes = {k.removeprefix("sspr."): v for k, v in vars(found).items() if "sspr." in k}
    assert {name: str(value) for name, value in attributes.items()} == read
    return read


def of_state(run, state):
    return ", ".join(f"{v.check} {v.code}" for v in run.verdicts if v.state is state)


async def whole(world):
    pass


async def nothing_permitted(world):
    world.environment["SSPR_GRAPH_TOKEN"] = world.graph.token([])


async def throttled(world):
    world.graph.fail("*", status=429, times=None)


async def signed_out(world):
    world.environment["SSPR_GRAPH_TOKEN"] = "of-another-simulator"


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("healthy", whole),
        ("contoso", whole),
        ("cloud-only", whole),
        ("outage", whole),
        ("healthy", nothing_permitted),
        ("healthy", throttled),
        ("healthy", signed_out),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_ten_lines_explain_a_run(world, explained, name, trouble):
    world.graph.tenant = scenario(name)
    await trouble(world)
    for _ in ("the first, which reads everything", "any other"):
        done, records = await explained()
        assert len(records) <= 10
        assert {record.name for record in records} <= OURS
        which = {
            "slot": done.slot.isoformat().replace("+00:00", "Z"),
            "tenant": world.environment["SSPR_TENANT_ID"],
        }
        ran, judged = fields(records, "run"), fields(records, "judged")
        assert which.items() <= ran.items()
        assert ran["state"] == done.state
        assert float(ran["seconds"]) == done.duration
        assert int(ran["graph_requests"]) == done.graph_requests > 0
        assert int(ran["checks"]) == len(done.verdicts) == len(checks.CATALOGUE)
        assert {state: judged.get(state, "") for state in State} == {
            state: of_state(done, state) for state in State
        }
        confirmed = fields(records, "confirmed")
        assert which.items() <= confirmed.items()
        assert confirmed["state"] in {*map(str, State)}
        unread = fields(records, "unread") if int(ran["unread"]) else {}
        lost = {v.params["fact"]: v for v in done.verdicts if v.params and "fact" in v.params}
        for fact, verdict in lost.items():
            assert re.search(rf"\b{fact}\b", unread[verdict.code])
            assert (verdict.permission or "") in unread[verdict.code]
        assert bool(lost) is bool(unread)


async def test_what_changed_is_a_line(world, explained):
    world.graph.tenant = scenario("healthy")
    await explained()
    world.graph.tenant = scenario("administrators-blocked")
    lines = [fields((await explained())[1], "confirmed") for _ in range(2)]
    assert [line["changes"] for line in lines] == ["0", "1"]
    assert lines[1]["changed"] == "admin_sspr healthy to warning administrators_in_dead_end"


async def test_a_slot_that_is_stored_is_told_as_such(world, explained):
    done, _ = await explained()
    world.graph.advance(timedelta(minutes=-15))
    again, records = await explained()
    assert again == done
    assert [record.getMessage() for record in records] == [
        f"stored slot=2026-11-21T12:15:00Z tenant={done.tenant} graph_requests=0"
    ]


def test_every_reason_at_once_is_still_one_line():
    unread = {f"fact_{reason}": Unavailable(reason) for reason in Reason}
    run = log.of_run(made(), unread)
    (line,) = [line for line in run if line.event == "unread"]
    assert line.fields.keys() == {"slot", "tenant", *Reason}


@pytest.mark.parametrize(
    "detail",
    ["Object of type `int` at $.value[0].displayName", "403 M. Müller", "n0b0dy@contoso.example"],
)
def test_what_may_quote_an_answer_is_left_out(detail):
    lines = log.of_run(made(), {"organization": Unavailable(Reason.MALFORMED, detail=detail)})
    assert [str(line) for line in lines][-1].endswith(" malformed=organization")


def made():
    return Run("t", NOW, NOW, 1.5, 4, ())
