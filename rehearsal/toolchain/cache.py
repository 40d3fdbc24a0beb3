"""Where binaries are kept: each in a directory of its own, which is there when it is complete."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from common.locks import exclusive
from common.paths import cache_dir
from common.progress import Step, step


def directory(name: str) -> Path:
    """The directory called `name`, as `etcd-3.6.8-ce4b2516e5b7`: program, version, and what identifies its content."""
    return cache_dir() / "bin" / name


def ensured(final: Path, doing: str, usually: float, fill: Callable[[Path, Step], None]) -> Path:
    """`final`; where it is not there yet, a directory that `fill` has filled becomes it, here or in another process.

    `doing` says what takes `usually` so many seconds.
    """
    if not final.is_dir():
        lock = final.with_name(f"{final.name}.lock")
        with (
            step(doing, usually) as current,
            exclusive(lock, lambda holder: current.note(f"waiting for process {holder}, which is at it")),
        ):
            current.note("")
            if not final.is_dir():
                _make(final, lambda place: fill(place, current))
    return final


def _make(final: Path, fill: Callable[[Path], None]) -> None:
    for abandoned in final.parent.glob(f"{final.name}.*.partial"):
        shutil.rmtree(abandoned, ignore_errors=True)
    # A name of its own: the compiler of a killed run may still be writing under the old one.
    partial = final.with_name(f"{final.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        fill(partial)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
