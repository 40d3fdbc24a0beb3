"""Long work that looks like a hang, or a guess of how long it takes that is never corrected."""

import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from common import progress
from common.paths import cache_dir
from common.progress import duration, step
from tests.support.polling import eventually


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a person sees who has no terminal, as in CI; the machine has no guesses of its own yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(progress, "_WORTH_A_WORD", 0.01)
    monkeypatch.setattr(progress, "_HEARTBEAT", 0.01)
    text = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=text, width=200))
    return text


def test_work_says_again_and_again_that_it_goes_on_and_what_it_waits_for(shown: io.StringIO) -> None:
    with step("building etcd", usual=25) as current:
        eventually(lambda: "• building etcd · " in shown.getvalue() and "of usually 25 s" in shown.getvalue())
        current.note("the linker")
        eventually(lambda: shown.getvalue().count("· the linker\n") > 1)
    assert shown.getvalue().splitlines()[-1].startswith("✓ building etcd, ")


def test_the_guess_becomes_what_this_machine_took(shown: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic
    with step("building etcd", usual=25):
        monkeypatch.setattr("common.progress.time.monotonic", lambda: clock() + 100)
    assert json.loads((cache_dir() / "timings.json").read_text())["building etcd"] == pytest.approx(100, abs=20)
    with step("building etcd", usual=25) as again:
        assert "of usually 1 min" in again.line()
    assert "25 s" not in shown.getvalue().splitlines()[-1]


def test_work_that_fails_says_so_and_teaches_no_guess(shown: io.StringIO) -> None:
    with pytest.raises(OSError, match="disk full"), step("building etcd"):
        raise OSError("disk full")
    assert shown.getvalue().splitlines()[-1].startswith("✗ building etcd, after ")
    assert not (cache_dir() / "timings.json").exists()


def test_guesses_that_cannot_be_read_or_kept_stop_nobody(shown: io.StringIO) -> None:
    cache_dir().mkdir(parents=True)
    (cache_dir() / "timings.json").mkdir()
    with step("building etcd", usual=25):
        pass
    assert "✓ building etcd" in shown.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.41, "3.4 s"), (48.2, "48 s"), (200, "3 min 20 s"), (59.7, "1 min 00 s")]
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
