"""Bringing a stack up, previewing it, taking it down."""

from collections.abc import Mapping, Sequence
from functools import partial

from automation.engine import Engine
from automation.health.command import pass_gate
from automation.outcome import brought_up
from automation.project import Project
from automation.ready import equip, ready, start_control_plane
from automation.show import out
from automation.state.adoption import adopting
from automation.state.command import show_recovery
from automation.state.recovery import check_files, settle_runs
from automation.summary import Summary
from automation.terminal import Terminal
from common.paths import command
from common.progress import step
from rehearsal import toolchain
from rehearsal.toolchain import Tool


def setup(names: tuple[str, ...], cloud: str, bundles: Sequence[str] = ()) -> dict[str, Tool]:
    """Get the tools called `names`, the SDK of `cloud` and the plugins for it, `bundles`; say where each came from."""
    equipment = equip(names, cloud, bundles)
    _say_sources(equipment.tools)
    providers = ", ".join(f"{plugin.name} {plugin.source}" for plugin in equipment.plugins.values())
    host = equipment.language_host.source
    out.print(f"[dim]language host[/dim] {host}  [dim]providers[/dim] {providers}", soft_wrap=True)
    return dict(equipment.tools)


def up(project: Project) -> None:
    """Bring the stack to what its file says, then show what stands."""
    tools = setup(project.tools, project.cloud, project.bundles)
    with ready(project, tools, told=show_recovery) as engine:
        terminal = Terminal()
        planned = terminal.carry_out(engine, "preview")  # what policies stop, they stop before anything is changed
        run = partial(terminal.carry_out, engine, expect=planned.changed)
        outcome = adopting(engine, lambda: brought_up(run))
    out.print()
    show_cluster(project)
    if project.spec.waits_for_health:
        pass_gate(project)
    out.print(f"\n[bold green]✓ {project.stack} is up[/bold green], {outcome.changed or 'no'} resources changed")
    _say_next(project)


def down(project: Project) -> None:
    """Destroy everything that the stack made, and its embedded control plane with its data."""
    tools = setup(project.tools, project.cloud)
    engine = project.engine(tools)
    with engine.locked():
        check_files(project.state_files)
        if engine.exists():
            _destroy(project, engine)
            if project.is_local:
                engine.forget()
        if project.is_local:
            with step("stopping the control plane", 2):
                project.control_plane().delete()
    out.print(f"[bold green]✓ {project.stack} is gone[/bold green]\n[dim]next[/dim]  make up STACK={project.stack}")


def _destroy(project: Project, engine: Engine) -> None:
    resources = engine.export().get("resources") or ()
    if project.is_local and not any(resource.get("protect") for resource in resources):
        # Its data go with it, so that nothing has to be waited for, nor can hold anything by a finalizer.
        project.control_plane().stop()
    show_recovery(settle_runs(engine))
    if resources:
        terminal = Terminal()
        planned = terminal.carry_out(engine, "destroy", "--preview-only")  # nothing goes while something is protected
        terminal.carry_out(engine, "destroy", "--yes", "--skip-preview", expect=planned.changed)


def start(project: Project) -> None:
    """Start the embedded control plane, and nothing else."""
    start_control_plane(project, toolchain.ensure(project.tools))
    out.print(f"[dim]next[/dim]  make status STACK={project.stack}, make up STACK={project.stack}")


def stop(project: Project) -> None:
    """Stop the embedded control plane; its data stays."""
    if project.is_local:
        with step("stopping the control plane", 2):
            project.control_plane().stop()
    out.print(f"[dim]next[/dim]  {command()} start --stack {project.stack}")


def show_cluster(project: Project) -> None:
    """The tables that a person wants: nodes, tenants, storage."""
    if not project.is_local:
        return
    for shown in Summary(project.control_plane().kubeconfig).tables():
        out.print(shown, "")
    out.print(f"[dim]kubeconfig[/dim]  {project.control_plane().kubeconfig}", soft_wrap=True)


def _say_sources(tools: Mapping[str, Tool]) -> None:
    by_source: dict[str, list[str]] = {}
    for tool in tools.values():
        by_source.setdefault(tool.source, []).append(f"{tool.name} {tool.version}")
    for source, names in by_source.items():
        out.print(f"[dim]{source}[/dim] {', '.join(names)}", soft_wrap=True)


def _say_next(project: Project) -> None:
    stack = "" if project.stack == "dev" else f" --stack {project.stack}"
    out.print(
        f'[dim]next[/dim]  eval "$({command()} env{stack})"   then kubectl get pods -A, pulumi preview\n'
        f"      make status, make down",
        soft_wrap=True,
    )
