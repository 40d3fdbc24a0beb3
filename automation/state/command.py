"""`polykube recover`: says what was found, and what was done about it."""

from collections.abc import Iterator

from automation.project import Project
from automation.show import out, table
from automation.state.recovery import Recovery, recover, when
from rehearsal import toolchain
from rehearsal.plugins import ensure_language_host


def recover_state(project: Project) -> None:
    """Make the state of a stack whole, and show how."""
    tools = toolchain.ensure(project.tools)
    ensure_language_host(tools["pulumi"])
    engine = project.engine(dict(tools))
    with engine.locked():
        if project.is_local:
            project.control_plane(dict(tools)).start()
        rows = list(_rows(recover(engine, project.state_files, project.settings["PULUMI_BACKEND_URL"])))
    if rows:
        out.print(table("Recovery", ("found", "done"), rows))
    out.print(f"[bold green]✓ the state of {project.stack} is whole[/bold green]")
    out.print(f"[dim]next[/dim]  polykube up --stack {project.stack}   brings what is missing", soft_wrap=True)


def _rows(recovery: Recovery) -> Iterator[tuple[str, str]]:
    if recovery.set_aside:
        copy = recovery.restored
        source = f"restored {copy.resources} resources of {when(copy)} from {copy.file}" if copy else "begun empty"
        yield f"damaged state: {recovery.damage}", f"{source}; the damaged file is {recovery.set_aside}"
    for file in recovery.swept:
        yield f"half-written {file.name}", "removed"
    for owner in recovery.locks:
        yield f"lock of {owner}", "cleared: its owner is gone"
    for urn in recovery.settled:
        yield f"begun operation on {urn.rpartition('::')[2]}", "looked up in the cluster"
