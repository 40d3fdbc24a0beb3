"""Finding a program that is there already: on PATH, or where Kubernetes' own test tools keep theirs."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from common.paths import cache_dir
from rehearsal.toolchain.lock import Pin

_KUBEBUILDER = {"etcd", "kube-apiserver", "kubectl"}  # what setup-envtest puts into KUBEBUILDER_ASSETS
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_PROBE_TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Tool:
    """A program that can be used: where it is, which version, and where it came from (for people)."""

    name: str
    path: Path
    version: str
    source: str


@dataclass(frozen=True)
class Unfit:
    """A program that was found but will not do, and why."""

    name: str
    path: Path
    reason: str


def find(pin: Pin) -> Tool | Unfit | None:
    """The program called `pin.name` in KUBEBUILDER_ASSETS, else on PATH; what we built ourselves does not count.

    `Unfit` is the first that was passed over, when there is none that will do.
    """
    unfit = None
    for place, path in _places(pin.name):
        version = _version_of(path, pin.probe)
        if version and version in pin.accept:
            return Tool(pin.name, path, str(version), f"found {place}")
        reason = f"is {version}, and {pin.accept} is needed" if version else "does not say its version"
        unfit = unfit or Unfit(pin.name, path, reason)
    return unfit


def _places(name: str) -> Iterator[tuple[str, Path]]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in _KUBEBUILDER and (Path(assets) / name).is_file():
        yield "in KUBEBUILDER_ASSETS", Path(assets) / name
    path = os.pathsep.join(entry for entry in os.get_exec_path() if not _is_ours(entry))
    on_path = shutil.which(name, path=path)
    if on_path and not _is_ours(on_path):
        yield "on PATH", Path(on_path)


def _is_ours(path: str) -> bool:
    return Path(path).resolve().is_relative_to(cache_dir().resolve())


def _version_of(path: Path, probe: tuple[str, ...]) -> Version | None:
    try:
        answer = subprocess.run([path, *probe], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=False)
        return Version(_VERSION.findall(answer.stdout + answer.stderr)[0])
    except (OSError, subprocess.TimeoutExpired, IndexError, InvalidVersion):
        return None
