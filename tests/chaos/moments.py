"""How far a run is, counted in what it does instead of in seconds: programs that it starts, events of the engine."""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

_POLL: Final = 0.005  # seconds
_LOGS: Final = ("state/polykube/runs/*/*/events.json", "state/polykube/rehearsals/*/polykube/runs/*/*/events.json")


class Moments:
    """The moments of the run of `process`, at home in `root`."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path) -> None:
        self._process, self._root = process, root
        self._children: set[str] = set()
        self._events: dict[Path, int] = {}

    def watch(self, reached: Callable[[int], bool], deadline: float) -> bool:
        """Wait until `reached` is content with the number of moments so far: False when the run ends before.

        TimeoutError when that takes more than `deadline` seconds.
        """
        until = time.monotonic() + deadline
        while self._process.poll() is None:
            if reached(self._count()):
                return True
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(_POLL)
        return False

    def _count(self) -> int:
        with suppress(OSError):
            number = self._process.pid
            self._children |= set(Path(f"/proc/{number}/task/{number}/children").read_text().split())
        for pattern in _LOGS:
            with suppress(OSError):  # a run makes and removes its directories while they are looked through
                for log in self._root.glob(pattern):
                    self._events[log] = log.read_bytes().count(b"\n")
        return len(self._children) + sum(self._events.values())
