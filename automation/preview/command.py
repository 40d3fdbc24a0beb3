"""`polykube preview STACK…`: the report, in the form that is asked for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from automation.preview import against_live, against_rehearsal
from automation.preview.report import PreviewReport, StackReport
from automation.preview.revisions import Base, Repository
from automation.preview.saved import FORMS, save
from automation.preview.touched import Reach, change
from automation.project import Project, project_directory
from automation.show import err, out, show_error
from common.errors import ApprovalError, PolicyError, PolykubeError, RevisionError, as_line
from common.progress import duration


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a preview: the form that is printed, a directory for all forms, whether losses of what is
    protected count as approved, and after how many seconds a program is ended that does not end by itself. One that is
    `live` is of what stands, and may tell what has drifted: `refresh`."""

    form: str = "text"
    directory: Path | None = None
    losses_approved: bool = False
    deadline: float = 1800
    live: bool = False
    refresh: bool = False


def preview_change(stacks: Sequence[str], base: str, wanted: Wanted) -> int:
    """Preview what the work tree changes of `base`, or of what stands, in each stack, and print the report; the exit
    code comes back.

    Without `stacks` those are previewed that the change since `base` touches. What keeps one from being previewed is in
    the report. RevisionError is raised before anything is made.
    """
    repository = Repository(project_directory())
    start = repository.base(base) if base else Base("", "")
    removed: Sequence[str] = ()
    if not stacks:
        touched = change(repository.directory, base)
        stacks, removed = [each.stack for each in touched.stacks], touched.removed
    began = time.monotonic()
    look = _looking(repository, start, wanted)
    reports = [_previewed(stack, look) for stack in stacks]
    head, edited = _head(repository)
    report = PreviewReport(start.commit, start.name, head, reports, edited, removed, rehearsed=not wanted.live)
    if wanted.directory:
        save(report, wanted.directory)
    print(FORMS[wanted.form](report), end="")
    if wanted.live and wanted.form == "text":
        for each in reports:
            out.print(f"[dim]next[/dim]  make up STACK={each.stack}")
    seen = ", ".join(stacks) or "no stack"
    err.print(f"[dim]previewed {seen} in {duration(time.monotonic() - began)}[/dim]", soft_wrap=True)
    return _exit_code(report, losses_approved=wanted.losses_approved)


def _looking(repository: Repository, base: Base, wanted: Wanted) -> Callable[[Project], StackReport]:
    """What previews a stack."""
    if wanted.live:
        say = out if wanted.form == "text" else err
        return partial(against_live.preview, say=say, refresh=wanted.refresh, deadline=wanted.deadline)
    reach = Reach(repository, base)
    return lambda project: against_rehearsal.preview(project, repository, base, reach, wanted.deadline)


def _previewed(stack: str, look: Callable[[Project], StackReport]) -> StackReport:
    try:
        return look(Project.open(stack))
    except PolykubeError as error:
        show_error(error)
        return StackReport(stack, errors=[*map(as_line, error.problems)], exit_code=error.exit_code)


def _head(repository: Repository) -> tuple[str, int]:
    """The commit that is checked out, and how many files are otherwise; what stands can be previewed without git."""
    try:
        return repository.head, len(repository.edited())
    except RevisionError:
        return "", 0


def _exit_code(report: PreviewReport, *, losses_approved: bool) -> int:
    """That of what kept a preview from its end, ApprovalError's where a loss of what is protected needs approval,
    PolicyError's where a mandatory rule is broken; or else 0."""
    if failed := next((each.exit_code for each in report.stacks if each.exit_code), 0):
        return failed
    if any(each.guarded for each in report.stacks) and not losses_approved:
        return ApprovalError.exit_code
    return PolicyError.exit_code if any(each.blocking for each in report.stacks) else 0
