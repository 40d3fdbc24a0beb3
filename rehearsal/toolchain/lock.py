"""What `tools.lock` says, typed."""

import hashlib
import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import SpecifierSet

from common.paths import CHECKOUT

_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Pin:
    """A program at a version: what is made here, and which versions on PATH will do instead."""

    name: str
    version: str
    accept: SpecifierSet
    probe: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """What the project itself built: its address, the SHA-256 of what is there, and what of an archive is kept.

    `keep` is a file's path in the archive, or a directory's with a slash; it is empty where the binary itself is there.
    """

    url: str
    sha256: str
    keep: str = ""


class UnusableError(Exception):
    """Why a release is not used."""


@dataclass(frozen=True)
class Binary(Pin):
    """A pin that is built from the Go module in `module`; `seconds` is what a first build takes.

    `release` is what can be downloaded instead on a machine like this one, `headers` the Debian packages with the
    headers and libraries of what is C in it; without them nothing is. One that is `on_demand` is got when something
    asks for it, and not by `polykube setup`.
    """

    module: Path
    package: str
    ldflags: str
    seconds: float
    tags: str = ""
    release: Release | None = None
    headers: tuple[str, ...] = ()
    on_demand: bool = False

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
        release=_release(pins["version"], binary.get("release", {})),
        headers=tuple(binary.get("headers", ())),
        on_demand=(pins | binary).get("on_demand", False),
    )


def _release(version: str, releases: dict[str, dict[str, str]]) -> Release | None:
    found = releases.get(f"{platform.system()}-{_MACHINES.get(platform.machine(), platform.machine())}".lower())
    return Release(**{key: value.format(version=version) for key, value in found.items()}) if found else None


def _common(pins: dict[str, Any], binary: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": pins["version"],
        "accept": SpecifierSet(pins["accept"]),
        "probe": tuple(binary["probe"]),
    }
