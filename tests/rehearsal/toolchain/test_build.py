"""A binary that is half-made and used, or made twice; a script plays Go except where Go itself answers."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import ToolchainError
from rehearsal.toolchain import Binary
from rehearsal.toolchain.build import build, built
from rehearsal.toolchain.go import ensure_go
from tests.support.polling import eventually
from tests.support.programs import program

# `go list …` names three packages to compile. `go build … -o FILE PACKAGE` compiles two of them, notes that it was
# asked, writes the first half of FILE, waits, and writes the rest.
GO = """
case "$1" in version) echo go version go1.26.6 linux/amd64; exit;; esac
printf 'example.test/one\nexample.test/two\n'
case "$1" in list) echo example.test/main; exit;; esac
while [ "$1" != -o ]; do shift; done
echo asked >> {log}
echo '#!/bin/sh' > "$2"
{wait}
echo 'echo built' >> "$2"
chmod +x "$2"
"""
BUILD = """
import sys
from pathlib import Path
from packaging.specifiers import SpecifierSet
from rehearsal.toolchain import Binary
from rehearsal.toolchain.build import build
module, name, version, package = sys.argv[1:]
print(build(Binary(name, version, SpecifierSet(""), (), Path(module), package, "", 1)).path)
"""


@pytest.fixture
def real_go() -> Path:
    """The Go of the toolchain: this machine's, or the one in its cache."""
    return ensure_go().path


def start_builder(binary: Binary, stderr: int | None = None) -> subprocess.Popen[str]:
    """Another process that builds `binary`."""
    arguments = [str(binary.module), binary.name, binary.version, binary.package]
    return subprocess.Popen([sys.executable, "-c", BUILD, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True)


def first_progress(builder: subprocess.Popen[str]) -> str:
    """What a builder whose standard error is a pipe says when it first counts packages."""
    assert builder.stderr is not None
    return next(line for line in builder.stderr if "compiled" in line)


def test_go_itself_builds_a_module_with_its_version(real_go: Path, cache: Path, tmp_path: Path, binary: Binary) -> None:
    program(tmp_path / "bin" / "go", f'exec {real_go} "$@"')
    tool = build(binary)
    assert tool.path.is_relative_to(cache)
    said = subprocess.run([tool.path, "--version"], capture_output=True, text=True, check=True)
    assert said.stderr == "etcd Version: 3.6.8\n"


def test_two_builders_at_once_build_once(cache: Path, tmp_path: Path, binary: Binary) -> None:
    program(
        tmp_path / "bin" / "go",
        GO.format(log=tmp_path / "log", wait=f"while [ ! -e {tmp_path}/go-on ]; do sleep 0.05; done"),
    )
    builders = [start_builder(binary)]
    eventually((tmp_path / "log").exists)
    builders.append(start_builder(binary))
    (tmp_path / "go-on").touch()
    outputs = {builder.communicate(timeout=60)[0] for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0]
    assert len(outputs) == 1
    assert (tmp_path / "log").read_text() == "asked\n"
    assert cache.exists()


def test_a_build_says_how_much_of_it_is_compiled(cache: Path, tmp_path: Path, binary: Binary) -> None:
    wait = f"while [ ! -e {tmp_path}/go-on ]; do sleep 0.05; done"
    program(tmp_path / "bin" / "go", GO.format(log=tmp_path / "log", wait=wait))
    builder = start_builder(binary, subprocess.PIPE)
    said = first_progress(builder)
    (tmp_path / "go-on").touch()
    builder.communicate(timeout=60)
    assert said.endswith("compiled 2 of 3 packages\n")
    assert cache.exists()


def test_a_build_that_was_killed_leaves_nothing_that_is_used(cache: Path, tmp_path: Path, binary: Binary) -> None:
    program(tmp_path / "bin" / "go", GO.format(log=tmp_path / "log", wait="sleep 60"))
    builder = start_builder(binary)
    eventually((tmp_path / "log").exists)
    eventually(lambda: list(cache.glob("bin/*.partial/etcd")))
    ours = replace(binary, ldflags="")  # as the builder builds it
    assert built(ours) is None
    builder.kill()
    builder.communicate()
    assert built(ours) is None
    program(tmp_path / "bin" / "go", GO.format(log=tmp_path / "log", wait=""))
    assert subprocess.run([build(ours).path], capture_output=True, text=True, check=True).stdout == "built\n"
    assert not list(cache.glob("bin/*.partial")), "what the killed build left is gone"


def test_a_build_that_is_interrupted_ends_its_compiler(cache: Path, tmp_path: Path, binary: Binary) -> None:
    program(tmp_path / "bin" / "go", GO.format(log=tmp_path / "log", wait=f"echo $$ > {tmp_path}/pid; exec sleep 60"))
    builder = start_builder(binary, subprocess.PIPE)
    first_progress(builder)  # an interruption while a process is being started is another matter
    eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    compiler = Path("/proc", (tmp_path / "pid").read_text().strip())
    builder.send_signal(signal.SIGINT)
    builder.communicate(timeout=30)
    assert not compiler.exists()
    assert cache.exists()


def test_a_failed_build_shows_the_compilers_words_and_what_else_would_do(
    cache: Path, tmp_path: Path, binary: Binary
) -> None:
    script = GO.format(log=tmp_path / "log", wait="echo no space left on device; exit 1")
    program(tmp_path / "bin" / "go", script)
    with pytest.raises(ToolchainError) as failed:
        build(binary)
    (problem,) = failed.value.problems
    assert problem.code == "PK212"
    assert "no space left on device" in problem.found
    assert "etcd <3.7,>=3.6.8 on PATH" in problem.allowed
    assert "free disk space" in problem.remedy
    assert built(binary) is None
    assert cache.exists()


def test_the_name_of_a_build_changes_with_sources_and_flags(binary: Binary) -> None:
    before = binary.digest
    assert replace(binary, ldflags="-X main.version=3.6.9").digest != before
    (binary.module / "go.sum").write_text("example.test/other v1.0.0 h1:x\n")
    assert binary.digest != before
