"""Six pull requests, each with the comment that its reviewers get: whole, as golden files, and read by people.

A reviewer would be misled by a comment that hides what is lost, names the wrong line, or makes much of nothing. The
engine, the API server and git are real; the cloud is rehearsed, and the code host is played on loopback.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from automation.comment.command import comment
from tests.support.code_hosts import github, job_of_github
from tests.support.golden import Golden
from tests.support.processes import processes_of
from tests.support.repository import Repository, make_repository

pytestmark = pytest.mark.needs("engine", "control plane")

STACK: Final = "gke-dev"
FILE: Final = f"Pulumi.{STACK}.yaml"
_COMMIT: Final = re.compile(r"\b[0-9a-f]{12}\b")
_WORLD: Final = """      network:
        allow:
          - {name: world, from: {cidr: 0.0.0.0/0}, to: {pods: {app: web}}, ports: [{port: 8080}]}
      limitRange:
"""


@dataclass(frozen=True)
class PullRequest:
    """What somebody asks for: `edit` is what they do; `exit_code` is how the check ends."""

    name: str
    edit: Callable[[Repository], None]
    exit_code: int = 0
    from_fork: bool = False


STORY: Final = (
    PullRequest("resize-a-pool", lambda it: it.edit(FILE, "nodes: {min: 3, max: 6}", "nodes: {min: 3, max: 5}")),
    PullRequest("rename-a-pool", lambda it: it.edit(FILE, "- name: general", "- name: apps")),
    PullRequest("open-a-tenant", lambda it: it.edit(FILE, "      limitRange:\n", _WORLD), exit_code=6),
    PullRequest("move-the-cluster", lambda it: it.edit(FILE, "europe-west4", "europe-west1"), exit_code=5),
    PullRequest("move-code", lambda it: it.edit("components/clusters/gke/pools.py", '"""GKE', '"""Moved. GKE')),
    PullRequest("from-a-fork", lambda it: it.edit(FILE, "pods: 20", "pods: 30"), from_fork=True),
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the base is kept; nothing runs there afterwards."""
    directory = tmp_path_factory.mktemp("state")
    yield directory
    assert processes_of(directory) == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with one stack."""
    return make_repository(tmp_path_factory.mktemp("project") / "repository", STACK)


@pytest.mark.parametrize("pull", STORY, ids=lambda pull: pull.name)
def test_a_pull_request_has_a_comment_that_its_reviewers_would_like_to_get(
    project: Repository, state: Path, tmp_path: Path, golden: Golden, pull: PullRequest
) -> None:
    project.git("checkout", "--quiet", "-B", pull.name, "main")
    pull.edit(project)
    project.commit()
    arguments = ("preview", "--changed", "--base", "main", "--save", str(tmp_path / "report"))
    done = project.polykube(*arguments, XDG_STATE_HOME=str(state))
    assert done.returncode == pull.exit_code, done.stdout + done.stderr
    report = tmp_path / "report" / "report.json"
    with github() as host:
        for event in (_pulled(fork=pull.from_fork), *([_followed()] if pull.from_fork else [])):
            assert host.texts == []
            comment([report], job_of_github(host, tmp_path, event))
        (text,) = host.texts
    golden.check_text(f"comments/{pull.name}.md", _COMMIT.sub("0123456789ab", text))


def _pulled(*, fork: bool) -> dict[str, Any]:
    head = "fork/repo" if fork else "owner/repo"
    return {
        "pull_request": {
            "number": 5,
            "head": {"repo": {"full_name": head}},
            "base": {"repo": {"full_name": "owner/repo"}},
        }
    }


def _followed() -> dict[str, Any]:
    repository = {"owner": {"login": "fork"}}
    return {"workflow_run": {"head_sha": "c0ffee", "head_branch": "theirs", "head_repository": repository}}
