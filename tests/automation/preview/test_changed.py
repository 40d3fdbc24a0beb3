"""`polykube changed`, which would let a pull request through without a preview, or preview every stack for each."""

import json
from pathlib import Path

import pytest

from automation.preview.touched import TouchedStacks, change
from common.errors import RevisionError
from tests.support.repository import Repository

_ALL = ["dev", "eks-dev", "eks-prod", "gke-dev"]


def changed(repository: Repository, base: str = "main") -> TouchedStacks:
    """What is found."""
    return change(repository.directory, base)


def stacks(repository: Repository) -> list[str]:
    """The names of the touched stacks."""
    return [each.stack for each in changed(repository).stacks]


def test_nothing_changed_touches_nothing(repository: Repository) -> None:
    said = changed(repository)
    assert (said.stacks, said.removed, said.others) == ([], [], [])
    assert said.base.commit == said.head == repository.git("rev-parse", "main")


@pytest.mark.parametrize(
    ("file", "touched"),
    [
        ("components/clusters/eks/pools.py", ["eks-dev", "eks-prod"]),
        ("components/networks/gcp.py", ["gke-dev"]),
        ("components/clusters/managed.py", ["eks-dev", "eks-prod", "gke-dev"]),
        ("components/platform/tenants.py", _ALL),
        ("policy/rules/quota.py", _ALL),
        ("policy/model/shapes.json", _ALL),
        ("Pulumi.yaml", _ALL),
        ("examples/shop/frontend.yaml", ["dev"]),
        ("components/addons/istio/resources.py", []),
        ("docs/guide.md", []),
    ],
)
def test_code_touches_the_stacks_that_it_runs_for(repository: Repository, file: str, touched: list[str]) -> None:
    before = (repository.directory / file).read_text() if (repository.directory / file).exists() else ""
    repository.write(file, f"{before}\n")
    assert stacks(repository) == touched


def test_it_makes_no_difference_whether_the_change_is_committed(repository: Repository) -> None:
    repository.edit("components/clusters/eks/pools.py", '"""', '""" ')
    before = changed(repository).stacks
    repository.commit()
    assert changed(repository).stacks == before != []


def test_an_add_on_touches_the_stacks_that_have_it_or_take_something_from_it(repository: Repository) -> None:
    repository.write("Pulumi.dev.yaml", (repository.directory / "Pulumi.dev.yaml").read_text().replace("#+ ", ""))
    base = repository.commit()
    for file in ("components/addons/istio/resources.py", "components/addons/monitoring/__init__.py"):
        repository.edit(file, '"""', '""" ')
    repository.edit("addons.lock", "[istio]", "# newer\n[istio]")
    said = changed(repository, base)
    assert [(each.stack, len(each.files)) for each in said.stacks] == [("dev", 2)]
    assert said.others == ["addons.lock"], "a comment changes no bundle"
    repository.edit("addons.lock", 'sha256 = "c', 'sha256 = "d')
    assert changed(repository, base).stacks[0].files[0] == "addons.lock"


def test_an_add_on_that_others_only_name_is_not_built_for_them(repository: Repository) -> None:
    repository.edit("Pulumi.dev.yaml", "config:\n", "config:\n  polykube:addons: {istio: {}}\n")
    base = repository.commit()
    repository.edit("components/addons/monitoring/resources.py", '"""', '""" ')
    assert changed(repository, base).stacks == []
    repository.edit("components/addons/monitoring/__init__.py", '"""', '""" ')
    assert [each.stack for each in changed(repository, base).stacks] == ["dev"]


def test_files_of_stacks_that_are_new_changed_and_gone(repository: Repository) -> None:
    directory = repository.directory
    repository.write("Pulumi.fresh.yaml", (directory / "Pulumi.eks-dev.yaml").read_text())
    repository.edit("Pulumi.eks-dev.yaml", "max: 4", "max: 3")
    (directory / "Pulumi.gke-dev.yaml").unlink()
    said = changed(repository)
    assert [(each.stack, each.is_new) for each in said.stacks] == [("eks-dev", False), ("fresh", True)]
    assert said.removed == ["gke-dev"]


