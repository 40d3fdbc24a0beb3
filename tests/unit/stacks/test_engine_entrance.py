"""A program that sees another spec than the CLI checked, loses its secrets, or fails with a traceback."""

import json
import re
from pathlib import Path

import pulumi
import pulumi.runtime
import pytest

from common.errors import StackFileError
from components.clusters.existing import ExistingSpec
from stacks.loading import load_file, load_from_engine
from tests.unit.stacks.engine import Project, make_project

LOCAL = """\
config:
  polykube:stage: dev
  polykube:cluster:
    kind: local
    version: "1.36"
    nodePools:
      - { name: general, nodes: 1, labels: { zone: "1" } }
"""
KUBECONFIG = "contexts: [{name: dev}]\ncurrent-context: dev\n"
EXISTING = """\
config:
  polykube:stage: dev
  polykube:cluster:
    kind: existing
    version: "1.36"
    kubeconfig:
      contents: { secure: "v1:bm9uY2U=:Y2lwaGVy" }
"""
CLUSTER = {
    "kind": "local",
    "version": "1.36",
    "nodePools": [{"name": "general", "nodes": 1, "labels": {"zone": "1"}}],
}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's directory, in which a program of the stack `dev` runs."""
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    pulumi.runtime.set_all_config({})
    return tmp_path


