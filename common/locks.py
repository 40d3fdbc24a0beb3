"""Locks between processes, by the operating system: a killed holder never leaves one behind."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil


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
def exclusive_or_none(path: Path, linger: float = 0) -> Iterator[IO[str] | None]:
    """Hold the lock file `path` if nobody has it; otherwise yield None.

    At once when the process that signed it lives; else after `linger` seconds, in which the children that it
    left behind may end.
    """
    with _open(path) as file:
        deadline = time.monotonic() + linger
        while not (held := _try(file)) and time.monotonic() < deadline and not _signer_lives(path):
            time.sleep(0.1)
        if not held:
            yield None
            return
        _sign(file)
        yield file


def holder(path: Path) -> str:
    """The id of a process that has the lock: of the one that signed it, or of a child that it left behind."""
    signed = path.read_text().strip()
    others = (process for process in psutil.process_iter() if process.pid != os.getpid())
    for process in sorted(others, key=lambda each: str(each.pid) != signed):
        with contextlib.suppress(psutil.Error):
            if any(Path(file.path) == path.resolve() for file in process.open_files()):
                return str(process.pid)
    return signed


def _signer_lives(path: Path) -> bool:
    signed = path.read_text().strip()
    return signed.isdigit() and psutil.pid_exists(int(signed))


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
