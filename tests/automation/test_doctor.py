"""A doctor who overlooks what is missing, or speaks in a way that programs cannot read."""

import json
from pathlib import Path

import pytest

from rehearsal.plugins import STAND_INS
from rehearsal.toolchain import read_lock
from tests.support.cli import Cli, make_cli
from tests.support.programs import program

KEYS = {"name", "kind", "ok", "version", "source", "path", "remedy"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return make_cli(tmp_path)


def test_everything_is_listed_with_version_source_and_place(cli: Cli) -> None:
    examined = cli.run("doctor", "--json")
    findings = json.loads(examined.stdout)
    assert all(set(finding) == KEYS for finding in findings)
    by_kind = {(finding["kind"], finding["name"]): finding for finding in findings}
    tools = {("tool", name) for name in read_lock()[1] if name != "pulumi"}
    assert {("engine", "pulumi"), ("language host", "python"), *tools} <= set(by_kind)
    assert {("provider", name) for name in STAND_INS} <= set(by_kind)
    engine = by_kind["engine", "pulumi"]
    assert engine["ok"]
    assert Path(engine["path"]).is_file()
    assert engine["version"]
    assert examined.returncode == (0 if all(finding["ok"] for finding in findings) else 1)


def test_with_an_empty_cache_everything_is_missing_and_the_remedy_is_named(cli: Cli, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "etcd", "echo etcd Version: 3.4.0")
    bare = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    examined = cli.run("doctor", "--json", **bare)
    assert examined.returncode == 1
    findings = {finding["name"]: finding for finding in json.loads(examined.stdout)}
    assert not findings["kube-apiserver"]["ok"]
    assert "make setup" in findings["kube-apiserver"]["remedy"]
    assert findings["etcd"]["source"] == f"missing: {tmp_path}/bin/etcd is 3.4.0, and <3.7,>=3.6.8 is needed"
    table = cli.run("doctor", **bare)
    assert table.returncode == 1
    assert "✗" in table.stdout
    assert "make setup" in table.stdout
