"""A preview of one stack on top of its base, as it stands on the stand-in cloud; and the report on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from automation.preview.base import NEW, begin, raised
from automation.preview.bounds import nodes, quotas, stacks_of
from automation.preview.causes import traced
from automation.preview.changes import Change, changes_of
from automation.preview.edits import Edit, edits
from automation.preview.events import Seen, seen
from automation.preview.findings import Compared, PolicyFinding, compare
from automation.preview.guard import guarded
from automation.preview.report import StackReport
from automation.preview.revisions import Base, Repository
from automation.preview.touched import Reach
from automation.preview.values import UNKNOWN
from automation.program_errors import raised_in
from automation.project import Project
from automation.rehearsed_project import RehearsedProject
from common.errors import EngineError, ProgramError, as_line
from policy.engine.exemptions import WAIVERS, read_waivers
from policy.rules import RULES
from spec.documents import parse, read
from stacks.loading import stack_file


def preview(
    project: Project, repository: Repository, base: Base, reach: Reach, deadline: float | None = None
) -> StackReport:
    """What the work tree's `project` changes of what stands when `base` is up; PolykubeError if that cannot be seen.

    A program that is not at its end after `deadline` seconds is ended.
    """
    with raised(project, repository, base, reach, deadline) as (site, before):
        rehearsed, engine, stand_ins = begin(project, site)
        found = seen(*engine.record("preview", deadline=deadline))
        was, now = stacks_of(found.steps)
        changes = guarded(changes_of(found.steps), was, read_waivers(project.directory / WAIVERS, RULES))
        code = _code(project, repository, base, reach)
        made = _edits(project, repository, base) if changes else []
        changes = traced(changes, made, rehearsed, alone=not code)
        errors, exit_code = _errors(found, rehearsed)
    return StackReport(
        project.stack,
        before.failure == NEW,
        "" if before.failure == NEW else before.failure,
        changes,
        _compared(before.findings, found, failed=bool(errors)),
        quotas(was, now),
        nodes(was, now),
        code,
        errors,
        exit_code,
        [
            *_unknown(found, changes),
            *(f"what upstream has in {each}: a stand-in played it" for each in stand_ins),
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


def _unknown(found: Seen, changes: Iterable[Change]) -> Iterator[str]:
    waiting = [each for each in changes if any(UNKNOWN in line for it in each.differences for line in it.lines)]
    if waiting:
        names = ", ".join(sorted({each.name for each in waiting}))
        yield f"values that are known only after up, of {names}"
    rules = sorted({each.rule for each in found.findings if each.is_undetermined})
    if rules:
        yield f"whether these rules hold, which need such values: {', '.join(rules)}"


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