def test_a_stack_file_that_cannot_be_read_counts_as_one_that_uses_everything(repository: Repository) -> None:
    repository.write("Pulumi.dev.yaml", "config: {polykube:cluster: {kind: none}}\n")
    repository.edit("components/clusters/eks/pools.py", '"""', '""" ')
    files = {each.stack: each.files for each in changed(repository).stacks}
    assert files["dev"] == ["Pulumi.dev.yaml", "components/clusters/eks/pools.py"]


def test_what_others_did_on_the_base_meanwhile_is_no_change(repository: Repository) -> None:
    repository.edit("Pulumi.eks-dev.yaml", "max: 4", "max: 3")
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "theirs", "main")
    repository.edit("Pulumi.gke-dev.yaml", "max: ", "max: 1")
    repository.commit()
    repository.git("checkout", "--quiet", "work")
    assert [each.stack for each in changed(repository, "theirs").stacks] == ["eks-dev"]
    repository.git("branch", "-D", "theirs")


def test_people_are_told_what_touches_each_stack(repository: Repository) -> None:
    repository.edit("Pulumi.eks-dev.yaml", "max: 4", "max: 3")
    repository.write("components/clusters/eks/pools.py", "")
    done = repository.polykube("changed", "--base", "main")
    assert done.stdout.splitlines()[:2] == [
        "eks-dev   Pulumi.eks-dev.yaml and 1 other file",
        "eks-prod  components/clusters/eks/pools.py",
    ]


def test_programs_are_told_the_same(repository: Repository) -> None:
    repository.edit("Pulumi.eks-dev.yaml", "max: 4", "max: 3")
    done = repository.polykube("changed", "--base", "main", "--format", "json")
    assert json.loads(done.stdout) == {
        "base": repository.git("rev-parse", "main"),
        "head": repository.git("rev-parse", "main"),
        "stacks": [{"stack": "eks-dev", "new": False, "files": ["Pulumi.eks-dev.yaml"]}],
        "removed": [],
        "others": [],
    }


@pytest.mark.parametrize("base", ["nowhere", "--all", "main:Pulumi.yaml", ""])
def test_what_is_no_revision_is_refused(repository: Repository, base: str) -> None:
    with pytest.raises(RevisionError, match="PK902"):
        changed(repository, base)


def test_what_is_no_revision_is_told_in_one_message(repository: Repository) -> None:
    done = repository.polykube("changed", "--base", "nowhere")
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr.startswith("✗ PK902 ")
    assert "Traceback" not in done.stderr


def test_a_shallow_clone_says_what_to_fetch(shallow: Repository) -> None:
    done = shallow.polykube("changed", "--base", "main")
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr.startswith("✗ PK903 ")
    assert "git fetch --unshallow" in done.stderr
    shallow.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    shallow.git("fetch", "--quiet", "--unshallow", "origin")
    assert changed(shallow).others == ["docs/later.md"]


def test_outside_of_git_it_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="PK901"):
        changed(Repository(tmp_path))


def test_another_pinned_version_and_waivers_touch_every_stack_of_a_project_of_its_own(tmp_path: Path) -> None:
    polykube, mine = (Repository(tmp_path / name) for name in ("polykube", "mine"))
    for each in (polykube, mine):
        each.directory.mkdir()
        each.git("init", "--quiet", "--initial-branch", "main")
    polykube.write("__main__.py", "")
    polykube.commit()
    mine.write("Pulumi.yaml", "name: mine\nruntime: python\nmain: polykube\n")
    mine.write("Pulumi.dev.yaml", "config: {}\n")
    mine.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(polykube.directory), "polykube")
    base = mine.commit()
    pinned = Repository(mine.directory / "polykube")
    pinned.write("__main__.py", "1\n")
    pinned.commit()
    mine.write("policy/waivers.yaml", "[]\n")
    mine.write("README.md", "mine\n")
    said = changed(mine, base)
    assert [each.files for each in said.stacks] == [["policy/waivers.yaml", "polykube"]]
    assert said.others == ["README.md"]
