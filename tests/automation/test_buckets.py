"""States in a bucket that two runs write at once, that a dead run keeps, or that a failing server loses.

The engine is the real one. The stores are versitygw, fake-gcs-server and Azurite; all that is tried is tried on each.
"""

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlparse

import psutil
import pytest
import yaml

from automation.api.environment import inherited
from automation.api.run import Run
from automation.engine import Engine
from automation.outcome import Outcome
from automation.state.backends import BACKENDS
from automation.state.operations import settle
from automation.state.recovery import Recovery, recover
from common.errors import BusyError, EngineError, PolykubeError
from rehearsal.toolchain import Tool
from tests.support.engine import make_engine
from tests.support.polling import eventually
from tests.support.processes import free_ports
from tests.support.programs import program
from tests.support.stores import STORES
from tests.support.stores.front import CUT, ERROR
from tests.support.stores.store import Store

_WAITS: Final = """
import pathlib, time, pulumi
pathlib.Path("began").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.1)
pulumi.export("done", pathlib.Path("go").read_text())
"""
_DEAD: Final = 2**22 + 1  # beyond the largest process id that Linux gives out


@pytest.fixture(scope="module", params=STORES)
def running_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Each store in turn."""
    with STORES[request.param](tmp_path_factory.mktemp("store")) as it:
        yield it


@pytest.fixture
def store(running_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose server does not fail."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running_store.front.fault = ""
    return running_store


@pytest.fixture
def engine(store: Store, tmp_path: Path) -> Engine:
    """An engine whose program waits for the file `go`, whose state is in the bucket, and which sees of the environment
    what a run by the API does."""
    made = make_engine(tmp_path, project=f"p{tmp_path.name.replace('_', '-')}"[:60])
    made.write_program(_WAITS)
    settings = {name: value for name, value in made.environment.items() if os.environ.get(name) != value}
    it = using(Tool("pulumi", made.binary, "0", "a test"), made.directory, settings, store)
    it.select()
    return it


def using(tool: Tool, directory: Path, settings: Mapping[str, str], store: Store) -> Engine:
    """An engine on the stack `dev` in the bucket of a store."""
    environment = inherited({**os.environ, **store.variables})
    return Engine(tool, "dev", {**settings, "PULUMI_BACKEND_URL": store.url()}, directory, environment)


def up(engine: Engine) -> Run[Outcome]:
    """A run that is under way."""
    return Run[Outcome]("up", "dev").start(lambda run: run.carry_out(engine, "up", "--yes", "--skip-preview"))


def begun(engine: Engine) -> Run[Outcome]:
    """The same, and its program waits."""
    run = up(engine)
    eventually((engine.directory / "began").exists)
    return run


def let_go(engine: Engine, what: str = "") -> None:
    """Let the program come to its end, with this as its output."""
    (engine.directory / "go").write_text(what)


def mended(engine: Engine) -> Recovery:
    """What a recovery finds and does."""
    return recover(engine, None)


def test_of_two_runs_at_once_the_second_is_refused_with_the_owner_of_the_lock(engine: Engine, store: Store) -> None:
    first = begun(engine)
    (lock,) = store.locks()
    owner = f"process {json.loads(store.read(lock))['pid']} "
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
    lock = f".pulumi/locks/organization/{project(engine)}/dev/0d5c.json"
    taken = {"pid": _DEAD, "username": "ann", "hostname": host, "timestamp": datetime.now(UTC).isoformat()}
    store.write(lock, json.dumps(taken).encode())
    if host == socket.gethostname():
        (found,) = mended(engine).locks
        assert (found.user, found.pid) == ("ann", _DEAD)
        assert up(engine).result(120).changes == {"same": 1}
        assert store.locks() == []
    else:
        with pytest.raises(BusyError, match=f"of ann on {host}"):
            mended(engine)
        assert lock in store.locks()
        engine.ask("cancel", "--yes", "--stack", "dev")


def project(engine: Engine) -> str:
    """The name of the engine's project."""
    return str(yaml.safe_load((engine.directory / "Pulumi.yaml").read_text())["name"])


def test_after_a_killed_run_the_next_one_goes_on(engine: Engine, store: Store) -> None:
    running = begun(engine)
    (lock,) = store.locks()
    psutil.Process(json.loads(store.read(lock))["pid"]).kill()
    let_go(engine)
    with pytest.raises(PolykubeError):
        running.result(60)
    (found,) = mended(engine).locks
    assert found.host == socket.gethostname()
    up(engine).result(120)
    assert store.locks() == []


