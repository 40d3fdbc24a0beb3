"""A project of one's own, outside of polykube's checkout, in which a command does not work as it does here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from common.paths import CHECKOUT
from tests.support.cli import Cli, inherited_environment
from tests.support.new_projects import ANSWERS


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Cli]:
    """A new local project, with states and control planes of its own."""
    outside = Cli(tmp_path, inherited_environment(tmp_path / "backend") | {"XDG_STATE_HOME": str(tmp_path / "state")})
    (tmp_path / "backend").mkdir()
    outside.must("new", "mine")
    mine = Cli(tmp_path / "mine", outside.environment, timeout=900)
    yield mine
    mine.other("make", "down")


def test_it_comes_up_and_plain_pulumi_sees_no_change(project: Cli) -> None:
    up = succeeds(project, "make", "up")
    polykube = f"{project.directory / 'polykube'}/.venv/bin/polykube"
    assert 'eval "$(polykube/.venv/bin/polykube env)"' in up, "the next command is one that works here"
    plain = f'eval "$({polykube} env)" && pulumi preview --stack dev --expect-no-changes'
    assert "45 unchanged" in succeeds(project, "sh", "-c", plain)
    waived = project.other(polykube, "policy", "check", "polykube/examples/shop", "--stack", "dev")
    assert "no-default-ns" in waived.stdout
    allow = "- {rule: no-default-ns, resource: '*', reason: a try, owner: me, expires: 2999-01-01}\n"
    (project.directory / "policy" / "waivers.yaml").write_text(allow)
    waived = project.other(polykube, "policy", "check", "polykube/examples/shop", "--stack", "dev")
    assert "4 waived" in waived.stdout
    succeeds(project, "make", "down")
    assert not list(Path(project.environment["XDG_STATE_HOME"]).glob("polykube/control-planes/*"))


def test_a_cloud_is_rehearsed_by_the_version_that_is_pinned(tmp_path: Path) -> None:
    outside = Cli(tmp_path, inherited_environment(tmp_path) | {"XDG_STATE_HOME": str(tmp_path / "state")})
    answers = (f"--answer={name}={value}" for name, value in ANSWERS["gke"].items())
    outside.must("new", "mine", "--kind", "gke", *answers)
    mine = Cli(tmp_path / "mine", outside.environment, timeout=900)
    program = mine.directory / "polykube" / "__main__.py"
    program.write_text(f"{program.read_text()}\nopen({str(tmp_path / 'ran')!r}, 'w').close()\n")
    assert "✓ rehearsal of gke-dev" in succeeds(mine, "make", "rehearse")
    assert (tmp_path / "ran").exists(), "it is the pinned program that runs"


def test_another_version_says_what_it_changes_and_the_project_stays_as_it_is(tmp_path: Path) -> None:
    newer = Cli(tmp_path / "newer", inherited_environment(tmp_path) | {"XDG_STATE_HOME": str(tmp_path / "state")})
    succeeds(replace(newer, directory=tmp_path), "git", "clone", "--quiet", str(CHECKOUT), "newer")
    outside = replace(newer, directory=tmp_path)
    outside.must("new", "mine", "--from", str(newer.directory))
    mine = replace(newer, directory=tmp_path / "mine", timeout=900)
    for project in (newer, mine):
        succeeds(project, "git", "config", "user.name", "me")
        succeeds(project, "git", "config", "user.email", "me@example.test")
    succeeds(mine, "git", "add", "--all")
    succeeds(mine, "git", "commit", "--quiet", "--message", "Begin")
    program = newer.directory / "stacks" / "program.py"
    program.write_text(program.read_text().replace("export(compose(spec))", "pulumi.export('news', 1)"))
    succeeds(newer, "git", "commit", "--quiet", "--all", "--message", "Make nothing any more")
    commit = succeeds(newer, "git", "rev-parse", "HEAD").strip()
    succeeds(mine, "make", "env")
    said = mine.other(str(mine.directory / "polykube" / ".venv" / "bin" / "polykube"), "upgrade", commit)
    assert "Preview: 40 changes, 40 deletions" in said.stdout, said.stdout + said.stderr
    assert succeeds(mine, "git", "status", "--short") == ""


def succeeds(project: Cli, *command: str) -> str:
    done = project.other(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
