"""The latest verdicts, for the terminal."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

# Worst first. A symbol and the word carry the state, colour only underlines it.
STATES = {
    "critical": ("✗", "bold red"),
    "warning": ("!", "yellow"),
    "unknown": ("?", "magenta"),
    "healthy": ("✓", "green"),
    "not_applicable": ("-", "dim"),
}
TO_FIX = ("critical", "warning", "unknown")

Document = Mapping[str, Any]
"""The status document (schema sspr-status/1), parsed."""


def state(name: str) -> Text:
    symbol, style = STATES[name]
    return Text(f"{symbol} {name.replace('_', ' ')}", style=style)


def checks_worst_first(document: Document) -> list[Document]:
    order = list(STATES)
    return sorted(document["checks"], key=lambda check: order.index(check["state"]))


def verdicts(checks: list[Document]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("State", no_wrap=True)
    table.add_column("Check", max_width=22)
    table.add_column("Finding")
    for check in checks:
        table.add_row(state(check["state"]), Text(check["title"]), Text(check["sentence"]))
    return table


def remedies(heading: str, checks: list[Document], *, fix: bool = True) -> Iterator[Text | Padding]:
    if checks:
        yield Text(f"\n{heading}", style="bold")
    for check in checks:
        yield Text(check["title"], style=STATES[check["state"]][1])
        if fix and check["fix"]:
            yield Padding(Text(check["fix"]), (0, 0, 0, 2))
        yield Text(f"  {check['link']}", style=f"dim link {check['link']}")


def unreadable(document: Document) -> Iterator[Text | Padding]:
    """One entry per cause: a single missing permission often explains many checks."""
    titles = {check["id"]: check["title"] for check in document["checks"]}
    for cause in document["unreadable"]:
        yield Text("; ".join(titles[check] for check in cause["checks"]), style="magenta")
        yield Padding(Text(cause["fix"] or cause["sentence"]), (0, 0, 0, 2))


def minutes(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def show(console: Console, document: Document, status_url: str, next_run: datetime | None) -> None:
    """Prints the document; `next_run` is None when nothing is going to be served after it."""
    checks = checks_worst_first(document)
    console.print()
    console.print(Text(f"Tenant {document['tenant']}, run of {minutes(document['slot'])}"))
    if document["stale"]:
        console.print(Text("This run is old: newer ones have not been stored.", style="bold red"))
    console.print()
    console.print(verdicts(checks))
    grouped = {check for cause in document["unreadable"] for check in cause["checks"]}
    wrong = [c for c in checks if c["state"] in TO_FIX and c["id"] not in grouped]
    fine = [c for c in checks if c["state"] not in TO_FIX or c["id"] in grouped]
    causes = unreadable(document)
    for line in (
        *remedies("What to do", wrong),
        *causes,
        *remedies("To read more", fine, fix=False),
    ):
        # A link is never broken over two lines: terminals and people could not open it.
        console.print(line, soft_wrap=isinstance(line, Text))
    console.print()
    console.print(Text.assemble(state(document["state"]), "  ", document["sentence"]))
    if next_run is None:
        console.print(f"Status is served at {status_url} when run without --once", soft_wrap=True)
        return
    console.print(f"Status    {status_url}", soft_wrap=True)
    console.print(f"Next run  {next_run:%H:%M:%S} UTC")
    console.print("Ctrl-C to stop")
