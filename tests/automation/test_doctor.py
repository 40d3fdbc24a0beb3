"""A doctor who overlooks what is missing, or speaks in a way that programs cannot read."""

import json
from pathlib import Path

import pytest

from rehearsal.plugins import STAND_INS
from rehearsal.toolchain import read_lock
from tests.support.cli import Cli, make_cli
from tests.support.programs import program

KEYS = {"name", "kind", "ok", "version", "source", "path", "detail", "remedy", "needed"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return make_cli(tmp_path)


@pytest.mark.needs("engine")
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
    ready = all(finding["ok"] or not finding["needed"] for finding in findings)
    assert examined.returncode == (0 if ready else 1)


def test_with_an_empty_cache_everything_is_missing_and_the_remedy_is_named(cli: Cli, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "etcd", "echo etcd Version: 3.4.0")
    bare = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    examined = cli.run("doctor", "--json", **bare)
    assert examined.returncode == 1
    findings = {finding["name"]: finding for finding in json.loads(examined.stdout)}
    assert not findings["kube-apiserver"]["ok"]
    assert "make setup" in findings["kube-apiserver"]["remedy"]
    assert findings["etcd"]["detail"] == f"{tmp_path}/bin/etcd is 3.4.0, and <3.7,>=3.6.8 is needed"
    assert findings["etcd"]["needed"]
    assert not findings["velero"]["needed"]
    table = cli.run("doctor", **bare, COLUMNS="80")
    assert table.returncode == 1
    assert "✗  tool           kube-apiserver" in table.stdout
    assert "·  tool           velero" in table.stdout
    assert table.stdout.count("\n  make setup\n") == 2, "once for what is missing, once for what is not needed yet"
    assert all(len(line) <= 80 for line in table.stdout.splitlines() if "etcd is 3.4.0" not in line)


@pytest.mark.parametrize(
    ("backend", "found", "remedy"),
    [
        ("ftp://states", "ftp://states", "name one of these"),
        ("https://token@127.0.0.1:1/", "must be set for login", "set PULUMI_ACCESS_TOKEN"),
        ("azblob://states", "AccountName is required", "AZURE_STORAGE_ACCOUNT"),
    ],
)
def test_a_backend_that_cannot_be_used_is_named_with_what_is_missing(
    cli: Cli, backend: str, found: str, remedy: str
) -> None:
    examined = cli.run("doctor", "--json", PULUMI_BACKEND_URL=backend)
    (finding,) = (each for each in json.loads(examined.stdout) if each["kind"] == "backend")
    assert examined.returncode == 1
    assert (finding["ok"], finding["source"]) == (False, "PULUMI_BACKEND_URL")
    assert found in finding["detail"]
    assert remedy in finding["remedy"]
    assert "token" not in finding["name"]


def test_the_backend_of_this_machine_can_be_used(cli: Cli) -> None:
    examined = cli.run("doctor", "--json")
    (finding,) = (each for each in json.loads(examined.stdout) if each["kind"] == "backend")
    assert finding["ok"], finding
