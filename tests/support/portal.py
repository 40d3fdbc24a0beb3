"""A portal without pages: its database, its workers and its service, on a development server of Temporal's.

As a program it is a worker with an engine that a script plays, which a test can kill:

    python -m tests.support.portal ADDRESS DATABASE DIRECTORY
"""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from automation.api import stacks
from common.paths import CHECKOUT
from portal.approvals import AllRules
from portal.data.database import Database, open_database
from portal.data.models import StoredGrant, User
from portal.runs.connection import TemporalCluster, connect
from portal.runs.service import RunService
from portal.runs.store import RunStore
from portal.runs.temporal import TemporalRuns
from portal.runs.views import RunState, RunView
from portal.runs.worker import Setup, working
from tests.support.events import GROUP, begun, ended, step, updating
from tests.support.polling import PATIENCE
from tests.support.scripted import Played, play, stand_in

HEARTBEAT: Final = 60.0
"""Seconds after which a worker is lost that no test kills."""
PLANNED: Final = [step("update", GROUP, "dev-a", {"size": 1}, {"size": 2}, **updating("size"))]
"""What a preview of the stack `dev` tells."""
DONE: Final = [begun("dev-a"), ended("dev-a"), {"summaryEvent": {"resourceChanges": {"update": 1}}}]
"""What an update of it tells."""


@dataclass(frozen=True)
class House:
    """A portal: the service as pages use it, the database, and the project whose engine is played."""

    runs: RunService
    database: Database
    played: Played

    async def until(self, run: str, *states: RunState) -> RunView:
        """The run, when it is in one of the states; AssertionError when it ends in another one."""
        deadline = time.monotonic() + PATIENCE
        while (view := await self.runs.get(run)).state not in states:
            assert not view.state.is_final, f"it is {view.state}: {view.error}"
            assert time.monotonic() < deadline, f"it is still {view.state}"
            await asyncio.sleep(0.1)
        return view

    async def planned(self, author: str = "ann", stack_file: str | None = None) -> RunView:
        """A run that waits for an approval."""
        view = await self.runs.start("dev", "apply", author, "a test", stack_file)
        return await self.until(view.id, RunState.PLANNED)

    async def approved(self, view: RunView, by: str = "bob") -> RunView:
        """The run as somebody approved it."""
        return await self.runs.approve(view.id, by, view.fingerprint)


def played_in(directory: Path, patch: pytest.MonkeyPatch) -> Played:
    """A project in a directory whose engine has one change to make."""
    it = play(directory, patch, stacks)
    it.tell("preview", PLANNED)
    it.tell("events", DONE)
    return it


def people(database: Database) -> None:
    """Ann asks, Bob approves, Cid is an admin, Eve only looks."""
    with database.writing() as session:
        roles = {"ann": "planner", "bob": "approver", "cid": "admin", "eve": "viewer"}
        session.add_all(User(name=name, grants=[StoredGrant(role=role)]) for name, role in roles.items())


@asynccontextmanager
async def open_house(
    cluster: TemporalCluster,
    database: Database,
    played: Played,
    rules: AllRules | None = None,
    *,
    heartbeat: float = HEARTBEAT,
    engine: bool = True,
) -> AsyncIterator[House]:
    """A portal that works until the end of the block; on engines, too, unless another worker does that."""
    client = await connect(cluster)
    store, rules = RunStore(database), rules or AllRules()
    async with working(client, Setup(store, played.project, rules), engine=engine):
        service = TemporalRuns(client, store, rules, played.project, heartbeat=heartbeat)
        yield House(service, database, played)


@contextmanager
def worker(cluster: TemporalCluster, database: Database, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that works on engines, as a process of its own; it is killed at the end of the block."""
    address = [cluster.address, str(database.url), str(directory)]
    process = subprocess.Popen([sys.executable, "-m", "tests.support.portal", *address], cwd=CHECKOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def _work(cluster: TemporalCluster, database: Database, played: Played) -> None:
    client = await connect(cluster)
    async with working(client, Setup(RunStore(database), played.project, AllRules()), notes=False):
        await asyncio.Event().wait()


def main(address: str, url: str, directory: str) -> None:
    """Work until somebody kills us."""
    it = Played(Path(directory))
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        stand_in(it, patch, stacks)
        runner.run(_work(TemporalCluster(address), open_database(url), it))


if __name__ == "__main__":
    main(*sys.argv[1:])
