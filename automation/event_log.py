"""The log that the engine writes its events to, read while it does: each event once, in order, none lost."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

_LOOK: Final = 0.1  # seconds between two looks for more
_REASONS: Final = ("diagnosticEvent", "policyEvent")


@dataclass
class LogReading:
    """What is known of a log that is read: whether an event in it may say why the engine failed."""

    reason: bool = False


@contextmanager
def following(log: Path, heard: Callable[[Mapping[str, Any]], None]) -> Iterator[LogReading]:
    """Tell every event in `log`, from a thread of its own, until the block has ended and the last one was told.

    What `heard` raises is raised when the block ends.
    """
    told, ended, wrong = LogReading(), Event(), list[BaseException]()

    def read() -> None:
        try:
            for event in _events(log, ended):
                told.reason = told.reason or any(kind in event for kind in _REASONS)
                heard(event)
        except BaseException as error:  # noqa: BLE001 - raised below
            wrong.append(error)

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        yield told
    finally:
        ended.set()
        reader.join()
    for error in wrong:
        raise error


def _events(log: Path, ended: Event) -> Iterator[Mapping[str, Any]]:
    """The events, one a line; the last line of an engine that was killed may be half of one."""
    place, rest = 0, b""
    while True:
        last = ended.is_set()  # what was written before that is read now
        if log.exists():
            with log.open("rb") as file:
                file.seek(place)
                content = file.read()
            place += len(content)
            *lines, rest = (rest + content).split(b"\n")
            for line in lines:
                yield from _parsed(line)
        if last:
            yield from _parsed(rest)
            return
        ended.wait(_LOOK)


def _parsed(line: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        event = json.loads(line)
    except ValueError:
        return
    if isinstance(event, dict):
        yield event
