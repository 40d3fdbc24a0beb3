"""Kills: of a worker, of the portal, of Temporal. No run is lost, doubled or stuck.

A worker that is killed is a process of its own; a script plays the engine, and tells in a file what it did.
"""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from portal.data.database import Database
from portal.runs.connection import TemporalCluster
from portal.runs.server import development_server
from portal.runs.views import RunState
from tests.support.events import begun
from tests.support.polling import awaited, eventually
from tests.support.portal import House, free_port, open_house, people, worker
from tests.support.scripted import Played


@pytest.fixture
def hanging(played: Played) -> Played:
    """An engine that begins a change, and does not end by itself; what it hears goes into the file `told`."""
    told, ready = played.directory / "told", played.directory / "ready"
    say = f"echo begun >> '{told}'\ntrap \"echo interrupted >> '{told}'; exit 1\" INT"
    played.tell("events", [begun("dev-a")], f"{say}\n: > {ready}\nwhile :; do sleep 0.05; done")
    return played


async def under_way(house: House) -> str:
    """A run whose engine has begun."""
    planned = await house.planned()
    await house.approved(planned)
    await asyncio.to_thread(eventually, (house.played.directory / "ready").exists)
    await house.until(planned.id, RunState.APPLYING)
    return planned.id


def test_a_worker_that_is_killed_makes_an_interrupted_run_that_is_never_run_again(
    temporal: TemporalCluster, inhabited: Database, hanging: Played
) -> None:
    async def act() -> None:
        async with open_house(temporal, inhabited, hanging, heartbeat=5, engine=False) as house:
            with worker(temporal, inhabited, hanging.directory) as process:
                run = await under_way(house)
                os.kill(process.pid, signal.SIGKILL)
                interrupted = await house.until(run, RunState.INTERRUPTED)
            assert "the worker was lost" in interrupted.error
            with worker(temporal, inhabited, hanging.directory):  # another one comes, and finds nothing to do
                again = await house.runs.start("dev", "refresh", "ann", "afterwards")
                hanging.tell("events", [], "exit 0")
                await house.until(again.id, RunState.APPLIED)
        told = (hanging.directory / "told").read_text().split()
        assert told[:2] == ["begun", "interrupted"]
        assert told.count("begun") == 1 + (len(told) > 2), "the refresh may have begun with the engine of before"

    awaited(act())


def test_a_worker_that_is_shut_down_interrupts_its_engine(
    temporal: TemporalCluster, inhabited: Database, hanging: Played
) -> None:
    async def act() -> None:
        async with open_house(temporal, inhabited, hanging, heartbeat=60) as house:
            run = await under_way(house)
        assert (hanging.directory / "told").read_text() == "begun\ninterrupted\n"
        async with open_house(temporal, inhabited, hanging) as house:
            interrupted = await house.until(run, RunState.INTERRUPTED)
            assert "it was shut down" in interrupted.error

    awaited(act())


def test_a_plan_waits_while_no_portal_runs(temporal: TemporalCluster, inhabited: Database, played: Played) -> None:
    async def act() -> None:
        async with open_house(temporal, inhabited, played) as house:
            planned = await house.planned()
        async with open_house(temporal, inhabited, played) as house:
            await house.approved(planned)
            await house.until(planned.id, RunState.APPLIED)

    awaited(act())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own, and so a server of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    return tmp_path / "states"


def test_a_server_that_is_killed_forgets_nothing(state: Path, database: Database, played: Played) -> None:
    people(database)
    port = free_port()

    async def plan(cluster: TemporalCluster) -> str:
        async with open_house(cluster, database, played) as house:
            planned = await house.planned()
            (server,) = [each for each in psutil.process_iter(["cmdline"]) if str(port) in (each.info["cmdline"] or ())]
            server.kill()
            return planned.id

    async def approve(cluster: TemporalCluster, run: str) -> None:
        async with open_house(cluster, database, played) as house:
            await house.approved(await house.runs.get(run))
            await house.until(run, RunState.APPLIED)

    with development_server(port) as cluster:
        run = awaited(plan(cluster))
    assert (state / "polykube" / "portal" / "temporal.db").is_file()
    with development_server(free_port()) as cluster:
        awaited(approve(cluster, run))
