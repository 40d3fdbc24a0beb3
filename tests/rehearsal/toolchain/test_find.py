"""A program on the user's machine that is taken although it will not do, or passed over although it would."""

import re
from pathlib import Path

import pytest

from rehearsal import toolchain
from rehearsal.toolchain import Binary, Tool, Unfit
from rehearsal.toolchain.find import find
from tests.support.programs import program


def says(version: str) -> str:
    return f"echo etcd Version: {version} >&2"


def test_what_is_on_path_at_a_sufficient_version_is_taken(cache: Path, tmp_path: Path, binary: Binary) -> None:
    path = program(tmp_path / "bin" / "etcd", says("3.6.9"))
    assert find(binary) == Tool("etcd", path, "3.6.9", "found on PATH")
    assert not cache.exists()


@pytest.mark.usefixtures("cache")
def test_kubebuilders_assets_go_before_path(tmp_path: Path, binary: Binary, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "etcd", says("3.6.9"))
    asset = program(tmp_path / "assets" / "etcd", says("3.6.8"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(asset.parent))
    assert find(binary) == Tool("etcd", asset, "3.6.8", "found in KUBEBUILDER_ASSETS")


@pytest.mark.usefixtures("cache")
def test_insufficient_assets_do_not_hide_what_is_on_path(
    tmp_path: Path, binary: Binary, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path / "bin" / "etcd", says("3.6.9"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(program(tmp_path / "assets" / "etcd", says("3.5.0")).parent))
    assert find(binary) == Tool("etcd", path, "3.6.9", "found on PATH")


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (says("3.5.21"), r"is 3\.5\.21, and <3\.7,>=3\.6\.8 is needed"),
        (says("3.7.0"), r"is 3\.7\.0, and .* is needed"),
        ("echo no idea", "does not say its version"),
        ("exit 1", "does not say its version"),
    ],
)
def test_what_will_not_do_is_passed_over_with_the_reason(
    tmp_path: Path, binary: Binary, script: str, reason: str
) -> None:
    path = program(tmp_path / "bin" / "etcd", script)
    found = find(binary)
    assert isinstance(found, Unfit)
    assert found.path == path
    assert re.fullmatch(reason, found.reason)


def test_what_we_built_ourselves_is_not_found_on_path(
    cache: Path, binary: Binary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = program(cache / "bin" / "etcd-3.6.8" / "etcd", says("3.6.8"))
    alias = tmp_path / "alias"
    alias.symlink_to(cache)
    for directory in (ours.parent, alias / "bin" / "etcd-3.6.8"):
        monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
        assert find(binary) is None


def test_that_something_was_passed_over_is_said_with_what_is_used_instead(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, binary: Binary
) -> None:
    program(tmp_path / "bin" / "etcd", says("3.5.21"))
    monkeypatch.setattr(toolchain, "read_lock", lambda: (None, {"etcd": binary}))
    program(cache / "bin" / f"etcd-3.6.8-{binary.digest}" / "etcd", says("3.6.8"))
    tool = toolchain.ensure(["etcd"])["etcd"]
    assert tool.path.is_relative_to(cache)
    assert tool.source.startswith(f"built from source, as {tmp_path}/bin/etcd is 3.5.21, and ")
