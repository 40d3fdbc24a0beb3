"""Starting, finding and ending the processes of a control plane.

There are no pid files. A process carries what it is in its environment, from its first instant: which
directory it serves, which component it is, and the fingerprint of what it was started with. The process
table is the record, so nothing is lost when a starter is killed between starting a process and writing it
down, and no number can be taken for a process that it no longer is. The lock of the control plane covers
the instant between fork and exec as well: the child holds a copy of it until its new environment is there.

Processes are detached: a session of their own, no terminal, nothing of the starter's environment.
"""

import contextlib
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from rehearsal.control_plane.components import Component

_DIRECTORY = "POLYKUBE_CONTROL_PLANE"
_COMPONENT = "POLYKUBE_COMPONENT"
_FINGERPRINT = "POLYKUBE_FINGERPRINT"
_POLL = 0.02  # seconds

# Those that this process started: polling reaps the ones that have ended, and keeping the others keeps
# Python from complaining that they go on when we go.
_children: list[subprocess.Popen[bytes]] = []


class Vanished(Exception):
    """A process that was found running has ended: it had been killed and was on its way out."""


@dataclass(frozen=True)
class Process:
    """One process of a control plane, as found or (with `child`) just started."""

    component: str
    fingerprint: str
    handle: psutil.Process
    child: subprocess.Popen[bytes] | None = None

    def end(self) -> str | None:
        """How it ended (`exit code 1`, `signal 9`), or None while it runs; Vanished if it was not started here."""
        if self.child is None:
            if _is_over(self.handle):
                raise Vanished(self.component)
            return None
        code = self.child.poll()
        if code is None:
            return None
        return f"exit code {code}" if code >= 0 else f"signal {-code}"

    def is_connected_to(self, port: int) -> bool:
        """Whether it is a client of what serves at `port` of this machine."""
        with contextlib.suppress(psutil.NoSuchProcess):
            connections = self.handle.net_connections("tcp")
            return any(it.status == psutil.CONN_ESTABLISHED and it.raddr.port == port for it in connections)
        return False


def start(component: Component, directory: Path, log: Path) -> Process:
    """Start `component` on `directory`; its output goes to `log`, and what was there to `LOG.1`."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    identity = {_DIRECTORY: str(directory), _COMPONENT: component.name, _FINGERPRINT: component.fingerprint}
    with log.open("ab") as output:
        child = subprocess.Popen(
            component.command,
            cwd=directory,
            env={"HOME": str(directory), **identity},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(child)
    return Process(component.name, component.fingerprint, psutil.Process(child.pid), child)


def find(directory: Path) -> list[Process]:
    """The running processes of the control plane in `directory`, whoever started them."""
    found = []
    for handle in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # somebody else's, or gone meanwhile
            environment = handle.environ()
            if environment.get(_DIRECTORY) == str(directory):
                found.append(Process(environment[_COMPONENT], environment[_FINGERPRINT], handle))
    return found


def stop(processes: Iterable[Process], grace: float) -> None:
    """Ask all of `processes` to end, and kill those that have not after `grace` seconds."""
    left = [process.handle for process in processes]
    for send in (psutil.Process.terminate, psutil.Process.kill):
        for handle in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                send(handle)
        deadline = time.monotonic() + grace
        while (left := [handle for handle in left if not _is_over(handle)]) and time.monotonic() < deadline:
            time.sleep(_POLL)
    _children[:] = [child for child in _children if child.poll() is None]


def _is_over(handle: psutil.Process) -> bool:
    """Whether the process has ended, with all its threads: until then its ports and files are in use.

    Its parent may be slow to take note of that, or never do so.
    """
    try:
        return not handle.is_running() or (handle.status() == psutil.STATUS_ZOMBIE and handle.num_threads() == 1)
    except psutil.NoSuchProcess:
        return True
