"""Building a binary from its Go module into the cache."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from common.errors import Problem, ToolchainError
from common.progress import Step
from rehearsal.toolchain import cache
from rehearsal.toolchain.debian import unpacked
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
    cache.ensured(
        _directory(binary),
        f"building {binary.name} {binary.version}",
        binary.seconds,
        lambda place, current: _build(binary, go, place / binary.name, current),
    )
    tool = built(binary)
    assert tool is not None
    return tool


def _directory(binary: Binary) -> Path:
    return cache.directory(f"{binary.name}-{binary.version}-{binary.digest}")


def _build(binary: Binary, go: Tool, output: Path, current: Step) -> None:
    flags = ["-mod=readonly", "-trimpath", "-ldflags", binary.ldflags, "-tags", binary.tags]
    listed = _run(binary, go, ["list", *flags, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}"], current)
    to_compile, compiled = sum(_is_package(line) for line in listed), 0
    for line in _run(binary, go, ["build", *flags, "-v", "-o", str(output)], current):
        if _is_package(line):
            compiled += 1
            current.note(f"compiled {min(compiled, to_compile):,} of {to_compile:,} packages")


def _environment(binary: Binary) -> dict[str, str]:
    """Variables for the build; what is C in the binary finds its headers and libraries, which come with them."""
    own = {"GOWORK": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    if not binary.headers:
        return own | {"CGO_ENABLED": "0"}
    root = unpacked(*binary.headers) / "usr"
    found = [str(each) for each in (root / "lib").rglob("pkgconfig")]
    flags = {"CGO_CFLAGS": f"-I{root}/include", "CGO_LDFLAGS": " ".join(f"-L{Path(each).parent}" for each in found)}
    return own | flags | {"CGO_ENABLED": "1", "PKG_CONFIG_PATH": os.pathsep.join(found)}


def _is_package(line: str) -> bool:
    """Whether a line of `go list` or `go build -v` is an import path, in place of a message."""
    return bool(line.strip()) and " " not in line.strip()


def _run(binary: Binary, go: Tool, command: list[str], current: Step) -> Iterator[str]:
    """The lines that a Go command prints about the binary's package, as they come; ToolchainError (PK212) if it fails.

    Go announces each module that it downloads (cmd/go, `go: downloading MODULE VERSION`), and nothing when it is there.
    """
    process = subprocess.Popen(
        [str(go.path), *command, binary.package],
        cwd=binary.module,
        env=os.environ | _environment(binary),
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
                if line.startswith("go: downloading"):
                    current.note("downloading " + " ".join(line.split()[2:4]))
                yield line
        except BaseException:
            process.terminate()  # an interruption may reach us alone
            raise
    if process.returncode:
        said = [line for line in output if not _is_package(line)]
        raise ToolchainError(_cannot_be_built(binary, go, "".join(said[-15:]).strip()))


def _cannot_be_built(binary: Binary, go: Tool, output: str) -> Problem:
    return Problem(
        code="PK212",
        summary=f"{binary.name} {binary.version} cannot be built",
        where=f"{binary.package} by {go.path} ({go.source}, {go.version})",
        found=output,
        allowed=f"a build of {binary.module}, or {binary.name} {binary.accept} on PATH",
        remedy="see `go env GOPROXY` for the module proxy in use, and free disk space; "
        "then run this again: what is built already stays",
    )
