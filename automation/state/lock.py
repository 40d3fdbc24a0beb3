"""A lock of the engine's, as files have it and as the engine tells it (pulumi v3.259, pkg/backend/diy/lock.go)."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from common.errors import BusyError, Problem

_TOLD: Final = re.compile(
    r"^\s+(?P<place>\S+): created by (?P<user>.+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)", re.MULTILINE
)
_OF_CLOUD: Final = re.compile(r"\[409\] Conflict: .*")  # Pulumi Cloud's, which has leases


@dataclass(frozen=True)
class Lock:
    """A lock: the process that took it, whose it is and where it runs, since when, and the lock's own path or URL."""

    pid: int
    user: str
    host: str
    since: datetime
    place: str

    @classmethod
    def read(cls, file: Path) -> "Lock":
        """The lock in a file; ValueError, KeyError or TypeError if it does not say who holds it, and since when."""
        content = json.loads(file.read_text())
        since = datetime.fromisoformat(content["timestamp"])
        return cls(int(content["pid"]), content["username"], content["hostname"], since, str(file))

    @property
    def owner(self) -> str:
        """Who has it, and since when."""
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since.isoformat(timespec='seconds')}"


class Locked(BusyError):
    """The engine does not run, because of `locks`; there are none where a backend has something else."""

    def __init__(self, stack: str, locks: Sequence[Lock], found: str = "") -> None:
        self.locks = tuple(locks)
        super().__init__([_held(stack, each) for each in ([found] if found else [lock.owner for lock in locks])])

    @classmethod
    def told(cls, stack: str, message: str) -> "Locked | None":
        """What the engine means by `message`, if it is about locks."""
        locks = [
            Lock(int(each["pid"]), each["user"], each["host"], datetime.fromisoformat(each["since"]), each["place"])
            for each in _TOLD.finditer(message)
        ]
        conflict = _OF_CLOUD.search(message)
        return cls(stack, locks, conflict[0] if conflict else "") if locks or conflict else None


def _held(stack: str, found: str) -> Problem:
    return Problem(
        code="PK602",
        summary=f"stack {stack} is locked by a run of pulumi",
        found=found,
        allowed="one run per stack at a time",
        remedy=f"wait for it to end; if that run is gone for good: pulumi cancel --stack {stack}",
    )
