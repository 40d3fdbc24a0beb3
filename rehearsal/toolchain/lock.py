"""What `tools.lock` says, typed."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

from common.paths import CHECKOUT


@dataclass(frozen=True)
class Pin:
    """A program at a version: what is made here, and which versions on PATH will do instead."""

    name: str
    version: str
    accept: SpecifierSet
    probe: tuple[str, ...]


@dataclass(frozen=True)
class Binary(Pin):
    """A pin that is built from the Go module in `module`; `seconds` is what a first build takes."""

    module: Path
    package: str
    ldflags: str
    seconds: float
    tags: str = ""

    @property
    def digest(self) -> str:
        """Names the build: it changes with the sources, the package, the flags and tags, and nothing else."""
        content = hashlib.sha256("\0".join(filter(None, [self.package, self.ldflags, self.tags])).encode())
        for file in ("go.mod", "go.sum"):
            content.update((self.module / file).read_bytes())
        return content.hexdigest()[:12]


@cache
def read_lock() -> tuple[Pin, dict[str, Binary]]:
    """The Go that builds, and every binary by name."""
    content = tomllib.loads((CHECKOUT / "tools.lock").read_text())
    go = Pin("go", **_common(content["go"], content["go"]))
    binaries = {
        name: _binary(name, CHECKOUT / "tools" / module, pins, binary)
        for module, pins in content["module"].items()
        for name, binary in pins["binary"].items()
    }
    return go, binaries


def _binary(name: str, module: Path, pins: dict[str, Any], binary: dict[str, Any]) -> Binary:
    return Binary(
        name,
        **_common(pins, binary),
        module=module,
        package=binary["package"],
        ldflags="-s -w " + pins.get("ldflags", "").format(version=pins["version"]),
        tags=binary.get("tags", ""),
        seconds=binary["seconds"],
    )


def _common(pins: dict[str, Any], binary: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": pins["version"],
        "accept": SpecifierSet(pins["accept"]),
        "probe": tuple(binary["probe"]),
    }
