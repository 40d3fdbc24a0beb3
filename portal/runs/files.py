"""The stack file that a run brings along, in its project while the run lasts, and for good when it is applied."""

from pathlib import Path

from common.errors import ApprovalError, Problem
from common.files import write_if_changed
from portal.runs.store import RunStore
from stacks.loading import stack_file


def place(store: RunStore, run: str, projects: Path) -> None:
    """Have the project say what a run wants; ApprovalError (PK525) when somebody else changed the file meanwhile."""
    kept = store.record(run)
    if kept.stack_file is None:
        return
    file = stack_file(projects, kept.stack)
    now = _text(file)
    if not kept.file_was_kept:
        store.file_before(run, now)
    elif now not in (kept.stack_file, kept.former_file):
        raise ApprovalError(_changed(file))
    write_if_changed(file, kept.stack_file)


def put_back(store: RunStore, run: str, projects: Path) -> None:
    """Have it say what it said before, unless somebody else changed it meanwhile."""
    kept = store.record(run)
    if kept.stack_file is None or not kept.file_was_kept:
        return
    file = stack_file(projects, kept.stack)
    if _text(file) != kept.stack_file:
        return
    if kept.former_file is None:
        file.unlink()
    else:
        write_if_changed(file, kept.former_file)


def _text(file: Path) -> str | None:
    return file.read_text() if file.is_file() else None


def _changed(file: Path) -> Problem:
    return Problem(
        code="PK525",
        summary="the stack file has moved since the plan was made",
        where=file.name,
        file=str(file),
        found="another content, which somebody wrote while the plan waited",
        allowed="what it said before the run, or what the run wants",
        remedy="look at the plan as it is now, and approve that one",
    )
