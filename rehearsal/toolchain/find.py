"""Finding a program that is there already: on PATH, or where Kubernetes' own test tools keep theirs."""

import os
import re
import shutil
import subprocess
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
    """The first program called `pin.name` in KUBEBUILDER_ASSETS or on PATH; what we built does not count."""
    for place, path in _places(pin.name):
        version = _version_of(path, pin.probe)
        if version is None:
            return Unfit(pin.name, path, "does not say its version")
        if version not in pin.accept:
            return Unfit(pin.name, path, f"is {version}, and {pin.accept} is needed")
        return Tool(pin.name, path, str(version), f"found {place}")
    return None


def _places(name: str) -> list[tuple[str, Path]]:
    places = []
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in _KUBEBUILDER and (Path(assets) / name).is_file():
        places.append(("in KUBEBUILDER_ASSETS", Path(assets) / name))
    ours = str(cache_dir())
    path = os.pathsep.join(p for p in os.get_exec_path() if not os.path.realpath(p).startswith(ours))
    on_path = shutil.which(name, path=path)
    if on_path and not os.path.realpath(on_path).startswith(ours):
        places.append(("on PATH", Path(on_path)))
    return places


def _version_of(path: Path, probe: tuple[str, ...]) -> Version | None:
    try:
        answer = subprocess.run([path, *probe], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=False)
        return Version(_VERSION.findall(answer.stdout + answer.stderr)[0])
    except (OSError, subprocess.TimeoutExpired, IndexError, InvalidVersion):
        return None
