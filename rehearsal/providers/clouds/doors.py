"""The doors of API servers: from where each is reached, in a rehearsal that says from where it runs.

A cloud has one endpoint for everybody, and lets some in. So the endpoint is a port that leads to the API server while
whoever runs the rehearsal is let in, and at which nothing answers else. The clouds' models say who is.
"""

import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from common.files import write_atomically
from rehearsal.control_plane import processes
from rehearsal.control_plane.components import Component
from rehearsal.control_plane.layout import Layout
from rehearsal.providers.clouds.store import rehearsal_directory
from rehearsal.toolchain import CONTROL_PLANE, ensure

_FILE: Final = "runs-from"
_DOOR: Final = "door"
_API_SERVER: Final = "kube-apiserver"
_GRACE: Final = 2.0  # seconds
_PATIENCE: Final = 20.0  # seconds; it listens at once
_POLL: Final = 0.02  # seconds


def run_from(directory: Path, address: IPv4Address) -> None:
    """Have the rehearsal in `directory` run from `address` from now on; its doors stay as they are."""
    write_atomically(directory / _FILE, str(address).encode())


def runs_from() -> IPv4Address | None:
    """From where the rehearsal that we are in runs; None where nobody has said, and everybody is let in."""
    file = rehearsal_directory() / _FILE
    return IPv4Address(file.read_text()) if file.is_file() else None


def make(cluster: str) -> None:
    """Have the new cluster `cluster` reached through a door, which is closed."""
    layout = Layout(cluster)
    layout.choose_ports((_DOOR,), (_API_SERVER,))
    _home(layout).mkdir(exist_ok=True)


def address(cluster: str) -> str:
    """Where everybody reaches the API server of `cluster`: `https://…`; empty where it has no door."""
    port = Layout(cluster).ports().get(_DOOR)
    return f"https://127.0.0.1:{port}" if port else ""


def judge(cluster: str, who: IPv4Address, lets_in: Callable[[IPv4Address], bool]) -> None:
    """Open the cluster's door for `who` runs the rehearsal if the cluster lets them in, and close it else."""
    layout = Layout(cluster)
    if not lets_in(who):
        close(cluster)
        return
    if processes.find(_home(layout)):
        return
    ports, etcd = layout.ports(), ensure(CONTROL_PLANE)["etcd"].path
    listen, behind = (f"127.0.0.1:{ports[each]}" for each in (_DOOR, _API_SERVER))
    command = (str(etcd), "gateway", "start", f"--listen-addr={listen}", f"--endpoints={behind}")
    processes.start(Component(_DOOR, command, ports[_DOOR]), _home(layout), layout.log(_DOOR))
    _wait(ports[_DOOR])


def close(cluster: str) -> None:
    """Close the cluster's door, if it has one; who had come in is out."""
    processes.stop(processes.find(_home(Layout(cluster))), _GRACE)


def _home(layout: Layout) -> Path:
    return layout.directory / _DOOR


def _wait(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL)
        else:
            return
