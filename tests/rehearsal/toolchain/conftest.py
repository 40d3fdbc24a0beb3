"""A cache of the test's own, and a program that is built."""

import os
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from common.paths import cache_dir
from rehearsal.toolchain import Binary
from tests.support.needs import anything_made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; nothing of this machine is on PATH but the system's own programs."""
    compiled = cache_dir().parent / "go-build"  # Go's own cache: without it, the standard library is compiled anew
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", str(compiled)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    anything_made(monkeypatch)
    return tmp_path / "cache" / "polykube"


@pytest.fixture
def binary(tmp_path: Path) -> Binary:
    """A program called `etcd` that is built from an empty Go module."""
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module example.test/etcd\n\ngo 1.26\n")
    (module / "go.sum").write_text("")
    source = 'package main\n\nvar version string\n\nfunc main() { println("etcd Version: " + version) }\n'
    (module / "main.go").write_text(source)
    return Binary(
        "etcd",
        "3.6.8",
        SpecifierSet(">=3.6.8,<3.7"),
        ("--version",),
        module=module,
        package="example.test/etcd",
        ldflags="-X main.version=3.6.8",
        seconds=1,
    )
