"""Where the comment goes: what the environment of a CI job says of the pull request that it runs for.

Variables and events as GitHub and GitLab document them (Variables reference, Events that trigger workflows; Predefined
CI/CD variables; read in November 2026). Tokens come from the environment alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from common.errors import Problem, ReviewError

_OF_GITHUB: Final = "https://api.github.com"
_BOT: Final = "dependabot[bot]"  # whose pull requests have a token that may only read, as those from forks


@dataclass(frozen=True)
class OnGitHub:
    """A pull request on GitHub. Without a `number` it is the open one whose head is `commit` on `branch`."""

    api: str
    repository: str
    token: str
    number: int = 0
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True)
class OnGitLab:
    """A merge request on GitLab, by the number of its project and its own."""

    server: str
    project: str
    token: str
    number: int


@dataclass(frozen=True)
class Nowhere:
    """A job that may not comment, and why that is no error."""

    why: str


Place: TypeAlias = OnGitHub | OnGitLab | Nowhere


def place_in(environment: Mapping[str, str]) -> Place:
    """Where the job that has this environment may comment; ReviewError (PK911, PK912) if that is not known."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return _on_github(environment)
    if environment.get("GITLAB_CI") == "true":
        return _on_gitlab(environment)
    raise ReviewError(_no_place("neither GITHUB_ACTIONS nor GITLAB_CI is true"))


def _on_github(environment: Mapping[str, str]) -> Place:
    event = _event(environment)
    api, repository = environment.get("GITHUB_API_URL", _OF_GITHUB), environment.get("GITHUB_REPOSITORY", "")
    if run := event.get("workflow_run"):
        branch = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
        token = _token(environment, "GITHUB_TOKEN")
        return OnGitHub(api, repository, token, branch=branch, commit=run["head_sha"])
    pull = event.get("pull_request")
    if not pull:
        raise ReviewError(_no_place(f"the event {environment.get('GITHUB_EVENT_NAME', '')} has no pull request"))
    head = (pull["head"].get("repo") or {}).get("full_name")  # null where the fork is gone
    if head != pull["base"]["repo"]["full_name"]:
        return Nowhere("the pull request is from a fork, whose token may only read: another workflow comments")
    if environment.get("GITHUB_ACTOR") == _BOT:
        return Nowhere(f"the pull request is from {_BOT}, whose token may only read: another workflow comments")
    return OnGitHub(api, repository, _token(environment, "GITHUB_TOKEN"), number=int(pull["number"]))


def _event(environment: Mapping[str, str]) -> Mapping[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        event = None
    if not isinstance(event, dict):
        raise ReviewError(_no_place(f"GITHUB_EVENT_PATH leads to no event: {path or 'it is not set'}"))
    return event


def _on_gitlab(environment: Mapping[str, str]) -> Place:
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    project = environment.get("CI_MERGE_REQUEST_PROJECT_ID", "")
    if not (number and project):
        raise ReviewError(_no_place("the pipeline has no CI_MERGE_REQUEST_IID: it is not one of a merge request"))
    token = environment.get("GITLAB_TOKEN", "")
    if not token and environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != project:
        return Nowhere("the merge request is from a fork, which has no token: the report is an artifact of the job")
    server = environment.get("CI_SERVER_URL", "")
    return OnGitLab(server, project, token or _token(environment, "GITLAB_TOKEN"), int(number))


def _token(environment: Mapping[str, str], name: str) -> str:
    if token := environment.get(name):
        return token
    raise ReviewError(
        Problem(
            code="PK912",
            summary="there is no token to comment with",
            found=f"{name} is not set",
            allowed="a token that may write comments, in the environment alone",
            remedy="GitHub: env: {GITHUB_TOKEN: ${{ github.token }}} with permissions: {pull-requests: write}; "
            "GitLab: an access token of the project with the scope api, as the masked variable GITLAB_TOKEN",
        )
    )


def _no_place(found: str) -> Problem:
    return Problem(
        code="PK911",
        summary="there is no pull request to comment on",
        found=found,
        allowed="a job of GitHub Actions or GitLab CI that runs for a pull or merge request",
        remedy="run it there; elsewhere read the report itself: polykube preview STACK --base REF",
    )
