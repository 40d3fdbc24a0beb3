"""`polykube recover`: says what was found, and what was done about it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from automation.api.recoveries import recover_project
from automation.project import Project
from automation.show import out, table
from automation.state.recovery import Recovery, when
from common.progress import duration


def recover_state(project: Project) -> None:
    """Make the state of a stack whole, and show how."""
    show_recovery(recover_project(project))
    out.print(f"[bold green]✓ the state of {project.stack} is whole[/bold green]")
    out.print(f"[dim]next[/dim]  polykube up --stack {project.stack}   brings what is missing", soft_wrap=True)


def show_recovery(recovery: Recovery) -> None:
    """What was found and done, if anything was."""
    if rows := list(found_and_done(recovery)):
        out.print(table("Recovery", ("found", "done"), rows))


def found_and_done(recovery: Recovery) -> Iterator[tuple[str, str]]:
    """What was found, and what was done about each, in words."""
    if recovery.set_aside:
        copy = recovery.restored
        source = f"restored {copy.resources} resources of {when(copy)} from {copy.file}" if copy else "begun empty"
        yield f"damaged state: {recovery.damage}", f"{source}; the damaged file is {recovery.set_aside}"
    for file in recovery.swept:
        yield f"half-written {file.name}", "removed"
    for lock in recovery.locks:
        age = duration((datetime.now(UTC) - lock.since).total_seconds())
        yield f"lock of {lock.owner}, {age} old", "cleared: its owner is gone"
    for each in recovery.settled:
        name = each.urn.rpartition("::")[2]
        yield (
            f"{each.operation or 'working on'} {name}, not ended",
            "looked up: " + ("it exists" if each.exists else "it does not exist"),
        )
