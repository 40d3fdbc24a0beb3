"""Locks that are cleared though their owner lives, or respected though it is gone; a script plays the engine."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from automation.engine import Engine
from automation.state.backends import VARIABLE
from automation.state.files import StateFiles
from automation.state.lock import Locked
from automation.state.locks import clear, stale_locks
from common.errors import BusyError, EngineError
from rehearsal.toolchain import Tool
from tests.support.programs import program

_DEAD = 2**22 + 1  # beyond the largest process id that Linux gives out
_TOLD = """error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete \
the lock file with `pulumi cancel`.
  s3://states/.pulumi/locks/organization/shop/dev/a.json?region=x: created by ann lee@{host} (pid {pid}) at {since}
  s3://states/.pulumi/locks/organization/shop/dev/b.json?region=x: created by bob@{host} (pid {dead}) at {since}
"""


def engine(directory: Path, said: str, code: int = 1, backend: str = "s3://states") -> Engine:
    """An engine that says this of everything, and writes down what it was asked."""
    (directory / "said").write_text(said)
    script = f"echo \"$@\" >> '{directory}/asked'\ncat '{directory}/said' >&2\nexit {code}"
    tool = Tool("pulumi", program(directory / "pulumi", script), "0", "a test")
    return Engine(tool, "dev", {VARIABLE: backend}, directory)


def told(pid: int, host: str, since: datetime) -> str:
    """What the engine says of locks in a bucket."""
    return _TOLD.format(pid=pid, host=host, dead=_DEAD, since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_lock_in_a_bucket_names_who_took_it_where_and_when() -> None:
    locked = Locked.told("dev", told(77, "ci-1", datetime(2026, 11, 30, 16, 0, tzinfo=UTC)))
    assert locked
    assert [(each.user, each.host, each.pid) for each in locked.locks] == [
        ("ann lee", "ci-1", 77),
        ("bob", "ci-1", _DEAD),
    ]
    assert "process 77 of ann lee on ci-1, since 2026-11-30T16:00:00" in str(locked)


OWNED = {"pid": _DEAD, "username": "ann", "hostname": "ci-1", "timestamp": "2026-11-30T16:00:00Z"}
NOBODYS = [
    b"",
    b"null",
    b"{}",
    b'{"pid": 1',
    b"\xff{}",
    *(json.dumps({key: value for key, value in OWNED.items() if key != each}).encode() for each in OWNED),
    *(json.dumps(OWNED | wrong).encode() for wrong in ({"pid": "one"}, {"pid": None}, {"timestamp": 16})),
]


@pytest.mark.parametrize("content", NOBODYS)
def test_a_lock_that_does_not_say_who_holds_it_keeps_nobody_out(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".pulumi" / "locks" / "organization" / "shop" / "dev" / "0d5c.json"
    file.parent.mkdir(parents=True)
    files = StateFiles(tmp_path / ".pulumi", "shop", "dev")
    file.write_text(json.dumps(OWNED))
    assert files.sweep() == []
    file.write_bytes(content)
    assert files.sweep() == [file]
    assert not stale_locks(engine(tmp_path, "", backend=f"file://{tmp_path}"))


def test_what_is_said_of_other_things_is_about_no_lock() -> None:
    assert Locked.told("dev", "error: the bucket is not there") is None
    assert Locked.told("dev", "error: [409] Conflict: Another update is currently in progress.")


def test_an_owner_that_began_in_the_second_of_the_lock_lives(tmp_path: Path) -> None:
    """The engine tells locks in buckets by the second."""
    began = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
    with pytest.raises(BusyError, match=f"process {os.getpid()} ") as busy:
        stale_locks(engine(tmp_path, told(os.getpid(), socket.gethostname(), began)))
    assert len(busy.value.problems) == 1, "only who lives is in the way"


def test_stale_locks_of_this_machine_are_found_and_cleared_in_a_bucket(tmp_path: Path) -> None:
    asked = engine(tmp_path, told(_DEAD, socket.gethostname(), datetime.now(UTC)))
    locks = stale_locks(asked)
    assert len(locks) == 2
    clear(engine(tmp_path, "", 0), locks)
    assert (tmp_path / "asked").read_text().splitlines()[-1] == "cancel --yes --stack dev"


def test_a_bucket_without_locks_has_none_and_one_that_fails_is_an_error(tmp_path: Path) -> None:
    assert not stale_locks(engine(tmp_path, "error: a stack named dev already exists", backend="gs://states"))
    with pytest.raises(EngineError, match="PK401"):
        stale_locks(engine(tmp_path, "error: the disk is full", backend="gs://states"))


def test_of_a_file_backend_only_the_stale_lock_is_removed(tmp_path: Path) -> None:
    locks = tmp_path / ".pulumi" / "locks" / "organization" / "shop" / "dev"
    locks.mkdir(parents=True)
    dead = {"pid": _DEAD, "username": "ann", "hostname": socket.gethostname(), "timestamp": "2026-11-30T16:00:00Z"}
    (locks / "dead.json").write_text(json.dumps(dead))
    played = engine(tmp_path, "", 0, tmp_path.as_uri())
    found = stale_locks(played)
    (locks / "new.json").write_text(json.dumps(dead | {"pid": os.getpid()}))  # somebody has just begun
    clear(played, found)
    assert [each.name for each in locks.iterdir()] == ["new.json"]
    assert not (tmp_path / "asked").exists()
