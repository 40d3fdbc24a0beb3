"""The engine's log of events, which would lose some to a late reader, or fill the memory with all of them."""

import json
import tracemalloc
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest

from automation.event_log import EventLog, following

_SOME: Final = [{"sequence": number, "urn": "é" * number} for number in range(300)]


def lines(events: list[dict[str, Any]]) -> bytes:
    """Events as the engine writes them."""
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in events)


def read(file: Path) -> EventLog:
    """What is in a file that nobody writes to any more."""
    log, ended = EventLog(), Event()
    ended.set()
    assert sum(1 for _ in log.read(file, ended)) == len(log)
    return log


def test_events_are_there_after_their_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(lines(_SOME))
    log = read(file)
    file.unlink()
    assert list(log) == _SOME
    assert (log[-1], log[7:9]) == (_SOME[-1], _SOME[7:9])
    with pytest.raises(IndexError):
        log[len(_SOME)]


def test_an_event_that_comes_in_pieces_is_told_once_and_half_of_one_not_at_all(tmp_path: Path) -> None:
    file, log, heard = tmp_path / "events", EventLog(), list[Any]()
    content = lines(_SOME) + b'{"half": '
    with following(file, log, heard.append):
        for begin in range(0, len(content), 1000):
            with file.open("ab") as told:
                told.write(content[begin : begin + 1000])
    assert heard == list(log) == _SOME


def test_a_large_run_leaves_its_events_in_the_file(tmp_path: Path) -> None:
    large = {"resourcePreEvent": {"metadata": {f"property{number}": "a value" * 4 for number in range(200)}}}
    (tmp_path / "events").write_bytes(lines([large] * 3000))
    size = (tmp_path / "events").stat().st_size
    tracemalloc.start()
    log = read(tmp_path / "events")
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(log) == 3000
    assert kept < size / 100
    assert peak < size / 3, "no more than a piece of it at once"


@pytest.mark.parametrize(
    ("event", "tells"), [("policyEvent", True), ("diagnosticEvent", True), ("preludeEvent", False)]
)
def test_whether_an_event_may_say_why_the_engine_failed_is_known(tmp_path: Path, event: str, *, tells: bool) -> None:
    (tmp_path / "events").write_bytes(lines([{event: {}}]))
    assert read(tmp_path / "events").tells_why is tells
