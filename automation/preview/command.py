"""`polykube preview STACK… --base REF`: the report, in the form that is asked for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automation.preview.against_rehearsal import preview
from automation.preview.report import PreviewReport, StackReport
from automation.preview.revisions import Base, Repository
from automation.preview.saved import FORMS, save
from automation.preview.touched import Reach, change
from automation.project import Project, project_directory
from automation.show import err, show_error
from common.errors import ApprovalError, PolicyError, PolykubeError, as_line
from common.progress import duration


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a preview: the form that is printed, a directory for all forms, whether losses of what is
    protected count as approved, and after how many seconds a program is ended that does not end by itself."""

    form: str = "text"
    directory: Path | None = None
    losses_approved: bool = False
    deadline: float = 1800


def preview_change(stacks: Sequence[str], base: str, wanted: Wanted) -> int:
    """Preview what the work tree changes of `base` in each stack, and print the report; the exit code comes back.

    Without `stacks` those are previewed that the change touches. What keeps one from being previewed is in the report.
    RevisionError is raised before anything is made.
    """
    repository = Repository(project_directory())
    start = repository.base(base)
    removed: Sequence[str] = ()
    if not stacks:
        touched = change(repository.directory, base)
        stacks, removed = [each.stack for each in touched.stacks], touched.removed
    began = time.monotonic()
    reach = Reach(repository, start)
    reports = [_previewed(stack, repository, start, reach, wanted.deadline) for stack in stacks]
    edited = len(repository.edited())
    report = PreviewReport(start.commit, start.name, repository.head, reports, edited, removed)
    if wanted.directory:
        save(report, wanted.directory)
    print(FORMS[wanted.form](report), end="")
    seen = ", ".join(stacks) or "no stack"
    err.print(f"[dim]previewed {seen} in {duration(time.monotonic() - began)}[/dim]", soft_wrap=True)
    return _exit_code(report, losses_approved=wanted.losses_approved)


def _previewed(stack: str, repository: Repository, base: Base, reach: Reach, deadline: float) -> StackReport:
    try:
        return preview(Project.open(stack), repository, base, reach, deadline)
    except PolykubeError as error:
        show_error(error)
        return StackReport(stack, errors=[*map(as_line, error.problems)], exit_code=error.exit_code)


def _exit_code(report: PreviewReport, *, losses_approved: bool) -> int:
    """That of what kept a preview from its end, ApprovalError's where a loss of what is protected needs approval,
    PolicyError's where a mandatory rule is broken; or else 0."""
    if failed := next((each.exit_code for each in report.stacks if each.exit_code), 0):
        return failed
    if any(each.guarded for each in report.stacks) and not losses_approved:
        return ApprovalError.exit_code
    return PolicyError.exit_code if any(each.blocking for each in report.stacks) else 0
