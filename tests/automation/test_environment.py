"""Plain pulumi that plans something else than `polykube up`, because one of the two lacks a variable of the other."""

import shlex
from pathlib import Path

import pytest

from automation.project import Project
from rehearsal.toolchain import Tool
from tests.support.cli import make_cli, one_tenant


def test_env_exports_all_that_up_sets_for_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = make_cli(tmp_path)
    cli.write(one_tenant("never-started"))
    printed = (line.removeprefix("export ").partition("=") for line in cli.must("env").splitlines())
    exported = cli.environment | {name: shlex.split(value)[0] for name, _, value in printed}
    monkeypatch.chdir(cli.directory)
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)
    engine = Project.open("dev").engine({"pulumi": Tool("pulumi", tmp_path / "pulumi", "0", "a test")})
    with_up = {name: value for name, value in engine._environment.items() if cli.environment.get(name) != value}
    assert with_up.keys() >= {"PULUMI_K8S_DELETE_UNREACHABLE", "PULUMI_OPTION_POLICY_PACK", "KUBECONFIG"}
    assert {name: exported.get(name) for name in with_up.keys() - {"PATH"}} == {
        name: value for name, value in with_up.items() if name != "PATH"
    }
