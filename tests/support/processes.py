"""Servers that a test runs on loopback, and processes that it leaves."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from tests.support.polling import eventually


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with_numbers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    numbers = [each.getsockname()[1] for each in with_numbers]
    for each in with_numbers:
        each.close()
    return numbers


def answers(address: str) -> bool:
    """Whether a server on this machine answers at a URL, and well."""
    try:
        return httpx2.get(address, trust_env=False).is_success
    except httpx2.TransportError:
        return False


def answers_at_all(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    command: Sequence[str | Path],
    directory: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """A server in `directory`, from when it is `ready` until the block ends.

    AssertionError with its last words when it has ended before.
    """
    file = directory / "log"
    with file.open("w") as log:
        process = subprocess.Popen(
            command, cwd=directory, env=os.environ | dict(environment or {}), stdout=log, stderr=log
        )
    try:
        eventually(lambda: process.poll() is not None or ready(), what=str(command[0]))
        assert process.poll() is None, file.read_text()[-3000:]
        yield
        assert process.poll() is None, file.read_text()[-3000:]
    finally:
        process.terminate()
        process.wait(timeout=60)


def processes_of(state: Path) -> list[str]:
    """The command lines of processes that work below `state`."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(state) in " ".join(process.cmdline()):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
