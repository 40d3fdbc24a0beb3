"""Locks between processes, by the operating system: a killed holder never leaves one behind."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def exclusive(path: Path, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[IO[str]]:
    """Hold the lock file `path`; wait for whoever has it, after telling `on_wait` who that is.

    The open file is yielded, so that a child process can inherit it and keep the lock while it lives.
    """
    with _open(path) as file:
        if not _try(file):
            on_wait(holder(path))
            fcntl.flock(file, fcntl.LOCK_EX)
        _sign(file)
        yield file


@contextmanager
def exclusive_or_none(path: Path) -> Iterator[IO[str] | None]:
    """Hold the lock file `path` if nobody has it; otherwise yield None at once."""
    with _open(path) as file:
        if not _try(file):
            yield None
            return
        _sign(file)
        yield file


def holder(path: Path) -> str:
    """Who signed the lock last: a process id, or nothing when it was never held."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+")


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
