"""`polykube preview --base`, as a pull request's job runs it: the engine, an API server and a stand-in cloud.

Guards against a report that is of something else than the change, blames the wrong line, needs credentials, differs
from one run to the next, or leaves something running.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.objects import deployment
from tests.support.processes import processes_of
from tests.support.repository import Repository, make_repository

pytestmark = pytest.mark.needs("engine", "control plane")

STACK = "gke-dev"
FILE = f"Pulumi.{STACK}.yaml"
_PREVIEW = ("preview", STACK, "--base", "main", "--format", "json")
_CREDENTIALS = {"GOOGLE_CREDENTIALS": "canary-0123", "PULUMI_BACKEND_URL": "https://nowhere.test"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bases are kept."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with one stack."""
    return make_repository(tmp_path_factory.mktemp("project") / "repository", STACK)


@pytest.fixture(autouse=True)
def _as_committed(project: Repository, state: Path) -> Iterator[None]:
    yield
    project.git("checkout", "--quiet", "--", ".")
    assert processes_of(state) == []


def previewed(project: Repository, state: Path, form: str = "json") -> subprocess.CompletedProcess[str]:
    """What the command says of the work tree."""
    arguments = ("preview", STACK, "--base", "main", "--format", form)
    return project.polykube(*arguments, XDG_STATE_HOME=str(state), **_CREDENTIALS)


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The report on the stack."""
    assert done.stdout, done.stderr
    (told,) = json.loads(done.stdout)["stacks"]
    found: dict[str, Any] = told
    return found


def test_a_change_is_told_with_its_reasons_and_the_same_again_from_the_base_that_was_kept(
    project: Repository, state: Path
) -> None:
    project.edit(FILE, "- name: general", "- name: apps")
    project.edit(FILE, "pods: 20", "pods: 30")
    project.edit(FILE, "max: 3}", "max: 2}")
    first = previewed(project, state)
    assert first.returncode == 0, first.stdout + first.stderr
    told = report(first)
    assert (told["errors"], told["new"]) == ([], False)
    assert told["counts"]["replace"] == 0
    changes = {(each["operation"], each["type"].rpartition(":")[2], each["name"]): each for each in told["changes"]}
    gone = next(each for (operation, kind, _), each in changes.items() if (operation, kind) == ("delete", "NodePool"))
    assert "general" in gone["name"]
    assert "apps" in gone["becomes"]
    assert [(it["where"], it["line"]) for it in gone["causes"]] == [
        ("polykube:cluster.nodePools[0].name", line_of(project, "- name: apps"))
    ]
    quota = next(
        each for (operation, kind, _), each in changes.items() if (operation, kind) == ("update", "ResourceQuota")
    )
    assert [it["where"] for it in quota["causes"]] == ["polykube:tenants[0].quota.pods"]
    assert quota["differences"] == [{"path": "spec.hard.pods", "lines": ["- 20", "+ 30"], "forces": False}]
    assert {
        "subject": "shop",
        "what": "pods",
        "before": "20",
        "after": "30",
        "leftBefore": "20",
        "leftAfter": "30",
    } in (told["quotas"])
    assert ("t2a-standard-2", "3", "2") in [(it["what"], it["before"], it["after"]) for it in told["nodes"]]
    assert "canary" not in first.stdout + first.stderr

    second = previewed(project, state)
    assert second.stdout == first.stdout
    assert "bringing main" in first.stderr
    assert "bringing main" not in second.stderr, "the base stands already"


def rename_a_key(project: Repository) -> None:
    """Give a key of the stack file another name, in the models and in the file."""
    project.edit("components/platform/tenants.py", "limit_range: LimitRangeSpec = Field(", f"{_RENAMED}")
    project.edit(FILE, "      limitRange:", "      bounds:")


_RENAMED = """limit_range: LimitRangeSpec = Field(
        alias="bounds","""


def test_a_key_that_the_change_renames_is_read_by_each_sides_own_code(project: Repository, state: Path) -> None:
    rename_a_key(project)
    project.edit(FILE, "pods: 20", "pods: 30")
    done = project.own_polykube(*_PREVIEW, XDG_STATE_HOME=str(state))
    assert done.returncode == 0, done.stdout + done.stderr
    told = report(done)
    assert (told["withoutBase"], told["errors"], told["unknown"]) == ("", [], [])
    assert [(each["operation"], each["name"]) for each in told["changes"]] == [("update", "shop/quota")]
    again = project.own_polykube(*_PREVIEW, XDG_STATE_HOME=str(state))
    assert again.stdout == done.stdout
    assert "bringing main" not in again.stderr, "the base stands already"


def test_a_base_that_cannot_be_asked_is_brought_up_by_this_code_and_that_is_said(
    project: Repository, state: Path
) -> None:
    same = _on_older(project, state)
    project.git("checkout", "--quiet", "--force", "work")
    assert same.returncode == 0, same.stdout + same.stderr
    (note,) = report(same)["unknown"]
    assert note.startswith("what the base's own polykube makes of it: this one brought it up, as that speaks form 10")
    assert report(same)["changes"] == []


def test_such_a_base_does_not_stand_where_this_code_cannot_read_its_file(project: Repository, tmp_path: Path) -> None:
    renamed = _on_older(project, tmp_path, rename_a_key)
    project.git("checkout", "--quiet", "--force", "work")
    assert "PK110" in report(renamed)["withoutBase"]
    assert "speaks form 10" in report(renamed)["unknown"][-1]


def _on_older(
    project: Repository, state: Path, change: Callable[[Repository], None] = lambda _: None
) -> subprocess.CompletedProcess[str]:
    """What the code here says of a change on a base that speaks another form of the contract."""
    contract, form, another = "automation/preview/contract.py", "FORM: Final = 1\n", "FORM: Final = 10\n"
    project.git("checkout", "--quiet", "-B", "older")
    project.edit(contract, form, another)
    project.commit()
    project.edit(contract, another, form)
    change(project)
    return project.own_polykube("preview", STACK, "--base", "older", "--format", "json", XDG_STATE_HOME=str(state))


def line_of(project: Repository, text: str) -> int:
    """The line of the stack file that has a text."""
    lines = (project.directory / FILE).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_code_that_only_moves_changes_nothing_and_says_so(project: Repository, state: Path) -> None:
    project.edit("components/clusters/gke/pools.py", '"""GKE', '"""Moved. GKE')
    done = previewed(project, state, "markdown")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing changes; 1 file of its code changed, and it asks for the same." in done.stdout


def test_a_broken_rule_is_new_and_stops_the_check(project: Repository, state: Path) -> None:
    web = deployment("shop", "web")
    web["spec"]["template"]["spec"]["containers"][0]["image"] = "example.test/web"  # without a tag
    project.write("web.yaml", yaml.safe_dump(web))
    project.edit(FILE, "    - name: shop\n", "    - name: shop\n      manifests: [web.yaml]\n")
    done = previewed(project, state)
    (project.directory / "web.yaml").unlink()
    assert done.returncode == 6, done.stdout + done.stderr
    told = report(done)
    assert told["errors"] == []
    assert "image" in [each["rule"] for each in told["policies"]["new"] if each["level"] == "mandatory"]


def test_a_base_without_the_stack_makes_all_of_it_new(project: Repository, state: Path) -> None:
    project.write("Pulumi.fresh.yaml", (project.directory / FILE).read_text())
    done = project.polykube("preview", "fresh", "--base", "main", "--format", "json", XDG_STATE_HOME=str(state))
    (project.directory / "Pulumi.fresh.yaml").unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    told = report(done)
    assert told["new"]
    assert told["counts"]["create"] == sum(told["counts"].values()) > 30
    assert list((state / "polykube" / "rehearsals").glob("fresh-*")) == []


def test_a_stack_file_that_is_wrong_in_the_change_alone_is_the_changes_error(project: Repository, state: Path) -> None:
    project.edit(FILE, "pods: 20", "pots: 20")
    done = previewed(project, state)
    assert done.returncode == 2, done.stdout + done.stderr
    errors = report(done)["errors"]
    assert sorted(each.split()[0] for each in errors) == ["PK110", "PK111"]  # one key is unknown, and one missing
    assert all(f"{FILE}:" in each for each in errors)


def test_a_stack_file_that_is_wrong_in_the_base_alone_leaves_nothing_to_compare_with(
    project: Repository, state: Path
) -> None:
    project.git("checkout", "--quiet", "-b", "broken")
    project.edit(FILE, "pods: 20", "pots: 20")
    project.commit()
    project.edit(FILE, "pots: 20", "pods: 20")
    done = project.polykube("preview", STACK, "--base", "broken", "--format", "json", XDG_STATE_HOME=str(state))
    project.git("checkout", "--quiet", "--force", "-")
    assert done.returncode == 0, done.stdout + done.stderr
    told = report(done)
    assert "PK110" in told["withoutBase"]
    assert told["counts"]["create"] == sum(told["counts"].values()) > 30
