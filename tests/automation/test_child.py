"""Children that never end, or that leave something running."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

import psutil
import pytest

from automation.child import Child, DeadlinePassed
from tests.support.polling import eventually

_READY: Final = "import pathlib, signal, subprocess, sys, time\ndef ready(): pathlib.Path('ready').touch()\n"
_POLITE: Final = """
def end(*_):
    print("finished")
    sys.exit(0)
signal.signal(signal.SIGINT, end)
ready()
time.sleep(600)
"""
_STUBBORN: Final = """
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, signal.SIG_IGN)
ready()
time.sleep(600)
"""
_PARENT: Final = """
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
ready()
"""


def child(directory: Path, program: str) -> Child:
    """Python on a program, when it says that it is ready."""
    started = Child([sys.executable, "-c", _READY + program], directory, os.environ)
    eventually((directory / "ready").exists)
    return started


def runs(pid: int) -> bool:
    """Whether a process does anything."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_what_ends_by_itself_is_told_as_it_was(tmp_path: Path) -> None:
    done = child(tmp_path, "ready()\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)").wait()
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_an_interrupt_from_another_thread_lets_it_finish(tmp_path: Path) -> None:
    running = child(tmp_path, _POLITE)
    ended: list[subprocess.CompletedProcess[str]] = []
    waiter = threading.Thread(target=lambda: ended.append(running.wait()))
    waiter.start()
    running.interrupt()
    waiter.join(60)
    assert [(done.returncode, done.stdout) for done in ended] == [(0, "finished\n")]


def test_at_the_deadline_it_is_ended_though_it_does_not_want_to(tmp_path: Path) -> None:
    running = child(tmp_path, _STUBBORN)
    with pytest.raises(DeadlinePassed):
        running.wait(deadline=0.1, grace=0.1)
    assert not runs(running.pid)


def test_what_it_started_ends_with_it_though_that_holds_its_output_open(tmp_path: Path) -> None:
    other = int(child(tmp_path, _PARENT).wait().stdout)
    eventually(lambda: not runs(other))


def test_what_it_started_ends_at_the_deadline(tmp_path: Path) -> None:
    running = child(tmp_path, _PARENT + "time.sleep(600)")
    (other,) = psutil.Process(running.pid).children()
    with pytest.raises(DeadlinePassed):
        running.wait(deadline=0.1, grace=0.1)
    eventually(lambda: not runs(other.pid))


def test_ctrl_c_reaches_it_through_us(tmp_path: Path) -> None:
    running = child(tmp_path, _POLITE.replace('print("finished")', "pathlib.Path('told').touch()"))
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        running.wait()
    assert (tmp_path / "told").exists()


def test_who_asks_twice_does_not_want_to_wait(tmp_path: Path) -> None:
    running = child(tmp_path, _STUBBORN.replace("signal.SIGTERM", "signal.SIGINT"))

    def ask_twice() -> None:
        for _ in range(2):
            time.sleep(0.5)  # signals that come together are one
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=ask_twice).start()
    with pytest.raises(KeyboardInterrupt):
        running.wait()
    assert not runs(running.pid)
