"""A disk that fails at the n-th write of a state."""

import errno
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.cases import DISK_FULL, IO_ERROR, NO_SPACE, SHORT, TORN
from tests.chaos.traps import Answer, Write

_FULL: Final = 120.0  # seconds until somebody makes room; the engine tries each write for 26 (pulumi/pkg diy/state.go)
_ERRORS: Final = {DISK_FULL: errno.ENOSPC, NO_SPACE: errno.ENOSPC, IO_ERROR: errno.EIO}


@dataclass
class Disk:
    """What holds the files below `directory`, and does `fault` to their write number `at`; to none if that is below 0.

    `writes` counts them. A full disk lets nothing more through until somebody makes room; after a short write comes
    what came before a full one.
    """

    directory: Path
    fault: str = ""
    at: int = -1
    writes: int = 0
    struck: bool = field(default=False, init=False)
    _until: float = field(default=0.0, init=False)

    def decide(self, write: Write) -> Answer:
        """What becomes of a write (tests.chaos.traps)."""
        if not write.path.startswith(str(self.directory)):
            return None
        number, self.writes = self.writes, self.writes + 1
        if number == self.at or self._is_full():
            return self._do(write)
        if number == self.at + 1 and self.fault == SHORT and self.struck:
            return -errno.ENOSPC
        return None

    def _is_full(self) -> bool:
        return self.fault == DISK_FULL and time.monotonic() < self._until

    def _do(self, write: Write) -> Answer:
        if self.fault in {SHORT, TORN} and write.kind != "write":
            self.at += 1  # only what has bytes can be written by half
            return None
        if not self.struck:
            self.struck, self._until = True, time.monotonic() + _FULL
        if self.fault == SHORT:
            return write.carry_out_half()
        if self.fault == TORN:
            write.carry_out_half()
            os.kill(write.process, signal.SIGKILL)  # it does not live to see the answer
            return -errno.EIO
        return -_ERRORS[self.fault]
