import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from local.table import show

LINK = "https://learn.example/" + "a-long-way-to-the-remedy/" * 5
URL = "http://127.0.0.1:7071/api/status"


def check(title: str, state: str, sentence: str = "As it should be.") -> dict[str, Any]:
    fix = None if state == "healthy" else f"Mend {title}."
    return {
        "id": title,
        "title": title,
        "state": state,
        "sentence": sentence,
        "fix": fix,
        "link": LINK,
    }


def document(*checks: dict[str, Any], stale: bool = False) -> dict[str, Any]:
    return {
        "tenant": "contoso.example",
        "state": "critical",
        "sentence": "Users cannot reset their password.",
        "slot": "2026-11-21T09:45:00Z",
        "stale": stale,
        "checks": list(checks),
        "unreadable": [],
    }


def printed(
    shown: dict[str, Any], *, width: int = 80, terminal: bool = False, once: bool = False
) -> str:
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=terminal, highlight=False)
    next_run = None if once else datetime(2026, 11, 21, 10, tzinfo=UTC)
    show(console, shown, URL, next_run)
    return output.getvalue()


ALL = [
    check("Agents", "healthy"),
    check("Writeback", "not_applicable"),
    check("Licences", "unknown"),
    check("Directory sync", "critical", "Nothing has been synchronised for three hours. " * 3),
    check("Registration", "warning", "[bold]40%[/] are registered."),
]


def test_the_worst_comes_first_and_the_state_is_a_word() -> None:
    words = ["critical", "warning", "unknown", "healthy", "not applicable"]
    lines = printed(document(*ALL)).splitlines()
    table = [line for line in lines if line[2:].startswith(tuple(words))]
    assert [line[2:16].strip() for line in table[:5]] == words


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_and_links_stay_whole(width: int) -> None:
    lines = printed(document(*ALL), width=width).splitlines()
    assert [line for line in lines if len(line) > width and LINK not in line] == []
    assert sum(line.strip() == LINK for line in lines) == len(ALL)


def test_a_sentence_is_printed_as_it_is() -> None:
    assert "[bold]40%[/] are registered." in printed(document(*ALL))


def test_what_one_missing_permission_explains_is_told_once() -> None:
    checks = [check("Sync", "unknown"), check("Licences", "unknown"), check("Policy", "unknown")]
    cause = {"checks": ["Sync", "Licences"], "fix": "Grant Some.Read.All.", "sentence": "No."}
    shown = printed({**document(*checks), "unreadable": [cause]})
    assert shown.count("Grant Some.Read.All.") == 1
    assert "Sync; Licences" in shown
    assert "Mend Sync." not in shown
    assert "Mend Policy." in shown


def test_colour_is_for_terminals() -> None:
    assert "\x1b[" in printed(document(*ALL), terminal=True)
    assert "\x1b[" not in printed(document(*ALL))


def test_a_healthy_tenant_has_nothing_to_do() -> None:
    assert "What to do" not in printed(document(check("Agents", "healthy")))


def test_the_end_says_where_the_status_is_and_when_the_next_run_comes() -> None:
    end = printed(document()).splitlines()[-3:]
    assert end == [f"Status    {URL}", "Next run  10:00:00 UTC", "Ctrl-C to stop"]


def test_a_single_run_does_not_promise_another() -> None:
    shown = printed(document(), once=True)
    assert "Next run" not in shown
    assert "Ctrl-C" not in shown


def test_an_old_run_is_called_old() -> None:
    assert "This run is old" in printed(document(stale=True))
