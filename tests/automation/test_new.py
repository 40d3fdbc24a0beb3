"""A project of one's own that does not work outside of polykube's checkout, or is made of answers that cannot be."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.new.files import files
from automation.new.questions import KINDS, ProjectKind
from common.files import write_atomically
from common.paths import CHECKOUT
from components.clusters import KINDS as REGISTERED
from components.clusters import kind_name
from stacks.loading import load_file
from tests.support.cli import Cli, inherited_environment
from tests.support.new_projects import ANSWERS, kubeconfig


def everything_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from everything_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from everything_in(each)
    else:
        yield str(value)


def test_every_kind_of_cluster_can_be_asked_for() -> None:
    assert {kind_name(kind) for kind in REGISTERED} == set(KINDS)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_stack_file_has_the_answers_and_nothing_of_the_examples(
    name: str, kind: ProjectKind, tmp_path: Path
) -> None:
    answers = ANSWERS[name] | ({"kubeconfig": kubeconfig(tmp_path)} if name == "existing" else {})
    (tmp_path / "polykube").symlink_to(CHECKOUT)
    for place, text in files("clusters", kind, answers):
        write_atomically(tmp_path / place, text)
    file = tmp_path / f"Pulumi.{kind.stack}.yaml"
    assert load_file(file).cluster.kind == name
    said = " ".join(everything_in(yaml.safe_load(file.read_text())))
    for question in kind.questions:
        assert answers[question.name] in said
        assert question.example not in said
    links = re.findall(r"polykube/[a-z/.-]+\.(?:md|json)", file.read_text() + (tmp_path / "README.md").read_text())
    assert links
    assert [link for link in links if not (tmp_path / link).is_file()] == []


def test_polykube_is_pinned_at_the_commit_that_made_the_project(tmp_path: Path) -> None:
    cli = Cli(tmp_path, inherited_environment(tmp_path))
    cli.must("new", "clusters")
    project = Cli(tmp_path / "clusters", cli.environment)
    theirs = project.other("git", "-C", "polykube", "rev-parse", "HEAD").stdout
    assert theirs == project.other("git", "-C", str(CHECKOUT), "rev-parse", "HEAD").stdout
    assert project.other("git", "status", "--short", "polykube").stdout == "A  polykube\n"


def test_what_is_missing_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    cli = Cli(tmp_path, inherited_environment(tmp_path))
    done = cli.run("new", "clusters", "--kind", "eks", "--answer", "region=eu-west-1", "--answer", "zone=a")
    assert done.returncode == 14
    assert (done.stderr.count("PK533"), done.stderr.count("PK534")) == (1, len(KINDS["eks"].questions) - 1)
    assert "--answer administrator=…" in done.stderr
    assert not (tmp_path / "clusters").exists()


def test_an_answer_that_cannot_be_is_refused_like_a_stack_file(tmp_path: Path) -> None:
    cli = Cli(tmp_path, inherited_environment(tmp_path))
    wrong = ANSWERS["eks"] | {"from": "10.0.0.0/8"}
    given = (part for name, value in wrong.items() for part in ("--answer", f"{name}={value}"))
    done = cli.run("new", "clusters", "--kind", "eks", *given)
    assert done.returncode == 2
    assert "clusters/Pulumi.eks-dev.yaml" in done.stderr
    assert "publicFrom[0]" in done.stderr
    assert not (tmp_path / "clusters").exists()


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "notes").write_text("mine")
    done = Cli(tmp_path, inherited_environment(tmp_path)).run("new", "clusters")
    assert done.returncode == 14
    assert "PK532" in done.stderr
    assert [file.name for file in (tmp_path / "clusters").iterdir()] == ["notes"]


def test_a_repository_that_cannot_be_cloned_is_named(tmp_path: Path) -> None:
    done = Cli(tmp_path, inherited_environment(tmp_path)).run("new", "clusters", "--from", str(tmp_path / "nowhere"))
    assert done.returncode == 14
    assert "PK535" in done.stderr
    assert "nowhere" in done.stderr
