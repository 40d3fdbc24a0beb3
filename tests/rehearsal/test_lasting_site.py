"""Sites that outlast a run, which would be somebody else's, half made, or pile up."""

import os
import threading
from pathlib import Path

import pytest

from common.locks import exclusive
from rehearsal.site import lasting_site, remove_others


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_what_is_kept_is_there_the_next_time_and_what_is_not_begins_anew(tmp_path: Path) -> None:
    rehearsals = tmp_path / "polykube" / "rehearsals"
    with lasting_site("eks-base-1") as site:
        (site.directory / "made").touch()
    assert list(rehearsals.iterdir()) == [], "nobody kept it"
    with lasting_site("eks-base-1") as site:
        assert not (site.directory / "made").exists()
        (site.directory / "made").touch()
        site.keep()
    with lasting_site("eks-base-1") as site:
        assert (site.directory / "made").exists()
    assert os.environ["XDG_STATE_HOME"] == str(tmp_path)
    remove_others("eks-base-", "eks-base-2")
    assert list(rehearsals.iterdir()) == []


def test_one_at_a_time_has_it_and_the_other_is_told_whom_it_waits_for(tmp_path: Path) -> None:
    told: list[str] = []
    waits = threading.Event()

    def wait(process: str) -> None:
        told.append(process)
        waits.set()

    def other() -> None:
        with lasting_site("eks-base-1", wait):
            told.append("has it")

    with exclusive(tmp_path / "polykube" / "rehearsals" / "eks-base-1.lock"):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert waits.wait(60)
        told.append("goes")
    waiting.join(60)
    assert told == [str(os.getpid()), "goes", "has it"]
