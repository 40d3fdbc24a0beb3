"""`polykube preview STACK… --base REF`: the report, in the form that is asked for."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from automation.preview.against_rehearsal import preview
from automation.preview.document import document
from automation.preview.html import as_html
from automation.preview.markdown import as_comment, as_markdown
from automation.preview.plain import as_text
from automation.preview.report import PreviewReport, StackReport
from automation.preview.revisions import Repository
from automation.preview.sarif import as_sarif
from automation.preview.touched import Reach
from automation.project import Project
from automation.show import err
from common.errors import EngineError, PolicyError
from common.progress import duration

FORMS: Final[Mapping[str, Callable[[PreviewReport], str]]] = {
    "text": lambda report: as_text(document(report)),
    "markdown": lambda report: as_markdown(document(report)),
    "comment": lambda report: as_comment(document(report)),
    "html": lambda report: as_html(document(report)),
    "json": lambda report: json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n",
    "sarif": as_sarif,
}
"""How a report can be shown."""


def preview_change(stacks: Sequence[str], base: str, form: str) -> int:
    """Preview what the work tree changes of `base` in each stack, and print the report; the exit code comes back.

    That is 0, PolicyError's where a mandatory rule is broken, EngineError's where a preview did not get to its end.
    RevisionError and StackFileError are raised before anything is made.
    """
    projects = [Project.open(stack) for stack in stacks]
    repository = Repository(projects[0].directory)
    start = repository.base(base)
    began = time.monotonic()
    reach = Reach(repository, start)
    reports = [preview(project, repository, start, reach) for project in projects]
    report = PreviewReport(start.commit, start.name, repository.head, reports, len(repository.edited()))
    print(FORMS[form](report), end="")
    err.print(f"[dim]previewed {', '.join(stacks)} in {duration(time.monotonic() - began)}[/dim]", soft_wrap=True)
    return _exit_code(reports)


def _exit_code(reports: Sequence[StackReport]) -> int:
    if any(each.errors for each in reports):
        return EngineError.exit_code
    return PolicyError.exit_code if any(each.blocking for each in reports) else 0
