"""Backups that are asked for where there are none, told as anything but that."""

from pathlib import Path

import pytest

from tests.support.cli import Cli, make_cli, one_tenant

STORE = {
    "endpoint": "https://store.example.test",
    "bucket": "backups",
    "accessKey": "key",
    "secretKey": {"secure": "v1:not:decrypted"},
}


def project(directory: Path, addons: dict[str, object]) -> Cli:
    """A project whose control plane was never started."""
    made = make_cli(directory)
    made.write(one_tenant("never-started") | {"addons": addons})
    return made


@pytest.mark.parametrize("command", ["list", "now", "drill"])
def test_a_stack_without_backups_says_how_to_get_them(tmp_path: Path, command: str) -> None:
    done = project(tmp_path, {}).run("backup", command)
    assert done.returncode == 9
    assert "PK801" in done.stderr
    assert "docs/addons/backup.md" in done.stderr


def test_a_cluster_that_does_not_run_is_named_as_the_cause(tmp_path: Path) -> None:
    done = project(tmp_path, {"backup": {"store": STORE}}).run("backup", "drill", "--json")
    assert (done.returncode, done.stdout) == (9, "")
    assert "PK802" in done.stderr
    assert "make up" in done.stderr
