"""`polykube preview STACK… --base REF`: the report, in the form that is asked for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automation.preview.against_rehearsal import preview
from automation.preview.report import PreviewReport
from automation.preview.revisions import Repository
from automation.preview.saved import FORMS, save
from automation.preview.touched import Reach, change
from automation.project import Project, project_directory
from automation.show import err
from common.errors import ApprovalError, EngineError, PolicyError
from common.progress import duration


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a preview: the form that is printed, a directory for all forms, and whether losses of what is
    protected count as approved."""

    form: str = "text"
    directory: Path | None = None
    losses_approved: bool = False


def preview_change(stacks: Sequence[str], base: str, wanted: Wanted) -> int:
    """Preview what the work tree changes of `base` in each stack, and print the report; the exit code comes back.

    Without `stacks` those are previewed that the change touches. RevisionError and StackFileError are raised before
    anything is made.
    """
    repository = Repository(project_directory())
    start = repository.base(base)
    removed: Sequence[str] = ()
    if not stacks:
        touched = change(repository.directory, base)
        stacks, removed = [each.stack for each in touched.stacks], touched.removed
    projects = [Project.open(stack) for stack in stacks]
    began = time.monotonic()
    reach = Reach(repository, start)
    reports = [preview(project, repository, start, reach) for project in projects]
    edited = len(repository.edited())
    report = PreviewReport(start.commit, start.name, repository.head, reports, edited, removed)
    if wanted.directory:
        save(report, wanted.directory)
    print(FORMS[wanted.form](report), end="")
    seen = ", ".join(stacks) or "no stack"
    err.print(f"[dim]previewed {seen} in {duration(time.monotonic() - began)}[/dim]", soft_wrap=True)
    return _exit_code(report, losses_approved=wanted.losses_approved)


def _exit_code(report: PreviewReport, *, losses_approved: bool) -> int:
    """EngineError's where a preview did not get to its end, ApprovalError's where a loss of what is protected needs
    approval, PolicyError's where a mandatory rule is broken; or else 0."""
    if any(each.errors for each in report.stacks):
        return EngineError.exit_code
    if any(each.guarded for each in report.stacks) and not losses_approved:
        return ApprovalError.exit_code
    return PolicyError.exit_code if any(each.blocking for each in report.stacks) else 0
