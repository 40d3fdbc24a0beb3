"""A child process that comes to its end: by itself, when it is interrupted, or at a deadline.

It has a session of its own, so that its process group ends with it, and a terminal's Ctrl-C reaches us alone: we pass
it on. One interrupt lets the engine finish what is under way; who does not end in time is terminated, then killed. The
engine's plugins have groups of their own, and end when they miss it.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

GRACE: Final = 60.0  # seconds that an interrupted engine gets; most operations in a cloud end before
_LAST: Final = 5.0  # seconds between termination and death
_LOOK: Final = 0.2  # seconds between two looks at whether somebody wants it to end


class DeadlinePassed(Exception):
    """The child had to be ended at its deadline."""


class Child:
    """A running command. `interrupt` may be called from any thread."""

    def __init__(
        self, command: Sequence[str], directory: Path, environment: Mapping[str, str], inherited: Sequence[int] = ()
    ) -> None:
        self.command = command
        self._unwanted = Event()
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=inherited,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The id of its process, and of its session."""
        return self._process.pid

    def interrupt(self) -> None:
        """Have it end, gracefully if it can."""
        self._unwanted.set()

    def wait(self, deadline: float | None = None, grace: float = GRACE) -> subprocess.CompletedProcess[str]:
        """Wait for its end, at most `deadline` seconds; DeadlinePassed when it had to be ended then."""
        waited, step = 0.0, _LOOK
        try:
            while not self._unwanted.is_set():
                try:
                    return self._ended(step)
                except subprocess.TimeoutExpired:
                    waited += step
                if self._process.poll() is not None:
                    self._signal(signal.SIGKILL)  # what holds its output open outlived it
                if deadline is not None and waited >= deadline:
                    self._end(grace)
                    raise DeadlinePassed
            return self._end(grace)
        except KeyboardInterrupt:
            self._end(grace)
            raise
        finally:
            self._signal(signal.SIGKILL)

    def _ended(self, timeout: float) -> subprocess.CompletedProcess[str]:
        out, err = self._process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(self.command, self._process.returncode, out, err)

    def _end(self, grace: float) -> subprocess.CompletedProcess[str]:
        """Interrupt the command itself; then terminate all of its group, then kill it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        for patience, last in ((grace, signal.SIGTERM), (_LAST, signal.SIGKILL)):
            try:
                return self._ended(patience)
            except subprocess.TimeoutExpired:
                self._signal(last)
        return self._ended(_LAST)

    def _signal(self, number: int) -> None:
        """To all of its process group: what it started may outlive it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
