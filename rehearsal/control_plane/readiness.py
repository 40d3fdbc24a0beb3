"""Waiting until components are ready, and saying why when they do not get there."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx2

from common.errors import ControlPlaneError, Problem
from rehearsal.control_plane.components import Component
from rehearsal.control_plane.layout import Layout
from rehearsal.control_plane.processes import Process

_DEADLINE = 60.0  # seconds; some ten times what it takes on two busy cores
_POLL = 0.05  # seconds
_SHOWN_LINES = 12
_SHOWN_WIDTH = 300
_TAIL = 16_384  # bytes of a log that are looked at

# What stands in a log, and what helps.
_REMEDIES: Final = (
    (r"address already in use", "start it again: somebody took the port just now, and another one will be chosen"),
    (r"no space left on device", "free disk space and start it again"),
    (r"permission denied", "make the directory of the control plane your own and start it again"),
    (r"cannot allocate memory|out of memory", "free memory and start it again"),
    (
        r"crc mismatch|invalid database|database file is|failed to (recover|find)|unexpected EOF|downgrade",
        "delete the control plane (make down) and bring its stack up again: what it stored cannot be read",
    ),
)
_OTHER_REMEDY = "read the log; if that does not help, delete the control plane (make down) and bring its stack up again"


def wait_until_ready(layout: Layout, started: Sequence[tuple[Component, Process]]) -> None:
    """Return when all of `started` are ready; ControlPlaneError when one ends, or does not get ready in time.

    Raises Vanished when one ends that was not started just now.
    """
    deadline = time.monotonic() + _DEADLINE
    for component, its_process in started:
        with layout.pki.client(component.authority, component.identity) as client:
            while not _is_ready(client, component, its_process):
                for each, process in started:
                    if end := process.end():
                        raise _failure("PK302", f"{each.name} ended with {end}", layout.log(each.name))
                if time.monotonic() > deadline:
                    log = layout.log(component.name)
                    raise _failure("PK303", f"{component.name} is not ready after {_DEADLINE:.0f} s", log)
                time.sleep(_POLL)


def _is_ready(client: httpx2.Client, component: Component, process: Process) -> bool:
    if not component.health:
        return process.is_connected_to(component.port)
    try:
        return client.get(component.health_url).is_success
    except httpx2.TransportError:
        return False


def _failure(code: str, summary: str, log: Path) -> ControlPlaneError:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    shown, remedy = lines[-_SHOWN_LINES:], _OTHER_REMEDY
    for pattern, known_remedy in _REMEDIES:
        if telling := [number for number, line in enumerate(lines) if re.search(pattern, line, re.IGNORECASE)]:
            shown, remedy = lines[telling[-1] :][:_SHOWN_LINES], known_remedy
            break
    found = "\n          ".join(line[:_SHOWN_WIDTH] for line in shown)
    return ControlPlaneError(
        Problem(code=code, summary=summary, file=str(log), found=found or "an empty log", remedy=remedy)
    )
