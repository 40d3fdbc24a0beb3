"""Where binaries are kept: each in a directory of its own, which is there when it is complete."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.locks import exclusive
from common.paths import cache_dir
from common.progress import Step


def directory(name: str) -> Path:
    """The directory called `name`, as `etcd-3.6.8-ce4b2516e5b7`: program, version, and what identifies its content."""
    return cache_dir() / "bin" / name


@contextmanager
def filled(final: Path, current: Step) -> Iterator[Path | None]:
    """A directory to fill, which becomes `final` unless the block fails; None when another process has filled it."""
    lock = final.with_name(f"{final.name}.lock")
    with exclusive(lock, lambda holder: current.note(f"waiting for process {holder}, which is at it")):
        current.note("")
        if final.is_dir():
            yield None
            return
        for abandoned in final.parent.glob(f"{final.name}.*.partial"):
            shutil.rmtree(abandoned, ignore_errors=True)
        # A name of its own: the compiler of a killed run may still be writing under the old one.
        partial = final.with_name(f"{final.name}.{os.getpid()}.partial")
        partial.mkdir(parents=True)
        try:
            yield partial
            partial.rename(final)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
