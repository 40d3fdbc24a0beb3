"""A control plane of this machine, by name: start, stop, delete, status."""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from common.errors import ControlPlaneError, Problem
from common.files import write_if_changed
from common.local_identity import keep_identity
from common.locks import exclusive
from common.paths import control_plane_dir
from rehearsal.control_plane import processes
from rehearsal.control_plane.components import NAMES, ROWS, SERVING, Binaries, Component, Maker, kube_apiserver
from rehearsal.control_plane.identity import Given
from rehearsal.control_plane.layout import Layout
from rehearsal.control_plane.processes import Process

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ALONE = ROWS[:2]  # an API server and its store
_GRACE = 2.0  # seconds that a process has to end by itself; nothing is lost when it is killed


class ControlPlaneState(StrEnum):
    """How much of a control plane is there."""

    RUNNING = "running"
    PARTLY = "partly running"
    STOPPED = "stopped"
    ABSENT = "absent"


@dataclass(frozen=True)
class ProcessStatus:
    """A running process; resident memory in bytes, uptime in seconds."""

    name: str
    pid: int
    rss: int
    uptime: float


@dataclass(frozen=True)
class Status:
    """A control plane as it is now. `endpoint` is empty while it was never started."""

    state: ControlPlaneState
    processes: tuple[ProcessStatus, ...]
    endpoint: str
    kubeconfig: Path


class ControlPlane:
    """The control plane called `name`, whether it exists or not. All its operations may be repeated.

    `binaries` are needed by `start` alone. ControlPlaneError PK301 when `name` is no DNS label.
    """

    def __init__(self, name: str, binaries: Binaries | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise ControlPlaneError(
                Problem(
                    code="PK301",
                    summary="a control plane cannot have this name",
                    found=repr(name),
                    allowed="up to 63 small letters, digits and inner hyphens",
                    remedy="choose another name",
                )
            )
        self.name = name
        self._binaries = binaries
        self._layout = Layout(name)
        self._directory = self._layout.directory

    def give(self, given: Given) -> None:
        """Have it start with an authority and at a place that are not its own to choose."""
        self._layout.give(given)

    @property
    def given(self) -> Given | None:
        """The authority and place that it was given, if it was."""
        return self._layout.given()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it names the key's file and holds no secret itself."""
        return self._layout.kubeconfig

    @property
    def build(self) -> str:
        """Another one when its API server would be started otherwise than before; `binaries` are needed."""
        assert self._binaries is not None
        return kube_apiserver(self._layout, self._layout.ports(), self._binaries).fingerprint

    def start(self, on_progress: Callable[[str], None] = lambda _: None, *, alone: bool = False) -> None:
        """Start what does not run, or runs with other settings than it should; return when all is ready.

        `on_progress` is told what is being waited for. `alone` says that the API server is wanted and nobody who would
        change what is in it by himself. Raises ControlPlaneError when a process ends (PK302),
        does not get ready (PK303), refuses what it is told (PK304), or cannot be started at all (PK305); what
        was started is then stopped again.
        """
        if self._binaries is None:
            raise ValueError("binaries are needed to start a control plane")
        with self._locked(on_progress):
            try:
                while True:
                    with contextlib.suppress(processes.Vanished):
                        self._start(self._binaries, on_progress, _ALONE if alone else ROWS)
                        break
            except OSError as error:
                raise ControlPlaneError(
                    Problem(
                        code="PK305",
                        summary=f"the control plane {self.name} cannot be started",
                        found=str(error),
                        remedy="make room, give access to or bring back what is named here, and start it again",
                    )
                ) from error

    def stop(self) -> None:
        """Stop all processes, the last started first; the objects stay."""
        with self._locked():
            self._stop()

    def delete(self) -> None:
        """Stop all processes and remove everything that was kept."""
        with self._locked():
            self._stop()
            if self._directory.exists():
                shutil.rmtree(self._directory)

    def status(self) -> Status:
        """What there is and what runs, without waiting for anybody."""
        running = [status for process in processes.find(self._directory) if (status := _status(process))]
        running.sort(key=lambda process: NAMES.index(process.name))
        port = self._layout.ports().get("kube-apiserver")
        if running:
            state = ControlPlaneState.RUNNING if len(running) == len(NAMES) else ControlPlaneState.PARTLY
        else:
            state = ControlPlaneState.STOPPED if self._directory.exists() else ControlPlaneState.ABSENT
        return Status(state, tuple(running), f"https://{self._layout.host}:{port}" if port else "", self.kubeconfig)

    def _start(
        self, binaries: Binaries, on_progress: Callable[[str], None], rows: Sequence[Mapping[str, Maker]]
    ) -> None:
        from rehearsal.control_plane.initial_objects import apply_initial_objects
        from rehearsal.control_plane.readiness import wait_until_ready

        self._layout.create()
        keep_identity(self._directory)
        if not self._layout.pki.is_complete():
            self._stop()  # whoever runs has keys of before
        self._layout.pki.ensure()
        running = {process.component: process for process in processes.find(self._directory)}
        ports = self._layout.choose_ports(SERVING, running)
        begun: set[str] = set()
        with contextlib.ExitStack() as undo:
            for row in rows:
                components = [make(self._layout, ports, binaries) for make in row.values()]
                on_progress(f"waiting for {', '.join(row)}")
                started = [(each, self._ensure(each, running.get(each.name), begun, undo)) for each in components]
                wait_until_ready(self._layout, started)
                if "kube-apiserver" in row:
                    apply_initial_objects(self._layout, ports["kube-apiserver"])
            keep_identity(self._directory)
            undo.pop_all()

    def _ensure(
        self, component: Component, running: Process | None, begun: set[str], undo: contextlib.ExitStack
    ) -> Process:
        """The component's process, with its files; its name is added to `begun` if it was started here."""
        is_right = running and running.fingerprint == component.fingerprint and begun.isdisjoint(component.depends_on)
        if running and not is_right:
            processes.stop([running], _GRACE)
        for path, content in component.files.items():
            write_if_changed(path, content, mode=0o600)
        if running and is_right:
            return running
        begun.add(component.name)
        process = processes.start(component, self._directory, self._layout.log(component.name))
        undo.callback(processes.stop, [process], _GRACE)
        return process

    def _stop(self) -> None:
        running = processes.find(self._directory)
        for row in reversed(ROWS):
            processes.stop([process for process in running if process.component in row], _GRACE)

    @contextlib.contextmanager
    def _locked(self, on_progress: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Keep other processes from starting, stopping or deleting this control plane."""
        lock = self._directory.with_name(f"{self.name}.lock")
        while True:
            with exclusive(lock, lambda pid: on_progress(f"waiting for process {pid}, which is at it")) as file:
                # Who held it before may have removed it together with the control plane.
                if not lock.exists() or lock.stat().st_ino != os.fstat(file.fileno()).st_ino:
                    continue
                try:
                    yield
                finally:
                    if not self._directory.exists():
                        lock.unlink(missing_ok=True)
                return


def all_control_planes() -> list[str]:
    """The names of the control planes of this user, running or not, sorted."""
    return sorted(path.name for path in control_plane_dir("").glob("*/"))


def _status(process: Process) -> ProcessStatus | None:
    with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
        handle = process.handle
        return ProcessStatus(
            process.component, handle.pid, handle.memory_info().rss, time.time() - handle.create_time()
        )
    return None
