"""Temporal's development server, which `polykube portal` runs: its database is a file in the state directory."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from automation.child import Child
from common.errors import PortalError, Problem
from common.files import write_atomically
from common.locks import exclusive_or_none
from common.progress import step
from portal.runs.connection import TemporalCluster, announced, connect, local_cluster
from rehearsal import toolchain

_PATIENCE: Final = 60.0  # seconds until it answers
_GRACE: Final = 10.0
_LINGER: Final = 10.0  # that the server of a killed portal may take to notice


@contextmanager
def development_server(port: int) -> Iterator[TemporalCluster]:
    """The development server on a port of loopback, until the end of the block; another portal's, where one runs here.

    ToolchainError (PK2xx) when it cannot be had, PortalError (PK934, PK938) when it does not answer.
    """
    program = toolchain.ensure(["temporal"])["temporal"].path
    directory = announced().parent
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive_or_none(directory / "temporal.lock", _LINGER) as lock:
        if lock is None:
            yield local_cluster()
            return
        cluster = TemporalCluster(f"127.0.0.1:{port}")
        server = _Server(_command(program, port, directory), directory, lock.fileno())
        try:
            with step("starting Temporal", 2):
                server.ready(cluster)
            write_atomically(announced(), f'{{"address": "{cluster.address}"}}\n')
            yield cluster
        finally:
            announced().unlink(missing_ok=True)
            server.end()


def _command(program: Path, port: int, directory: Path) -> list[str]:
    return [
        *(str(program), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)),
        *("--db-filename", str(directory / "temporal.db"), "--log-level", "error", "--disable-config-file"),
    ]


class _Server:
    """The process, started by a thread that waits for it: when we are killed, it is interrupted."""

    def __init__(self, command: list[str], directory: Path, lock: int) -> None:
        self._started, self._said = Event(), ""
        self._command, self._directory, self._lock = command, directory, lock
        self._thread = Thread(target=self._run, name="temporal", daemon=True)
        self._thread.start()
        self._started.wait()

    def ready(self, cluster: TemporalCluster) -> None:
        """Wait until it answers."""

        async def ask() -> None:
            deadline = asyncio.get_running_loop().time() + _PATIENCE
            while True:
                try:
                    await connect(cluster)
                except PortalError:
                    if not self._thread.is_alive():
                        raise PortalError(_died(self._said)) from None
                    if asyncio.get_running_loop().time() > deadline:
                        raise
                    await asyncio.sleep(0.2)
                else:
                    return

        with asyncio.Runner() as runner:
            runner.run(ask())

    def end(self) -> None:
        """Have it end, and wait for that."""
        self._child.interrupt()
        self._thread.join()

    def _run(self) -> None:
        self._child = Child(self._command, self._directory, {"HOME": str(self._directory), **_kept()}, (self._lock,))
        self._started.set()
        done = self._child.wait(grace=_GRACE)
        self._said = (done.stdout + done.stderr).strip()[-2000:]


def _kept() -> dict[str, str]:
    """Of our environment, what a program needs that asks nobody for anything."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR", "TZ", "LANG")}


def _died(said: str) -> Problem:
    return Problem(
        code="PK938",
        summary="Temporal's development server ended by itself",
        found=said or "nothing was said",
        allowed="a free port, and room in the state directory",
        remedy="choose another port (--temporal-port), or see what it says",
    )
