"""A stack of a project in a directory, and the engine on it with what a run may see of the environment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from automation.api.environment import inherited
from automation.engine import Engine
from automation.outcome import judge, outcome_of
from automation.preview.events import Seen, seen
from automation.project import Project
from automation.ready import equip, ready
from automation.state.recovery import Recovery
from stacks.loading import load_file, stack_file

Record: TypeAlias = Callable[..., tuple[int, Sequence[Mapping[str, Any]]]]
"""What has the engine carry out a command: `Engine.record` or `Run.record`."""


def project_at(stack: str, source: Path) -> Project:
    """The stack of the project in a directory; StackFileError for a file that cannot be used."""
    directory = source.resolve()
    return Project(directory, stack, load_file(stack_file(directory, stack)))


@contextmanager
def engine_on(
    project: Project, bundles: Sequence[str] = (), told: Callable[[Recovery], None] = lambda _: None
) -> Iterator[Engine]:
    """The engine, ready (`automation.ready`), with everything that it needs, and with `bundles`."""
    tools = equip(project.tools, project.cloud, bundles).tools
    with ready(project, tools, inherited(), told) as engine:
        yield engine


def recorded(project: Project, record: Record, *arguments: str) -> Seen:
    """What the engine tells of a command that gets to its end, but for policies; errors are those of `up` (`judge`)."""
    code, events = record(*arguments)
    found = seen(code, events)
    if code and not any(each.is_mandatory for each in found.findings):
        judge(arguments[0], code, outcome_of(events), project.directory)
    return found
