"""The log that the engine writes its events to, read while it does: each event once, in order, none lost."""

import json
import os
import weakref
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, overload

_LOOK: Final = 0.1  # seconds between two looks for more
_CHUNK: Final = 1 << 20  # bytes that are read at once
_REASONS: Final = ("diagnosticEvent", "policyEvent")


class EventLog(Sequence[Mapping[str, Any]]):
    """The events that a run has told so far. They stay in its log's file, which somebody may have removed meanwhile,
    and are read there again when they are asked for, from any thread: those of a large run would fill the memory.
    """

    def __init__(self) -> None:
        self.tells_why = False
        """Whether an event may say why the engine failed."""
        self._places = array("Q")  # where each event begins in the file, and how many bytes it has
        self._file = -1

    def __len__(self) -> int:
        return len(self._places) // 2

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        begin, size = self._places[2 * number : 2 * number + 2]
        event: Mapping[str, Any] = json.loads(os.pread(self._file, size, begin))
        return event

    def read(self, file: Path, ended: Event) -> Iterator[Mapping[str, Any]]:
        """Take in each event of a file as it comes, until nobody writes to it any more and the last one was read."""
        for begin, line in self._lines(file, ended):
            if event := _parsed(line):
                self.tells_why = self.tells_why or any(kind in event for kind in _REASONS)
                self._places.extend((begin, len(line)))
                yield event

    def _lines(self, file: Path, ended: Event) -> Iterator[tuple[int, bytes]]:
        """The lines of a file, and where they begin; the last one of an engine that was killed may be half of one."""
        place, rest = 0, b""
        while True:
            last = ended.is_set()  # what was written before that is read now
            while content := self._more(file, place + len(rest)):
                *lines, rest = (rest + content).split(b"\n")
                for line in lines:
                    yield place, line
                    place += len(line) + 1
            if last:
                yield place, rest
                return
            ended.wait(_LOOK)

    def _more(self, file: Path, place: int) -> bytes:
        if self._file < 0:
            if not file.exists():
                return b""
            self._file = os.open(file, os.O_RDONLY)
            weakref.finalize(self, os.close, self._file)
        return os.pread(self._file, _CHUNK, place)


@contextmanager
def following(file: Path, log: EventLog, heard: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
    """Take every event in a file into `log` and tell it, from a thread of its own, until the block has ended and the
    last one was told.

    What `heard` raises is raised when the block ends.
    """
    ended, wrong = Event(), list[BaseException]()

    def read() -> None:
        try:
            for event in log.read(file, ended):
                heard(event)
        except BaseException as error:  # noqa: BLE001 - raised below
            wrong.append(error)

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
    for error in wrong:
        raise error


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
