"""`polykube comment REPORT…`: the reports of a preview as one comment, and whole in the summary of the job."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from automation.comment.place import Nowhere, OnGitHub, OnGitLab, place_in
from automation.comment.sticky import PATIENCE, Gone, Host, Patience, put
from automation.preview.document import document
from automation.preview.markdown import SUMMARY, as_comment
from automation.preview.report import MARKER, PreviewReport
from automation.preview.saved import read_reports
from automation.show import err
from common.errors import Problem, ToolchainError

_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


def comment(files: Sequence[Path], environment: Mapping[str, str] = os.environ, patience: Patience = PATIENCE) -> None:
    """Comment on the pull request that this job is of, or say why it does not; ReviewError if it should and cannot.

    The summary is written first: it is there also when the host does not take the comment.
    """
    report = read_reports(files)
    _summarize(report, environment)
    place = place_in(environment)
    if isinstance(place, Nowhere):
        err.print(f"no comment: {place.why}", soft_wrap=True, markup=False)
        return
    try:
        address = put(_host(place), as_comment(document(report)), MARKER, patience)
    except Gone:
        err.print("no comment: no open pull request has this commit any more", soft_wrap=True)
    else:
        err.print(f"commented: {address}", soft_wrap=True, markup=False)


def _summarize(report: PreviewReport, environment: Mapping[str, str]) -> None:
    if file := environment.get(_SUMMARY):
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(as_comment(document(report), SUMMARY))


def _host(place: OnGitHub | OnGitLab) -> Host:
    try:
        if isinstance(place, OnGitHub):
            from automation.comment.github import GitHubHost

            return GitHubHost(place)
        from automation.comment.gitlab import GitLabHost

        return GitLabHost(place)
    except ModuleNotFoundError as missing:
        raise ToolchainError(_no_client(missing.name or "")) from None


def _no_client(name: str) -> Problem:
    return Problem(
        code="PK223",
        summary="the clients of code hosts are not installed",
        found=f"no module {name}",
        allowed="PyGithub and python-gitlab",
        remedy="python3 bootstrap.py; or, where polykube was installed by pip: pip install 'polykube[review]'",
    )
