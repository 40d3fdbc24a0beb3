"""A cluster's health as people see it: what was looked at, the nodes, and what is not as it should be, worst first."""

from collections.abc import Iterator
from typing import Final

from rich.markup import escape

from automation.health.findings import Health, Pool, Severity, Symptom
from automation.health.nodes import NO_POOL
from automation.show import number_of, out, table
from common.paths import command

_MARKS: Final = {Severity.FAILED: "[red]✗[/red]", Severity.WARNING: "[yellow]![/yellow]", Severity.NOTE: "[dim]·[/dim]"}
_WELL: Final = "[green]✓[/green]"
_MOST: Final = 30  # findings of a level


def show(health: Health) -> None:
    """All of it."""
    out.print(f"[bold]{health.stack}[/bold]  {health.kind}, Kubernetes {health.version}\n", soft_wrap=True)
    for area, at in health.looked_at.items():
        worst = next((each.level for each in health.findings if each.area is area), None)
        mark = _MARKS[worst] if worst in {Severity.FAILED, Severity.WARNING} else _WELL
        out.print(f"{mark} {area!s:<15}  [dim]{escape(at)}[/dim]", soft_wrap=True)
    if health.pools:
        out.print("", table("Nodes", ("pool", "ready", "wanted", "versions", "trouble"), map(_row, health.pools)))
    for level in Severity:
        out.print(*_lines(health.of(level), level), sep="\n", soft_wrap=True)
    out.print(*conclusion(health), sep="\n", soft_wrap=True)


def _row(pool: Pool) -> tuple[str, ...]:
    wanted = "" if pool.wanted is None else "–".join(str(each) for each in dict.fromkeys(pool.wanted))
    return (
        pool.name,
        f"{pool.ready}/{pool.nodes}",
        wanted or NO_POOL,
        ", ".join(pool.versions),
        ", ".join(pool.pressure),
    )


def _lines(findings: list[Symptom], level: Severity) -> Iterator[str]:
    for each in findings[:_MOST]:
        yield f"\n{_MARKS[level]} [bold]{escape(each.subject)}[/bold]  {escape(each.message)}"
        if each.command and level is not Severity.NOTE:
            yield f"  [dim]see[/dim]  {escape(each.command)}"
    if len(findings) > _MOST:
        yield f"\n  and {len(findings) - _MOST} more; --json has all of them"


def conclusion(health: Health) -> Iterator[str]:
    """Whether it is healthy, and what to do next."""
    yield ""
    failed, warnings = health.of(Severity.FAILED), health.of(Severity.WARNING)
    cost = f"[dim]{number_of(health.requests, 'request')}, {health.seconds:.1f} s[/dim]"
    also = f", {number_of(len(warnings), 'warning')}" if warnings else ""
    if failed:
        yield f"[red]✗[/red] {health.stack} is not healthy: {len(failed)} failed{also}  {cost}"
    else:
        yield f"{_WELL} {health.stack} is healthy{also}  {cost}"
    shown = next((each.command for each in (*failed, *warnings) if each.command), "")
    yield f"[dim]next[/dim]  {escape(shown) or f'{command()} drift {health.stack}'}"
