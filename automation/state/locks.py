"""The engine's own locks in a file backend: a killed run leaves one, and every later run is refused."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psutil

from common.errors import BusyError, Problem

Lock = Mapping[str, Any]


def stale_locks(backend_url: str, stack: str) -> list[Lock]:
    """Locks whose owner is gone; BusyError (PK602) when one lives, or cannot be asked because it is elsewhere."""
    locks = list(_locks(backend_url, stack))
    for lock in locks:
        if lock["hostname"] != socket.gethostname() or _lives(lock):
            raise BusyError(_held(stack, lock))
    return locks


def _locks(backend_url: str, stack: str) -> Iterator[Lock]:
    url = urlparse(backend_url)
    if url.scheme == "file":
        for file in Path(url.path).glob(f".pulumi/locks/**/{stack}/*.json"):
            with suppress(FileNotFoundError):  # its holder has just ended
                yield json.loads(file.read_text())


def _lives(lock: Lock) -> bool:
    """Whether the process that took the lock still runs; another one may have got its number since."""
    try:
        process = psutil.Process(lock["pid"])
        taken = datetime.fromisoformat(lock["timestamp"]).timestamp()
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= taken
    except psutil.NoSuchProcess:
        return False


def _held(stack: str, lock: Lock) -> Problem:
    return Problem(
        code="PK602",
        summary=f"stack {stack} is locked by a run of pulumi",
        found=f"process {lock['pid']} of {lock['username']} on {lock['hostname']}, since {lock['timestamp']}",
        allowed="one run per stack at a time",
        remedy=f"wait for it to end; if that run is gone for good: pulumi cancel --stack {stack}",
    )
