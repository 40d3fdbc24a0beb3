"""What stands, beside what the state says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automation.api.environment import inherited
from automation.api.plans import Record, project_at
from automation.outcome import judge, outcome_of
from automation.preview.drifted import Drifted, drifted
from automation.preview.events import seen
from automation.project import Project
from automation.ready import equip, ready


@dataclass(frozen=True)
class Drift:
    """What has drifted of a stack, by resource."""

    stack: str
    resources: Sequence[Drifted]


def drift(stack: str, source: Path) -> Drift:
    """Look at everything that a stack made, and change nothing, neither there nor in the state.

    What the stack file's `drift.ignore` names is left out. Errors are those of a refresh.
    """
    project = project_at(stack, source)
    tools = equip(project.tools, project.cloud).tools
    with ready(project, tools, inherited()) as engine:
        return Drift(stack, drift_of(project, engine.record))


def drift_of(project: Project, record: Record) -> list[Drifted]:
    """What has drifted of a stack that nobody else works on, of which `record` has the engine carry out a refresh."""
    code, told = record("refresh", "--preview-only")
    if code:
        judge("refresh", code, outcome_of(told), project.directory)
    return [*drifted(seen(code, told).ended, project.spec.drift.ignore)]