@pytest.mark.parametrize("fault", [CUT, ERROR])
def test_after_a_server_that_failed_in_between_the_next_run_goes_on(engine: Engine, store: Store, fault: str) -> None:
    running = begun(engine)
    before, store.front.fault = store.front.failed, fault
    let_go(engine)
    if store.patient:
        eventually(lambda: store.front.failed > before + 2)
        store.front.fault = ""
        assert running.result(300).changes == {"create": 1}
        assert store.locks() == []
        return
    with pytest.raises(PolykubeError):
        running.result(300)
    assert store.locks(), "the engine could not take its lock away"
    store.front.fault = ""
    (lock,) = mended(engine).locks
    assert lock.host == socket.gethostname()
    up(engine).result(120)
    assert up(engine).result(120).changes == {"same": 1}
    assert store.locks() == []


def test_a_run_of_somebody_else_during_a_recovery_is_not_written_over(
    engine: Engine, store: Store, tmp_path: Path
) -> None:
    let_go(engine, "before")
    up(engine).result(120)
    name = f".pulumi/stacks/{project(engine)}/dev.json"
    state = json.loads(store.read(name))
    latest = state["checkpoint"]["latest"]  # `pulumi stack import` would drop begun operations
    latest["pending_operations"] = [{"type": "updating", "resource": latest["resources"][0]}]
    store.write(name, json.dumps(state).encode())
    let_go(engine, "theirs")
    elsewhere = f"'{engine.tool.path}' up --yes --skip-preview --non-interactive --stack dev >&2"
    once = f"mkdir '{tmp_path}/ran' 2>/dev/null"
    script = f'\'{engine.tool.path}\' "$@" || exit\nif [ "$2" = export ] && {once}; then {elsewhere}; fi'
    tool = Tool("pulumi", program(tmp_path / "between" / "pulumi", script), "0", "a test")
    recovering = Engine(tool, "dev", engine._environment, engine.directory, {})
    with pytest.raises(BusyError, match="PK603"):
        settle(recovering)
    assert '"theirs"' in engine.state()
    assert not mended(engine).settled
    assert '"theirs"' in engine.state()


def test_credentials_are_in_no_command_line_and_in_nothing_that_is_told(
    engine: Engine, store: Store, tmp_path: Path
) -> None:
    running = begun(engine)
    commands = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    assert any("up --yes" in each for each in commands)
    assert not [each for each in commands if store.secret in each]
    with pytest.raises(BusyError) as refused:
        mended(engine)
    let_go(engine)
    running.result(120)
    told = [str(refused.value), *(json.dumps(event.engine, default=vars) for event in running.events())]
    assert not [each for each in told if store.secret in each]
    written = [file for file in tmp_path.rglob("*") if file.is_file() and store.secret.encode() in file.read_bytes()]
    assert not written
    assert not [name for name in store.objects("") if store.secret.encode() in store.read(name)]


def test_a_backend_that_cannot_be_used_is_told_with_what_to_do(engine: Engine, store: Store, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)

    def moved(text: str) -> str:
        return text.replace(f":{store.front.port}", f":{nobody}")

    elsewhere = {name: moved(value) for name, value in store.variables.items()}
    credentials = BACKENDS[urlparse(store.url()).scheme].credentials
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}  # without a login of the user's
    for variables, url, found, remedy in (
        ({}, store.url(), "gets no credentials", credentials),
        (store.wrong, store.url(), "does not accept the credentials", credentials),
        (store.variables, store.url("nowhere"), "there is no such bucket", "PULUMI_BACKEND_URL"),
        (elsewhere, moved(store.url()), "no answer in 20 s|does not answer", "can be reached from here"),
    ):
        own = {**home, "AWS_EC2_METADATA_DISABLED": "true", **variables, "PULUMI_BACKEND_URL": url}
        with pytest.raises(EngineError) as refused:
            Engine(engine.tool, "dev", {}, engine.directory, own).ask("stack", "ls", "--json", deadline=20)
        (problem,) = refused.value.problems
        assert (problem.code, remedy in problem.remedy) == ("PK417", True), problem
        assert re.search(found, problem.found), problem
        assert store.secret not in str(refused.value)
