"""How people see errors and tables on a terminal."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from common.errors import PolykubeError, Problem

_MANY: Final = 50

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def show_error(error: PolykubeError) -> None:
    """The problems of an error, each with its place, what was found, what is allowed and what to do.

    Of a great many the first are shown: they have a common cause, or cannot be read anyway.
    """
    for problem in error.problems[:_MANY]:
        _show_problem(problem)
    count = len(error.problems)
    if count > 1:
        err.print(
            f"[bold red]{count} problems[/bold red]"
            + (f", of which the first {_MANY} are shown" if count > _MANY else "")
        )


def show_warnings(problems: Iterable[Problem]) -> None:
    """What should be looked at though it is accepted, in the form of an error."""
    for problem in problems:
        _show_problem(problem, "!", "yellow")


def _show_problem(problem: Problem, mark: str = "✗", colour: str = "red") -> None:
    code = f"[bold {colour}]{mark} {problem.code}[/bold {colour}]"
    err.print(f"{code} [bold]{escape(problem.summary)}[/bold]", soft_wrap=True)
    for label, value, style in (
        ("where", problem.place, "cyan"),
        ("found", problem.found, "default"),
        ("allowed", problem.allowed, "default"),
        ("do", problem.remedy, "green"),
    ):
        if value:
            indented = escape(value).replace("\n", "\n           ")
            err.print(f"  [dim]{label:<8}[/dim] [{style}]{indented}[/{style}]", soft_wrap=True)


def number_of(count: int, what: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def first_of(names: Iterable[str], most: int) -> str:
    """The first names in their order, and that there are more: `a, b, …`."""
    found = sorted(names)
    return ", ".join(found[:most]) + (", …" if len(found) > most else "")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table with a title; cells are shown as they are."""
    result = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*row)
    return result
