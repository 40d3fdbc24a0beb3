"""The portal as a process that is killed, and started again."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from common.paths import CHECKOUT
from rehearsal.toolchain import ensure
from tests.support.polling import eventually
from tests.support.portal import free_port


@dataclass(frozen=True)
class Place:
    """A project, a state directory, and ports for a portal."""

    directory: Path
    port: int
    temporal: int

    def portal(self, *options: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """`polykube portal serve` until the end of the block, where it is killed if it still runs."""
        return self.running(
            *("portal", "serve", "--port", str(self.port), "--temporal-port", str(self.temporal), *options)
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command of polykube's until the end of the block, where it is killed if it still runs."""
        process = subprocess.Popen(
            [Path(sys.prefix) / "bin" / "polykube", *arguments],
            cwd=self.directory / "project",
            env={**os.environ, "XDG_STATE_HOME": str(self.directory / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def answers(self, process: subprocess.Popen[str]) -> bool:
        """Whether pages come."""
        assert process.poll() is None, process.communicate()[0]
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/login").status_code == 200
        except httpx2.HTTPError:
            return False

    def servers(self) -> list[int]:
        """Temporal's servers of this place that run."""
        wanted = {"start-dev", str(self.temporal)}
        every = psutil.process_iter(["pid", "cmdline"])
        return [each.pid for each in every if wanted <= {*(each.info["cmdline"] or ())}]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An own one."""
    ensure(["temporal"])
    (tmp_path / "project").mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(CHECKOUT / name, tmp_path / "project")
    return Place(tmp_path, free_port(), free_port())


def test_a_portal_that_is_killed_leaves_no_server_and_starts_again(place: Place) -> None:
    with place.portal("--demo") as first:
        eventually(lambda: place.answers(first))
        (server,) = place.servers()
        first.kill()
        eventually(lambda: not psutil.pid_exists(server), what="the server to notice")
    with place.portal() as second:
        eventually(lambda: place.answers(second))
        assert len(place.servers()) == 1
        second.send_signal(signal.SIGINT)
        said, _ = second.communicate(timeout=60)
    assert second.returncode == 130, said
    assert "Traceback" not in said
    assert place.servers() == []


def test_two_portals_of_one_place_share_a_server(place: Place) -> None:
    other = Place(place.directory, free_port(), free_port())
    with place.portal() as first:
        eventually(lambda: place.answers(first))
        with other.portal() as second:
            eventually(lambda: other.answers(second))
            assert (len(place.servers()), other.servers()) == (1, [])


def test_an_address_that_is_taken_is_told(place: Place) -> None:
    with place.portal() as first:
        eventually(lambda: place.answers(first))
        with place.portal() as second:
            said, _ = second.communicate(timeout=120)
    assert second.returncode == 17
    assert "PK939" in said
    assert "Traceback" not in said


def test_a_worker_finds_the_server_that_runs_here(place: Place) -> None:
    with place.running("worker") as alone:
        said, _ = alone.communicate(timeout=120)
    assert alone.returncode == 17
    assert "PK934" in said
    with place.portal("--engines", "0") as portal:
        eventually(lambda: place.answers(portal))
        with place.running("worker") as worker:
            assert worker.stdout
            assert f"works for 127.0.0.1:{place.temporal}" in worker.stdout.readline()
            worker.send_signal(signal.SIGTERM)
            said, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        assert "Traceback" not in said
        portal.send_signal(signal.SIGTERM)
        said, _ = portal.communicate(timeout=60)
    assert portal.returncode in (0, 130), said
    assert "Traceback" not in said
    assert place.servers() == []
