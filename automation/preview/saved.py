"""Reports as JSON, written and read again; and a report as files, in every form.

Whoever reads one trusts nothing in it: a report on somebody else's pull request was written by their code. It is
rendered anew, and what stands in it is escaped then.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from automation.preview.changes import Operation
from automation.preview.document import document
from automation.preview.html import as_html
from automation.preview.markdown import as_comment, as_markdown
from automation.preview.plain import as_text
from automation.preview.report import PreviewReport
from automation.preview.sarif import as_sarif
from common.errors import Problem, ReviewError
from common.files import write_atomically

FORMS: Final[Mapping[str, Callable[[PreviewReport], str]]] = {
    "text": lambda report: as_text(document(report)),
    "markdown": lambda report: as_markdown(document(report)),
    "comment": lambda report: as_comment(document(report)),
    "html": lambda report: as_html(document(report)),
    "json": lambda report: json.dumps(as_json(report), indent=1, ensure_ascii=False) + "\n",
    "sarif": as_sarif,
}
"""How a report can be shown."""
_FILES: Final = {
    "text": "report.txt",
    "markdown": "report.md",
    "comment": "comment.md",
    "html": "report.html",
    "json": "report.json",
    "sarif": "report.sarif",
}
_LARGEST: Final = 64 << 20  # bytes of a report; ten times what a stack of 10,000 resources has


@cache
def _form() -> TypeAdapter[PreviewReport]:
    return TypeAdapter(PreviewReport)


def save(report: PreviewReport, directory: Path) -> None:
    """Write the report into a directory in every form: report.json, report.html, comment.md …"""
    directory.mkdir(parents=True, exist_ok=True)
    for form, file in _FILES.items():
        write_atomically(directory / file, FORMS[form](report))


def as_json(report: PreviewReport) -> dict[str, Any]:
    """The report as plain data; of inputs those that a report shows, with what is counted beside the rest."""
    told: dict[str, Any] = _form().dump_python(report, mode="json", by_alias=True)
    for stack, shown in zip(report.stacks, told["stacks"], strict=True):
        shown["counts"] = {str(operation): count for operation, count in stack.counts.items()}
        for change, each in zip(stack.changes, shown["changes"], strict=True):
            each["forcedBy"] = change.forced_by
            if change.operation is not Operation.DELETE:
                del each["old"]
            if change.operation is not Operation.CREATE:
                del each["new"]
    return told


def read_reports(files: Sequence[Path]) -> PreviewReport:
    """One report of those in the files, each of other stacks; ReviewError (PK915, PK916) for what cannot be one."""
    first, *more = [_read(file) for file in files]
    for each, file in zip(more, files[1:], strict=True):
        if (each.base, each.head, each.edited) != (first.base, first.head, first.edited):
            raise ReviewError(_unlike(file, each, first))
    stacks = {stack.stack: stack for report in (first, *more) for stack in report.stacks}
    return replace(first, stacks=[stack for _, stack in sorted(stacks.items())])


def _read(file: Path) -> PreviewReport:
    try:
        if file.stat().st_size > _LARGEST:
            raise ReviewError(_unreadable(file, f"{file.stat().st_size} bytes"))
        return _form().validate_json(file.read_bytes())
    except OSError as error:
        raise ReviewError(_unreadable(file, error.strerror or str(error))) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ReviewError(_unreadable(file, f"{first['msg']}{f' at {place}' if place else ''}")) from None


def _unreadable(file: Path, found: str) -> Problem:
    return Problem(
        code="PK915",
        summary="the report of a preview cannot be read",
        file=str(file),
        found=found,
        allowed="what `polykube preview --base` writes as JSON",
        remedy="write it by the same version of polykube: polykube preview STACK --base REF --save DIRECTORY",
    )


def _unlike(file: Path, report: PreviewReport, first: PreviewReport) -> Problem:
    return Problem(
        code="PK916",
        summary="the reports are not of one change",
        file=str(file),
        found=report.title,
        allowed=first.title,
        remedy="name the reports of one run",
    )
