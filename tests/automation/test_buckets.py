"""States in a bucket that two runs write at once, that a dead run keeps, or that a failing server loses.

The engine is the real one, and so is the store (versitygw).
"""

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import yaml

from automation.api.run import Run
from automation.engine import Engine
from automation.outcome import Outcome
from automation.state.recovery import Recovery, recover
from common.errors import BusyError, EngineError, PolykubeError
from rehearsal.toolchain import Tool
from tests.support.engine import make_engine
from tests.support.polling import eventually
from tests.support.processes import free_ports
from tests.support.store import CUT, ERROR, KEYS, Store, running_store

_WAITS: Final = """
import pathlib, time, pulumi
pathlib.Path("began").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.1)
pulumi.export("done", True)
"""
_DEAD: Final = 2**22 + 1  # beyond the largest process id that Linux gives out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store of all tests here."""
    with running_store(tmp_path_factory.mktemp("store")) as it:
        yield it


@pytest.fixture(autouse=True)
def _no_proxy(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store.fault = ""


@pytest.fixture
def engine(store: Store, tmp_path: Path) -> Engine:
    """An engine whose program waits for the file `go`, and whose state is in the bucket."""
    made = make_engine(tmp_path, project=f"p{tmp_path.name.replace('_', '-')}"[:60])
    made.write_program(_WAITS)
    return started(made.directory, made.binary, {**made.environment, **KEYS, "PULUMI_BACKEND_URL": store.url()})


def started(directory: Path, binary: Path, environment: dict[str, str]) -> Engine:
    """The engine on the stack `dev`, which is there."""
    it = Engine(Tool("pulumi", binary, "0", "a test"), "dev", environment, directory)
    it.select()
    return it


def up(engine: Engine) -> Run[Outcome]:
    """A run that is under way."""
    return Run[Outcome]("up", "dev").start(lambda run: run.carry_out(engine, "up", "--yes", "--skip-preview"))


def let_go(engine: Engine) -> None:
    """Let the program come to its end."""
    (engine.directory / "go").touch()


def mended(engine: Engine) -> Recovery:
    """What a recovery finds and does."""
    return recover(engine, None)


def test_of_two_runs_at_once_the_second_is_refused_with_the_owner_of_the_lock(engine: Engine, store: Store) -> None:
    first = up(engine)
    eventually((engine.directory / "began").exists)
    (lock,) = store.locks()
    owner = f"process {json.loads(lock.read_text())['pid']} "
    with pytest.raises(BusyError, match=owner):
        up(engine).result(60)
    with pytest.raises(BusyError, match=owner):
        mended(engine)
    assert store.locks() == [lock], "nobody but its owner takes it away"
    let_go(engine)
    assert first.result(120).changes == {"create": 1}
    assert store.locks() == []


@pytest.mark.parametrize("host", ["elsewhere.test", socket.gethostname()])
def test_a_lock_is_cleared_only_where_its_owner_is_known_to_be_gone(engine: Engine, store: Store, host: str) -> None:
    let_go(engine)
    up(engine).result(120)
    project = yaml.safe_load((engine.directory / "Pulumi.yaml").read_text())["name"]
    lock = store.bucket / ".pulumi" / "locks" / "organization" / project / "dev" / "0d5c.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    taken = datetime.now(UTC).isoformat()
    lock.write_text(json.dumps({"pid": _DEAD, "username": "ann", "hostname": host, "timestamp": taken}))
    if host == socket.gethostname():
        (found,) = mended(engine).locks
        assert (found.user, found.pid) == ("ann", _DEAD)
        assert up(engine).result(120).changes == {"same": 1}
    else:
        with pytest.raises(BusyError, match=f"of ann on {host}"):
            mended(engine)
        assert lock.exists()
        lock.unlink()


@pytest.mark.parametrize("fault", [CUT, ERROR])
def test_after_a_server_that_failed_in_between_the_next_run_goes_on(engine: Engine, store: Store, fault: str) -> None:
    running = up(engine)
    eventually((engine.directory / "began").exists)
    store.fault = fault
    let_go(engine)
    with pytest.raises(PolykubeError):
        running.result(300)
    assert store.locks(), "the engine could not take its lock away"
    store.fault = ""
    (lock,) = mended(engine).locks
    assert lock.host == socket.gethostname()
    up(engine).result(120)
    assert up(engine).result(120).changes == {"same": 1}
    assert store.locks() == []


def test_a_backend_that_cannot_be_used_is_told_with_what_to_do(engine: Engine, store: Store) -> None:
    (nobody,) = free_ports(1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for variables, url, told in (
        ({}, store.url(), ("no credentials", "AWS_ACCESS_KEY_ID")),
        ({**KEYS, "AWS_SECRET_ACCESS_KEY": "wrong"}, store.url(), ("accept the credentials", "AWS_ACCESS_KEY_ID")),
        (KEYS, store.url("nowhere"), ("no such bucket", "PULUMI_BACKEND_URL")),
        (KEYS, store.url(port=nobody), ("does not answer", "reached from here")),
    ):
        own = {**environment, "AWS_EC2_METADATA_DISABLED": "true", **variables, "PULUMI_BACKEND_URL": url}
        other = Engine(engine.tool, "dev", {}, engine.directory, own)
        with pytest.raises(EngineError) as refused:
            other.ask("stack", "ls", "--json", "--non-interactive")
        (problem,) = refused.value.problems
        assert (problem.code, told[0] in problem.found, told[1] in problem.remedy) == ("PK417", True, True), problem
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(refused.value)
