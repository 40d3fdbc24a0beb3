"""The files of CI, which only a push would try: what is misspelt, runs what it should not, or has rights that it needs
not. actionlint reads the workflows; of GitLab's file and of the action what can be read is read here.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from common.paths import CHECKOUT
from rehearsal.toolchain import ensure
from tests.support.cli import POLYKUBE

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
ACTION = CHECKOUT / "action.yml"
GITLAB = CHECKOUT / ".gitlab-ci.yml"
_PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>\S+)(?P<rest>.*)")
_FROM_OTHERS = re.compile(r"\$\{\{.*(head_ref|base_ref|title|body|branch|\.label\.|inputs\.)")


def read(file: Path) -> Any:
    """A YAML file; the key `on`, which YAML 1.1 takes for true, stays a text."""
    text = re.sub(r"^on:", '"on":', file.read_text(), flags=re.MULTILINE)
    return yaml.safe_load(text)


def scripts() -> Iterator[tuple[str, str]]:
    """Every script in an action or a workflow, with where it stands."""
    steps = [(ACTION.name, step) for step in read(ACTION)["runs"]["steps"]]
    for file in WORKFLOWS:
        steps += [(file.name, step) for job in read(file)["jobs"].values() for step in job["steps"]]
    yield from ((f"{where}: {step['run']}", step["run"]) for where, step in steps if "run" in step)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actionlint_has_nothing_to_say(file: Path) -> None:
    linter = ensure(["actionlint"])["actionlint"].path
    command = [str(linter), "-no-color", "-shellcheck", "", str(file)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_actions_of_others_are_pinned_by_commit_and_name_their_version(file: Path) -> None:
    for found in _PINNED.finditer(file.read_text()):
        assert re.fullmatch("[0-9a-f]{40}", found["commit"]), found[0]
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", found["rest"]), found[0]


def test_an_action_has_one_pin() -> None:
    pins: dict[str, set[str]] = {}
    for file in (*WORKFLOWS, ACTION):
        for found in _PINNED.finditer(file.read_text()):
            pins.setdefault(found["action"], set()).add(found["commit"])
    assert {action: commits for action, commits in pins.items() if len(commits) > 1} == {}


def test_what_others_write_does_not_become_part_of_a_script() -> None:
    assert [where for where, script in scripts() if _FROM_OTHERS.search(script)] == []


def test_shellcheck_has_nothing_to_say() -> None:
    shellcheck = Path(pulumi.__file__).parents[1] / "bin" / "shellcheck"
    gitlab = "\n".join(read(GITLAB)["preview"]["script"])
    for where, shell, script in [*((where, "bash", script) for where, script in scripts()), ("gitlab", "sh", gitlab)]:
        command = [str(shellcheck), "--shell", shell, "-"]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{where}\n{done.stdout}"


def asked(directory: Path, shell: str, script: str, code: int, given: dict[str, str]) -> tuple[list[str], int]:
    """The arguments of each `polykube` that a script runs in `directory`, one that previews ends with `code`; and the
    script's exit code. `given` are variables."""
    fake = directory / ".venv" / "bin" / "polykube"
    fake.parent.mkdir(parents=True, exist_ok=True)
    record = directory / "asked"
    record.unlink(missing_ok=True)
    fake.write_text(f'#!/bin/sh\necho "$*" >> {record}\n[ "$1" = comment ] || exit {code}\n')
    fake.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "POLYKUBE": str(fake), **given}
    done = subprocess.run([shell, "-e", "-c", script], cwd=directory, env=environment, check=False)
    return record.read_text().splitlines(), done.returncode


@pytest.mark.parametrize(
    ("stacks", "approved", "expected"),
    [
        ("", "false", "preview --base origin/main --save out --changed"),
        ("dev eks-prod", "false", "preview --base origin/main --save out dev eks-prod"),
        ("", "true", "preview --base origin/main --save out --changed --losses-approved"),
    ],
)
def test_the_action_previews_what_it_is_told(tmp_path: Path, stacks: str, approved: str, expected: str) -> None:
    (script,) = [script for _, script in scripts() if "preview --base" in script]
    given = {"BASE": "origin/main", "REPORT": "out", "STACKS": stacks, "LOSSES_APPROVED": approved}
    assert asked(tmp_path, "bash", script, 0, given) == ([expected], 0)
    assert asked(tmp_path, "bash", script, 6, given)[1] == 6


def test_gitlabs_job_comments_what_it_found_and_fails_for_it(tmp_path: Path) -> None:
    script = "\n".join(line for line in read(GITLAB)["preview"]["script"] if "bootstrap" not in line)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.json").write_text("{}")
    previewed = "preview --base a0 --save report --changed"
    given = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "a0"}
    said = "comment report/report.json"
    assert asked(tmp_path, "sh", script, 12, given) == ([previewed, said], 12)
    labels = {"CI_MERGE_REQUEST_LABELS": "urgent,losses-approved"}
    assert asked(tmp_path, "sh", script, 0, given | labels) == ([f"{previewed} --losses-approved", said], 0)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_says_what_its_token_may_do(file: Path) -> None:
    workflow = read(file)
    assert "permissions" in workflow
    assert workflow["permissions"] not in ("write-all", "read-all")


def test_the_half_that_may_write_runs_none_of_a_forks_code() -> None:
    first, follows = (
        read(CHECKOUT / ".github" / "workflows" / f"{name}.yml") for name in ("preview", "preview-comment")
    )
    assert follows["on"]["workflow_run"]["workflows"] == [first["name"]]
    assert follows["permissions"] == {}
    for job in follows["jobs"].values():
        (checkout, action) = job["steps"]
        assert "ref" not in checkout["with"], "the default branch's code"
        assert action == {"uses": "./"}


def test_every_option_that_ci_gives_is_one_of_the_command() -> None:
    given = {
        (command, option)
        for text in [*(script for _, script in scripts()), *read(GITLAB)["preview"]["script"]]
        for command in re.findall(r'(?:polykube|"\$POLYKUBE") (\w+)', text)
        for option in re.findall(r"--[a-z-]+", text)
    }
    assert {command for command, _ in given} == {"preview", "comment"}
    for command, option in given - {("comment", option) for _, option in given}:
        done = subprocess.run([POLYKUBE, command, "--help"], capture_output=True, text=True, check=True)
        assert option in done.stdout


def test_gitlabs_job_is_one_for_merge_requests_that_a_newer_commit_ends() -> None:
    file = read(GITLAB)
    assert file["workflow"]["auto_cancel"] == {"on_new_commit": "interruptible"}
    assert file["preview"]["interruptible"] is True
    assert file["workflow"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
