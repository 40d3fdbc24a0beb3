"""What stands, beside what the state says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automation.api.stacks import Record, engine_on, project_at, recorded
from automation.preview.drifted import Drifted, drifted
from automation.project import Project


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
    with engine_on(project) as engine:
        return Drift(stack, drift_of(project, engine.record))


def drift_of(project: Project, record: Record) -> list[Drifted]:
    """What has drifted of a stack that nobody else works on, of which `record` has the engine carry out a refresh."""
    found = recorded(project, record, "refresh", "--preview-only")
    return [*drifted(found.ended, project.spec.drift.ignore)]
