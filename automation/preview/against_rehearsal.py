"""A preview of one stack on top of its base, as it stands on the stand-in cloud; and the report on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from automation.preview.base import NEW, Needed, raised
from automation.preview.bounds import nodes, quotas, stacks_of
from automation.preview.causes import traced
from automation.preview.edits import Edit, edits
from automation.preview.events import Seen, seen
from automation.preview.findings import Compared, PolicyFinding, compare
from automation.preview.gaps import unknown
from automation.preview.guard import changes_in
from automation.preview.report import StackReport
from automation.preview.revisions import Base, Repository
from automation.preview.touched import Reach
from automation.program_errors import raised_in
from automation.project import Project
from automation.rehearsed_project import RehearsedProject, begin
from common.errors import EngineError, ProgramError, as_line
from spec.documents import parse, read
from stacks.loading import stack_file


def preview(
    project: Project, repository: Repository, base: Base, reach: Reach, deadline: float | None = None
) -> StackReport:
    """What the work tree's `project` changes of what stands when `base` is up; PolykubeError if that cannot be seen.

    A program that is not at its end after `deadline` seconds is ended.
    """
    with raised(Needed.of(project, repository, base), reach, deadline) as (site, before):
        begun = begin(project, site, before.endpoints)
        found = seen(*begun.engine.record("preview", deadline=deadline))
        was, now = stacks_of(found.steps)
        changes = changes_in(found.steps, project.directory)
        code = _code(project, repository, base, reach)
        made = _edits(project, repository, base) if changes else []
        changes = traced(changes, made, begun.rehearsed, alone=not code)
        errors, exit_code = _errors(found, begun.rehearsed)
    return StackReport(
        project.stack,
        is_new=before.failure == NEW,
        without_base="" if before.failure == NEW else before.failure,
        changes=changes,
        policies=_compared(before.findings, found, failed=bool(errors)),
        quotas=quotas(was, now),
        nodes=nodes(was, now),
        code=code,
        errors=errors,
        exit_code=exit_code,
        unknown=[
            *unknown(found, changes),
            *(f"what upstream has in {each}: a stand-in played it" for each in begun.stand_ins),
            *([before.note] if before.note else []),
        ],
    )


def _errors(found: Seen, rehearsed: RehearsedProject) -> tuple[Sequence[str], int]:
    """What kept the preview from its end, but for policies, which are told apart; and the exit code for it."""
    if not found.failed or any(each.is_mandatory for each in found.findings):
        return (), 0
    thrown = [problem for each in found.errors if (problem := raised_in(each, rehearsed.site.project))]
    if thrown:
        return [as_line(problem) for problem in thrown], ProgramError.exit_code
    return found.errors or ("the engine ended without saying why",), EngineError.exit_code


def _compared(before: Sequence[PolicyFinding], found: Seen, *, failed: bool) -> Compared:
    """Findings beside those of the base; of a preview that failed nobody knows what it would have mended."""
    compared = compare(before, [each for each in found.findings if not each.is_open])
    return replace(compared, fixed=()) if failed else compared


def _code(project: Project, repository: Repository, base: Base, reach: Reach) -> list[str]:
    own = stack_file(Path(), project.stack).name
    files = repository.changed_since(base)
    return [file for file in files if file != own and reach.touches(project.stack, file)]


def _edits(project: Project, repository: Repository, base: Base) -> list[Edit]:
    """What was edited in the stack file; nothing where one of the two is no stack file."""
    own = stack_file(project.directory, project.stack)
    before = parse(repository.text(base, own.name) or "").nodes
    after = read(own).nodes
    return list(edits(before[0], after[0])) if len(before) == len(after) == 1 else []
