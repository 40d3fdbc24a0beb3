"""The engine's own locks on a stack: a killed run leaves one, and every later run is refused.

Those of a file backend are files. One in a bucket is asked by a command that takes the lock and then has nothing to do,
for the engine has none that lists locks. Pulumi Cloud has leases, which end by themselves.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlparse

import psutil

from automation.engine import Engine
from automation.state.lock import Lock, Locked
from common.errors import EngineError

BUCKETS: Final = frozenset({"s3", "gs", "azblob"})
"""The schemes of backends that are buckets."""
_PRECISION: Final = 1.0  # seconds to which the engine tells when a lock was taken


def stale_locks(engine: Engine) -> Sequence[Lock]:
    """Locks whose owner is gone; BusyError (PK602) when one lives, or cannot be asked because it is elsewhere."""
    url = urlparse(engine.backend_url)
    locks: Sequence[Lock] = ()
    if url.scheme == "file":
        locks = list(_files(Path(url.path), engine.stack))
    elif url.scheme in BUCKETS:
        locks = _asked(engine)
    if living := [lock for lock in locks if lock.host != socket.gethostname() or _lives(lock)]:
        raise Locked(engine.stack, living)
    return locks


def clear(engine: Engine, locks: Sequence[Lock]) -> None:
    """Remove these locks; of a file backend no other."""
    if urlparse(engine.backend_url).scheme == "file":
        for lock in locks:
            for file in (lock.place, f"{lock.place}.attrs"):
                Path(file).unlink(missing_ok=True)
    elif locks:
        engine.ask("cancel", "--yes", "--stack", engine.stack)


def _asked(engine: Engine) -> Sequence[Lock]:
    """Renaming a stack to what it is called takes the lock, and then finds that there is such a stack."""
    try:
        engine.ask("stack", "rename", engine.stack, "--stack", engine.stack)
    except Locked as locked:
        return locked.locks
    except EngineError as error:
        if "already exists" not in error.problems[0].found:
            raise
    return ()


def _files(directory: Path, stack: str) -> Iterator[Lock]:
    for file in directory.glob(f".pulumi/locks/**/{stack}/*.json"):
        with suppress(FileNotFoundError):  # its holder has just ended
            yield Lock.read(file)


def _lives(lock: Lock) -> bool:
    """Whether the process that took the lock still runs; another one may have got its number since."""
    try:
        process = psutil.Process(lock.pid)
        began = process.create_time() - _PRECISION
        return process.status() != psutil.STATUS_ZOMBIE and began <= lock.since.timestamp()
    except psutil.NoSuchProcess:
        return False
