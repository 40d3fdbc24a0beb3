"""Where a control plane keeps what, and on which ports of 127.0.0.1 it listens.

DIR/kubeconfig      the administrator's
DIR/pki/            keys and certificates
DIR/config/         what the components read when they start, written just before
DIR/etcd/           all objects
DIR/logs/           NAME.log of the present run, NAME.log.1 of the one before
DIR/identity        what names the objects (`common.local_identity`)
DIR/ports.json      component → port
DIR/given.json      the API server's authority and place, where those are not its own to choose
"""

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from common.files import write_atomically
from common.paths import control_plane_dir
from rehearsal.control_plane.identity import Given
from rehearsal.control_plane.pki import Pki

_RANGE = range(20_000, 32_768)  # below what systems hand out to outgoing connections, so that a port stays ours
_PATIENCE = 1.0  # seconds
_POLL = 0.05  # seconds


class Layout:
    """The files of the control plane `name`; nothing is made until it is asked for by `create`."""

    def __init__(self, name: str) -> None:
        self.directory = control_plane_dir(name).resolve()
        self.kubeconfig = self.directory / "kubeconfig"
        self.config = self.directory / "config"
        self.etcd = self.directory / "etcd"
        self._given = self.directory / "given.json"
        self.pki = Pki(self.directory / "pki", self.given())
        self._ports = self.directory / "ports.json"

    @property
    def host(self) -> str:
        """The address of this machine at which the API server listens."""
        given = self.given()
        return given.host if given else "127.0.0.1"

    def give(self, given: Given) -> None:
        """Keep what is not the control plane's own to choose."""
        self.create()
        write_atomically(self._given, json.dumps(asdict(given)), mode=0o600)
        self.pki = Pki(self.pki.directory, given)

    def given(self) -> Given | None:
        """What is not the control plane's own to choose, if there is anything."""
        return Given(**json.loads(self._given.read_text())) if self._given.is_file() else None

    def create(self) -> None:
        """Make the directories, readable by their owner alone."""
        for directory in (self.directory, self.config, self.etcd, self.directory / "logs"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def log(self, component: str) -> Path:
        """Where the output of `component` goes."""
        return self.directory / "logs" / f"{component}.log"

    def ports(self) -> dict[str, int]:
        """Component → port, as chosen last; nothing before the first start, or when that cannot be read any more."""
        given = self.given()
        own = {"kube-apiserver": given.port} if given else {}
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            chosen = dict(json.loads(self._ports.read_text()))
            return {name: port for name, port in chosen.items() if isinstance(port, int) and port in _RANGE} | own
        return {}

    def choose_ports(self, components: Collection[str], running: Collection[str]) -> dict[str, int]:
        """A port for each of `components`: the one it had, unless somebody else took it while it was not running."""
        ports, given = self.ports(), self.given()
        if given:
            ports["kube-apiserver"] = given.port
        for component in components:
            if given and component == "kube-apiserver":
                continue  # whoever has taken it is told of by its own log
            if component not in ports or (component not in running and not _becomes_free(ports[component])):
                ports[component] = _pick(ports.values())
        write_atomically(self._ports, json.dumps(ports, indent=1))
        return ports


def _pick(taken: Collection[int]) -> int:
    while (port := secrets.choice(_RANGE)) in taken or not _free(port):
        pass
    return port


def _becomes_free(port: int) -> bool:
    """Whether `port` is free, or soon: a process that was killed just now may still be on its way out."""
    deadline = time.monotonic() + _PATIENCE
    while not (free := _free(port)) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return free


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the components do: TIME_WAIT is no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
