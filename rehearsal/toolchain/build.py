"""Building a binary from its Go module into the cache."""

import os
import shutil
import subprocess
from pathlib import Path

from common.errors import Problem, ToolchainError
from common.locks import exclusive
from common.paths import cache_dir
from common.progress import Step, step
from rehearsal.toolchain.find import Tool
from rehearsal.toolchain.go import ensure_go
from rehearsal.toolchain.lock import Binary


def built(binary: Binary) -> Tool | None:
    """The binary if it was built before."""
    path = _directory(binary) / binary.name
    return Tool(binary.name, path, binary.version, "built from source") if path.is_file() else None


def build(binary: Binary) -> Tool:
    """Build the binary, or wait for another process that is building it."""
    go = ensure_go()
    directory = _directory(binary)
    with step(f"building {binary.name} {binary.version}", binary.seconds) as current:
        lock = directory.with_name(directory.name + ".lock")
        with exclusive(lock, lambda holder: current.note(f"waiting for process {holder}, which is building it")):
            current.note("")
            if not built(binary):
                _build(binary, go, directory, current)
    tool = built(binary)
    assert tool is not None
    return tool


def _directory(binary: Binary) -> Path:
    return cache_dir() / "bin" / f"{binary.name}-{binary.version}-{binary.digest}"


def _build(binary: Binary, go: Tool, directory: Path, current: Step) -> None:
    for abandoned in directory.parent.glob(f"{directory.name}.*.partial"):
        shutil.rmtree(abandoned, ignore_errors=True)
    # A name of its own: the compiler of a killed run may still be writing under the old one.
    partial = directory.with_name(f"{directory.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    command = [str(go.path), "build", "-mod=readonly", "-trimpath", "-ldflags", binary.ldflags, "-tags", binary.tags]
    process = subprocess.Popen(
        [*command, "-o", str(partial / binary.name), binary.package],
        cwd=binary.module,
        env=os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    output = []
    with process:
        try:
            for line in process.stdout:
                output.append(line)
                current.note("downloading " + " ".join(line.split()[2:4]) if line.startswith("go: downloading") else "")
        except BaseException:
            process.terminate()  # an interruption may reach us alone
            raise
    if process.returncode:
        raise ToolchainError(
            Problem(
                code="PK212",
                summary=f"{binary.name} {binary.version} cannot be built",
                where=f"{binary.package} by {go.path} ({go.source}, {go.version})",
                found="".join(output[-15:]).strip(),
                allowed=f"a build of {binary.module}, or {binary.name} {binary.accept} on PATH",
                remedy="see `go env GOPROXY` for the module proxy in use, and free disk space; "
                "then run this again: what is built already stays",
            )
        )
    partial.rename(directory)
