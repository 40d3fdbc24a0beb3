"""Two runs at once on one thing, or one that waits for nobody and does not say for whom."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.locks import exclusive, exclusive_or_none, holder

WAIT = "import signal; signal.pause()"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet.lock"


def test_whoever_waits_is_told_for_whom_and_gets_the_lock_then(lock: Path) -> None:
    told: list[str] = []
    with ExitStack() as first:
        first.enter_context(exclusive(lock))

        def on_wait(who: str) -> None:
            told.append(who)
            first.close()

        with exclusive(lock, on_wait):
            assert told == [str(os.getpid())]
        with exclusive(lock, told.append):
            pass
    assert len(told) == 1, "the lock was free the second time"


def test_a_lock_bears_the_name_of_its_holder_and_of_no_former_one(lock: Path) -> None:
    lock.parent.mkdir(parents=True)
    lock.write_text("1234567890123\nand more\n")
    with exclusive(lock):
        assert lock.read_text() == f"{os.getpid()}\n"
    assert holder(lock) == str(os.getpid())


def test_a_child_that_its_holder_left_behind_is_found(lock: Path) -> None:
    with exclusive(lock) as file, subprocess.Popen([sys.executable, "-c", WAIT], pass_fds=[file.fileno()]) as child:
        lock.write_text("dead\n")
        try:
            assert holder(lock) == str(child.pid)
        finally:
            child.kill()


def test_whoever_does_not_wait_gets_nothing_while_the_holder_lives(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(_: float) -> None:
        raise AssertionError("it waited for a process that lives")

    monkeypatch.setattr(time, "sleep", wait)
    with exclusive(lock), exclusive_or_none(lock, linger=60) as held:
        assert held is None
    with exclusive_or_none(lock) as held:
        assert held is not None
        assert lock.read_text() == f"{os.getpid()}\n"
        with exclusive_or_none(lock) as again:
            assert again is None


def test_children_that_a_dead_holder_left_behind_may_end(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as child:
        child.enter_context(exclusive(lock))
        lock.write_text("dead\n")
        monkeypatch.setattr(time, "sleep", lambda _: child.close())
        with exclusive_or_none(lock, linger=60) as held:
            assert held is not None


def test_no_more_time_is_given_to_them_than_they_may_take(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with exclusive(lock):
        lock.write_text("dead\n")
        with exclusive_or_none(lock, linger=5) as held:
            assert held is None
    assert now[0] == pytest.approx(5, abs=0.2)
