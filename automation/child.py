"""A child process that comes to its end: by itself, when it is interrupted, at a deadline, or when we are killed.

It has a session of its own, so that its process group ends with it, and a terminal's Ctrl-C reaches us alone: we pass
it on. One interrupt lets the engine finish what is under way; one that does not end in time is terminated, then killed.
The engine's plugins have groups of their own, and end when they miss it.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
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
    """A running command. `interrupt` may be called from any thread; who starts it waits for it, in one thread.

    Should that thread end without waiting, as when we are killed, the command is interrupted: by the kernel, where
    util-linux' setpriv is there to ask for that.
    """

    def __init__(
        self, command: Sequence[str], directory: Path, environment: Mapping[str, str], inherited: Sequence[int] = ()
    ) -> None:
        self.command = command
        self._unwanted = Event()
        # Files, and no pipes: a command that outlives us would end at its first word into a broken one.
        self._out, self._err = (tempfile.TemporaryFile("w+", errors="replace") for _ in range(2))  # noqa: SIM115 - closed by wait()
        self._process = subprocess.Popen(
            [*_bound_to_us(), *command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
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
        """Wait for its end, at most `deadline` seconds; DeadlinePassed when it had to be ended then.

        A KeyboardInterrupt interrupts it, too, and is raised again when it has ended; a second one does not wait.
        """
        latest = time.monotonic() + (float("inf") if deadline is None else deadline)
        try:
            while not self._unwanted.is_set() and time.monotonic() < latest:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_LOOK)
                    return self._ended()
            self._end(grace)
            if not self._unwanted.is_set():
                raise DeadlinePassed
            return self._ended()
        except KeyboardInterrupt:
            self._end(grace)
            raise
        finally:
            self._signal(signal.SIGKILL)
            self._out.close()
            self._err.close()

    def _ended(self) -> subprocess.CompletedProcess[str]:
        said = []
        for file in (self._out, self._err):
            file.seek(0)
            said.append(file.read())
        return subprocess.CompletedProcess(self.command, self._process.returncode, *said)

    def _end(self, grace: float) -> None:
        """Interrupt the command itself; then terminate all of its group, then kill it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        for patience, last in ((grace, signal.SIGTERM), (_LAST, signal.SIGKILL)):
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                self._process.wait(patience)
                return
            self._signal(last)
        self._process.wait(_LAST)

    def _signal(self, number: int) -> None:
        """To all of its process group: what it started may outlive it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _bound_to_us() -> list[str]:
    """What runs a command so that the kernel interrupts it when we end before it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []
