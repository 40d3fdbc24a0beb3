"""`polykube drift`: what is otherwise than a stack made it, for people and for whoever reads JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.markup import escape

from automation import api
from automation.project import project_directory, stack_names
from automation.show import number_of, out
from common.paths import command

DRIFTED: Final = 15
"""The exit code when something has drifted."""


def show_drift(stacks: Sequence[str], *, every: bool, as_json: bool) -> int:
    """Look at some stacks of the project, or all; the exit code comes back."""
    directory = project_directory()
    found = [api.drift(stack, directory) for stack in (stack_names(directory) if every else stacks or ("dev",))]
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        for each in found:
            _show(each)
    return DRIFTED if any(each.resources for each in found) else 0


def _show(drift: api.Drift) -> None:
    if not drift.resources:
        out.print(f"[green]✓[/green] {drift.stack}: nothing has drifted")
        return
    out.print(f"[bold yellow]![/bold yellow] {drift.stack}: {number_of(len(drift.resources), 'resource')} drifted")
    for each in drift.resources:
        gone = ", which is gone" if each.gone else ""
        out.print(f"\n[bold]{escape(each.name)}[/bold] [dim]{escape(each.type)}[/dim]{gone}", soft_wrap=True)
        for difference in each.differences:
            out.print(f"  {escape(difference.path)}", soft_wrap=True)
            for line in difference.lines:
                out.print(f"    {escape(line)}", soft_wrap=True)
        for writer in each.by:
            out.print(f"  [dim]written by[/dim] {escape(writer)}", soft_wrap=True)
    named = f" --stack {drift.stack}"
    out.print(
        f'\n[dim]next[/dim]  eval "$({command()} env{named})" && pulumi up --refresh{named}   puts it right\n'
        f"      drift.ignore in Pulumi.{drift.stack}.yaml leaves it to others",
        soft_wrap=True,
    )
