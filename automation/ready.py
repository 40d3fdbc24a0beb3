"""What has to be there before a run: tools, a state that is whole, a cluster that answers, and nobody else at it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from automation.bundles import ensure_bundles
from automation.engine import Engine
from automation.first_run import check_first_run
from automation.pool_refresh import refresh_pools
from automation.project import Project
from automation.sdks import ensure_sdk
from automation.state.recovery import Recovery, check_files, settle_runs
from common.progress import step
from rehearsal import toolchain
from rehearsal.plugins import Plugin, ensure_language_host, ensure_plugins
from rehearsal.toolchain import Tool
from stacks.changes import check_changes, outputs_in


@dataclass(frozen=True)
class Equipment:
    """What the engine runs with, and where each came from."""

    tools: Mapping[str, Tool]
    language_host: Plugin
    plugins: Mapping[str, Plugin]


def equip(names: Sequence[str], cloud: str, bundles: Sequence[str] = ()) -> Equipment:
    """Get the tools called `names`, the SDK of `cloud` and the plugins for it, and `bundles`."""
    ensure_sdk(cloud)
    tools = toolchain.ensure(names)
    ensure_bundles(bundles)
    host = ensure_language_host(tools["pulumi"])
    return Equipment(tools, host, ensure_plugins(tools["pulumi"], cloud))


@contextmanager
def ready(
    project: Project,
    tools: Mapping[str, Tool],
    environment: Mapping[str, str] = os.environ,
    told: Callable[[Recovery], None] = lambda _: None,
) -> Iterator[Engine]:
    """The engine on the stack, alone on it, with a cluster that answers and a state that is whole.

    `told` hears what killed runs had left, and what was done about it. A damaged state is an error (PK410): that
    an older copy of it shall count is for a person to say, by `recover`.
    """
    engine = project.engine(dict(tools), environment)
    with engine.locked():
        swept = check_files(project.state_files)
        engine.select()
        deployment = engine.export()
        check_changes(outputs_in(deployment), project.spec)
        check_first_run(deployment, project.spec)
        start_control_plane(project, tools)
        told(replace(settle_runs(engine), swept=swept))
        refresh_pools(engine, deployment)
        yield engine


def start_control_plane(project: Project, tools: Mapping[str, Tool]) -> None:
    """Start the embedded control plane of a local stack."""
    if project.is_local:
        with step("starting the control plane", 4) as current:
            project.control_plane(dict(tools)).start(current.note)
