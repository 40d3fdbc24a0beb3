"""Bringing a stack up, previewing it, taking it down."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from automation.bundles import ensure_bundles
from automation.engine import Engine, Outcome, ResourceFailures
from automation.first_run import check_first_run
from automation.pool_refresh import refresh_pools
from automation.project import Project
from automation.sdks import ensure_sdk
from automation.show import out
from automation.state.adoption import adopt
from automation.state.recovery import check_files, settle_runs
from automation.summary import Summary
from common.paths import command
from common.progress import step
from rehearsal import toolchain
from rehearsal.plugins import ensure_language_host, ensure_plugins
from rehearsal.toolchain import Tool
from stacks.changes import check_changes, outputs_in


def setup(names: tuple[str, ...], cloud: str, bundles: Sequence[str] = ()) -> dict[str, Tool]:
    """Get the tools called `names`, the SDK of `cloud` and the plugins for it, `bundles`; say where each came from."""
    ensure_sdk(cloud)
    tools = toolchain.ensure(names)
    ensure_bundles(bundles)
    host = ensure_language_host(tools["pulumi"])
    plugins = ensure_plugins(tools["pulumi"], cloud)
    _say_sources(tools)
    providers = ", ".join(f"{plugin.name} {plugin.source}" for plugin in plugins.values())
    out.print(f"[dim]language host[/dim] {host.source}  [dim]providers[/dim] {providers}", soft_wrap=True)
    return tools


def up(project: Project) -> None:
    """Bring the stack to what its file says, then show what stands."""
    tools = setup(project.tools, project.cloud, project.bundles)
    with _ready(project, tools) as engine:
        outcome = _run_up(engine)
    changed = sum(count for operation, count in outcome.changes.items() if operation != "same")
    out.print()
    show_cluster(project)
    out.print(f"\n[bold green]✓ {project.stack} is up[/bold green], {changed or 'no'} resources changed")
    _say_next(project)


def preview(project: Project) -> None:
    """Show what `up` would do."""
    tools = setup(project.tools, project.cloud, project.bundles)
    with _ready(project, tools) as engine:
        engine.run("preview", "--diff")
    out.print(f"[dim]next[/dim]  make up STACK={project.stack}")


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
    settle_runs(engine, project.settings["PULUMI_BACKEND_URL"])
    if resources:
        engine.run("destroy", "--yes")


def start(project: Project) -> None:
    """Start the embedded control plane, and nothing else."""
    _start_control_plane(project, toolchain.ensure(project.tools))
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


@contextmanager
def _ready(project: Project, tools: Mapping[str, Tool]) -> Iterator[Engine]:
    """The engine on the stack, alone on it, with a cluster that answers and a state that is whole."""
    engine = project.engine(dict(tools))
    with engine.locked():
        check_files(project.state_files)
        engine.select()
        deployment = engine.export()
        check_changes(outputs_in(deployment), project.spec)
        check_first_run(deployment, project.spec)
        _start_control_plane(project, tools)
        settle_runs(engine, project.settings["PULUMI_BACKEND_URL"])
        refresh_pools(engine, deployment)
        yield engine


def _run_up(engine: Engine) -> Outcome:
    """Run `up`, and again for as long as objects that it made in an unanswered create are taken into the state."""
    while True:
        try:
            return engine.bring_up()
        except ResourceFailures as error:
            if not adopt(engine, error.failures):
                raise


def _start_control_plane(project: Project, tools: Mapping[str, Tool]) -> None:
    if project.is_local:
        with step("starting the control plane", 4) as current:
            project.control_plane(dict(tools)).start(current.note)


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
