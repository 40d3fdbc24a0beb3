"""kube-score 1.20: it looks at workloads and what selects them, with 60 checks; compiled, where we are Python.

It stands for kube-linter, which the module proxy does not serve. It is built into the cache on first use; Go's checksum
database vouches for its sources.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.desk import Command
from common.paths import cache_dir
from rehearsal.toolchain.go import ensure_go

_VERSION: Final = "v1.20.0"
_PACKAGE: Final = "github.com/zegl/kube-score/cmd/kube-score"


def command(file: Path) -> tuple[Command, Mapping[str, str]]:
    """The command that checks a file, and its environment."""
    return [_executable(), "score", "--output-format", "json", file], os.environ


def _executable() -> Path:
    directory = cache_dir() / "oracles" / f"kube-score-{_VERSION}"
    if not directory.is_dir():
        partial = directory.with_name(f"{directory.name}.{os.getpid()}")
        environment = os.environ | {"GOBIN": str(partial), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        subprocess.run([ensure_go().path, "install", f"{_PACKAGE}@{_VERSION}"], env=environment, check=True)
        partial.rename(directory)
    return directory / "kube-score"