def hand_over(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    """Configuration as the official language host passes it: texts in PULUMI_CONFIG."""
    texts = {f"polykube:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"aws:region": "eu-central-1", **texts}))


def test_the_program_gets_what_the_cli_got(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "Pulumi.dev.yaml").write_text(LOCAL)
    hand_over(monkeypatch, stage="dev", cluster=CLUSTER)
    assert load_from_engine() == load_file(directory / "Pulumi.dev.yaml")


def test_configuration_by_the_in_process_way_counts_too(directory: Path) -> None:
    texts = {"polykube:stage": "dev", "polykube:cluster": json.dumps(CLUSTER)}
    pulumi.runtime.set_all_config(texts)
    assert load_from_engine().stage == "dev"
    assert not list(directory.iterdir())


def test_the_engine_has_the_last_word(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "Pulumi.dev.yaml").write_text(LOCAL)
    hand_over(monkeypatch, stage="prod", cluster=CLUSTER | {"name": "other"})
    spec = load_from_engine()
    assert (spec.stage, spec.cluster.name) == ("prod", "other")


def test_problems_have_the_lines_of_the_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "Pulumi.dev.yaml").write_text(LOCAL.replace("nodes: 1", "nodes: 0"))
    cluster = json.loads(json.dumps(CLUSTER).replace('"nodes": 1', '"nodes": 0'))
    hand_over(monkeypatch, stage="dev", cluster=cluster)
    with pytest.raises(
        pulumi.RunError, match=r"PK116(.|\n)*Pulumi\.dev\.yaml:7 at polykube:cluster\.nodePools\[0\]\.nodes"
    ):
        load_from_engine()


def test_lines_of_a_file_that_says_something_else_are_not_given(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "Pulumi.dev.yaml").write_text(LOCAL)
    hand_over(monkeypatch, stage="dev", cluster=CLUSTER | {"version": "2"})
    with pytest.raises(pulumi.RunError) as raised:
        load_from_engine()
    assert "polykube:cluster.version" in str(raised.value)
    assert ":5" not in str(raised.value)


def test_an_unknown_key_of_ours_is_a_problem(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(monkeypatch, stage="dev", cluster=CLUSTER, tenant=[])
    with pytest.raises(pulumi.RunError, match="Write polykube:tenants, if that is meant"):
        load_from_engine()
    assert not list(directory.iterdir())


def test_a_key_without_a_namespace_is_refused_both_ways(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = directory / "Pulumi.dev.yaml"
    path.write_text(LOCAL.replace("polykube:stage", "stage"))
    with pytest.raises(StackFileError, match="PK110"):
        load_file(path)
    hand_over(monkeypatch, stage="dev", cluster=CLUSTER)  # the engine adds the project's name to `stage`
    with pytest.raises(pulumi.RunError, match="PK110"):
        load_from_engine()


@pytest.mark.parametrize(
    ("content", "place"),
    [(None, "polykube:cluster.version"), ("config: none\n", "Pulumi.dev.yaml:1 at polykube:cluster.version")],
)
def test_a_problem_that_no_file_says_is_placed_as_far_as_it_can_be(
    directory: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, place: str
) -> None:
    if content:
        (directory / "Pulumi.dev.yaml").write_text(content)
    hand_over(monkeypatch, stage="dev", cluster=CLUSTER | {"version": "2"})
    with pytest.raises(pulumi.RunError) as raised:
        load_from_engine()
    assert f"  where   {place}" in str(raised.value).splitlines()


def test_text_that_only_begins_like_json_is_text(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(monkeypatch, stage="{dev", cluster=CLUSTER)
    with pytest.raises(pulumi.RunError, match=re.escape('"{dev"')):
        load_from_engine()
    assert not list(directory.iterdir())


def test_a_secret_is_opaque_in_the_file_and_readable_in_the_program(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = directory / "Pulumi.dev.yaml"
    path.write_text(EXISTING)
    cluster = {"kind": "existing", "version": "1.36", "kubeconfig": {"contents": KUBECONFIG}}
    hand_over(monkeypatch, stage="dev", cluster=cluster)
    texts = []
    for spec in (load_file(path), load_from_engine()):
        assert isinstance(spec.cluster, ExistingSpec)
        assert spec.cluster.kubeconfig is not None
        assert spec.cluster.kubeconfig.contents is not None
        texts.append(spec.cluster.kubeconfig.contents.text)
        assert "contexts" not in repr(spec)
    assert texts == [None, KUBECONFIG]


def test_a_decrypted_secret_is_never_shown(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "Pulumi.dev.yaml").write_text(EXISTING.replace('"1.36"', "{ secure: v1:bm9uY2U= }"))
    cluster = {"kind": "existing", "version": "hunter2", "kubeconfig": {"contents": "hunter2"}}
    hand_over(monkeypatch, stage="dev", cluster=cluster)
    with pytest.raises(pulumi.RunError) as raised:
        load_from_engine()
    assert "PK151" in str(raised.value)
    assert "PK152" in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("project"))


def test_a_real_engine_runs_a_program_with_its_spec(project: Project) -> None:
    project.stack_file.write_text(LOCAL)
    run = project.pulumi("preview", "--stack", "dev")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"loaded {load_file(project.stack_file)}" in run.stdout


def test_a_real_engine_shows_the_problems_and_no_traceback(project: Project) -> None:
    project.stack_file.write_text(LOCAL.replace('"1.36"', "1.30"))
    run = project.pulumi("preview", "--stack", "dev")
    assert run.returncode != 0
    assert '"1.30"' in run.stdout
    assert "Pulumi.dev.yaml:5 at polykube:cluster.version" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_the_cure_for_a_secret_in_the_open_works(project: Project) -> None:
    project.stack_file.write_text(EXISTING.replace('{ secure: "v1:bm9uY2U=:Y2lwaGVy" }', "|\n        contexts: []\n"))
    with pytest.raises(StackFileError) as raised:
        load_file(project.stack_file)
    (problem,) = raised.value.problems
    command = problem.remedy.partition("`pulumi ")[2].partition(" <")[0].replace("'", "").split()
    cured = project.pulumi(*command, "--stack", "dev", stdin=KUBECONFIG)
    assert cured.returncode == 0, cured.stderr
    assert "dev" not in project.stack_file.read_text().partition("kubeconfig:")[2]
    load_file(project.stack_file)
    run = project.pulumi("preview", "--stack", "dev")
    assert run.returncode == 0, run.stdout + run.stderr
