"""The matrix as people read it: for each group of faults one table, and what its words mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faults.trial import Cell

RIGHT = {
    "=": "nothing changed",
    "sign-in": "unknown: sign_in_failed",
    "role": "unknown: permission_missing",
    "licence": "unknown: licence_missing",
    "absent": "unknown: unsupported",
    "busy": "unknown: throttled",
    "down": "unknown: unreachable",
    "late": "unknown: timeout",
    "refused": "unknown: refused",
    "odd": "unknown: malformed",
    "waiting": "unknown: not_collected",
    "held": "it went well in spite of it",
    "failed": "it ended with an error, and the next one made up for it",
    "told": "the answer says that storage cannot be reached",
    "at 7": "ended with its seventh request",
}
"""Words of cells that are right; any other one is the last word of a check's own code."""

WRONG = {
    "alarm": "what could not be read made a check worse, or healthy",
    "audit": "the audit log is not known as it would be",
    "back": "the status went back in time",
    "budget": "it took longer than it may",
    "change": "a change is not what the runs say",
    "changed": "a fault that should have passed did not",
    "crashed": "an exception",
    "day": "a day is not what its runs say",
    "doubled": "something is stored twice",
    "gathered": "not the facts that would be kept",
    "huge": "more was read than fits into memory",
    "hung": "it did not end",
    "left": "a task or a connection was left",
    "lost": "something that was stored is not there",
    "next": "the next run, with nothing wrong, is not right",
    "others": "a check changed that did not need what failed",
    "permission": "not the permission that is missing",
    "reason": "not the reason why it could not be read",
    "silent": "no check says that something failed",
    "since": "a state is true since a time that is yet to come",
    "stale": "a fact is taken for fresh until a time that is yet to come",
    "status": "the status is not that of the last run",
    "sweep": "the report is not counted as it would be",
    "token": "somebody else than Graph was asked",
    "unmet": "the fault was never met, so that nothing was tried",
    "wait": "not the time that was asked for was waited",
}


def show(console: Console, cells: Sequence[Cell]) -> None:
    """All tables, what is wrong in full, and the words that occur."""
    for part in dict.fromkeys(cell.part for cell in cells):
        of_part = [cell for cell in cells if cell.part == part]
        for group in dict.fromkeys(cell.group for cell in of_part):
            title = part if part == group else f"{part}: {group}"
            console.print(_table(title, [cell for cell in of_part if cell.group == group]))
            console.print()
    for cell in cells:
        for what in cell.wrong:
            where = f"{cell.part}, {cell.row}, {cell.column}"
            console.print(f"[red]✗[/] {escape(where)}: {escape(what)}", soft_wrap=True)
    console.print(_legend(cells))


def _table(title: str, cells: Sequence[Cell]) -> Table:
    columns = list(dict.fromkeys(cell.column for cell in cells))
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in dict.fromkeys(cell.row for cell in cells):
        of_row = {cell.column: cell for cell in cells if cell.row == row}
        table.add_row(escape(row), *(_word(of_row.get(column)) for column in columns))
    return table


def _word(cell: Cell | None) -> str:
    if cell is None:
        return "[dim]·[/]"
    if not cell.wrong:
        return escape(cell.word)
    return f"[red]✗ {escape(cell.wrong[0].partition(':')[0])}[/]"


def _legend(cells: Iterable[Cell]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    words = {cell.word for cell in cells}
    kinds = {what.partition(":")[0] for cell in cells for what in cell.wrong}
    for word, meaning in RIGHT.items():
        if word in words or (word == "at 7" and any(w.startswith("at ") for w in words)):
            table.add_row(word, meaning)
    for word in sorted(kinds):
        table.add_row(f"[red]✗ {word}[/]", WRONG.get(word, ""))
    table.add_row("[dim]·[/]", "cannot be: nothing here can meet this fault")
    return table
