"""A newcomer's first commands that fail, because they rest on what an earlier command happened to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.paths import CHECKOUT

_TIMEOUT = 900  # seconds; the SDK of a cloud may have to be downloaded first


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git has of this checkout, with an environment of its own and no cloud's SDK in it."""
    listed = _run(CHECKOUT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, tmp_path / "clone" / name)
    _run(tmp_path / "clone", sys.executable, "bootstrap.py")
    assert not list((tmp_path / "clone" / ".venv").glob("lib/python3.*/site-packages/*aws*"))
    return tmp_path / "clone"


def test_the_first_rehearsal_in_a_fresh_clone_is_held(clone: Path, tmp_path: Path) -> None:
    said = _run(clone, ".venv/bin/polykube", "rehearse", "eks-dev", XDG_STATE_HOME=str(tmp_path / "state"))
    assert "✓ rehearsal of eks-dev" in said


def _run(directory: Path, *command: str, **variables: str) -> str:
    """What `command` says in `directory`, outside of any environment of Python's; it has to succeed."""
    bare = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        command, cwd=directory, env=bare | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
