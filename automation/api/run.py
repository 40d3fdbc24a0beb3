"""A run: commands of the engine's, whose events are kept for whoever wants to read them."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from threading import Condition, Thread
from typing import Any, Generic, TypeVar, cast

from pulumi.automation.events import EngineEvent, OpType

from automation.child import Child
from automation.engine import Engine
from automation.event_log import EventLog
from automation.outcome import Outcome, judge, outcome_of
from automation.state.recovery import Recovery
from common.errors import EngineError

T = TypeVar("T")


class State(StrEnum):
    """Where a run is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Event:
    """An event of the engine; `sequence` counts those of the run from 1 on, without a gap."""

    sequence: int
    engine: EngineEvent


@dataclass(frozen=True)
class Progress:
    """How far a run is: changes that are done, of how many (0: it is not known yet), and those under way by URN, the
    one that takes longest first."""

    done: int
    total: int
    current: tuple[str, ...]

    @property
    def slowest(self) -> str:
        """The URN of what has been under way longest; nothing when nothing is."""
        return next(iter(self.current), "")


class Cancelled(Exception):
    """Somebody cancelled the run; what it did before stays done."""


class Run(Generic[T]):
    """A run of a stack, from its start on, and what comes of it. Its methods may be called from any thread."""

    def __init__(self, what: str, stack: str) -> None:
        self.id, self.what, self.stack = uuid.uuid4().hex, what, stack
        self._changed = Condition()
        self._events: list[tuple[EventLog, int]] = []
        self._tally = _Tally()
        self._state, self._wanted = State.RUNNING, True
        self._result: T | None = None
        self._error: BaseException | None = None
        self._child: Child | None = None
        self.recovery = Recovery()
        """What killed runs had left, and what was done about it before this one changed anything."""

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    @property
    def progress(self) -> Progress:
        """How far it is, by its events."""
        with self._changed:
            return self._tally.progress

    def events(self, after: int = 0) -> Iterator[Event]:
        """Every event from the one after the number `after` on, as it comes, until the run has ended."""
        while True:
            with self._changed:
                while len(self._events) <= after and self._state is State.RUNNING:
                    self._changed.wait()
                if len(self._events) <= after:
                    return
                log, place = self._events[after]
            after += 1
            yield Event(after, EngineEvent.from_json(dict(log[place])))

    def result(self, timeout: float | None = None) -> T:
        """What came of it, when it has ended; its error is raised. TimeoutError when that takes longer, in seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._state is not State.RUNNING, timeout):
                raise TimeoutError(f"{self.what} of {self.stack} still runs")
        if self._error:
            raise self._error
        return cast(T, self._result)

    def cancel(self) -> None:
        """Interrupt the engine once, so that it ends what is under way; after a minute it is ended. It returns at
        once."""
        with self._changed:
            self._wanted = False
            child = self._child
        if child:
            child.interrupt()

    def recovered(self, recovery: Recovery) -> None:
        """Say what was done about killed runs."""
        self.recovery = recovery

    def expect(self, changes: int) -> None:
        """Say how many changes there will be."""
        self._tally.planned = changes

    def carry_out(self, engine: Engine, *arguments: str) -> Outcome:
        """Have the engine carry out a command, which has to end well (`automation.outcome.judge`)."""
        code, events = self.record(engine, *arguments)
        return judge(arguments[0], code, outcome_of(events), engine.directory)

    def record(
        self, engine: Engine, *arguments: str, kept: bool = True, deadline: float | None = None
    ) -> tuple[int, EventLog]:
        """Have the engine carry out a command to its end, however that is; its exit code and its events come back.

        The events are those of the run, too, if they are to be `kept`. Cancelled when somebody wants that, ProgramError
        (PK003) when it is not at its end after `deadline` seconds.
        """
        log = EventLog()
        heard: Callable[[Mapping[str, Any]], None] = partial(self._hear, log) if kept else lambda _: None
        try:
            self._check_wanted()
            code = engine.follow(*arguments, log=log, heard=heard, started=self._started, deadline=deadline)
        except EngineError:
            self._check_wanted()
            raise
        if code:
            self._check_wanted()
        return code, log

    def _check_wanted(self) -> None:
        if not self._wanted:
            raise Cancelled(f"{self.what} of {self.stack} was cancelled; what it did before stays done")

    def start(self, work: Callable[["Run[T]"], T]) -> "Run[T]":
        """Begin, in a thread of its own."""
        Thread(target=self._work, args=(work,), name=f"{self.what} {self.stack}").start()
        return self

    def do(self, work: Callable[["Run[T]"], T]) -> T:
        """Begin, in this thread, and come to its end; a KeyboardInterrupt cancels it, and is raised again."""
        self._work(work)
        return self.result()

    def _work(self, work: Callable[["Run[T]"], T]) -> None:
        state = State.FAILED
        try:
            self._result = work(self)
            state = State.SUCCEEDED
        except (Cancelled, KeyboardInterrupt) as cancelled:
            self._error, state = cancelled, State.CANCELLED
        except BaseException as error:  # noqa: BLE001 - result() raises it
            self._error = error
        with self._changed:
            self._state, self._child = state, None
            self._changed.notify_all()

    def _started(self, child: Child) -> None:
        with self._changed:
            self._child = child
            unwanted = not self._wanted
        if unwanted:
            child.interrupt()

    def _hear(self, log: EventLog, event: Mapping[str, Any]) -> None:
        with self._changed:
            self._events.append((log, len(log) - 1))
            self._tally.hear(event)
            self._changed.notify_all()


class _Tally:
    """How far the engine is, by its events."""

    def __init__(self) -> None:
        self.planned, self._done = 0, 0
        self._current: dict[str, None] = {}

    @property
    def progress(self) -> Progress:
        return Progress(self._done, self.planned, tuple(self._current))

    def hear(self, event: Mapping[str, Any]) -> None:
        begun = event.get("resourcePreEvent")
        ended = event.get("resOutputsEvent") or event.get("resOpFailedEvent")
        if begun and not begun.get("planning") and begun["metadata"]["op"] != OpType.SAME.value:
            self._current[begun["metadata"]["urn"]] = None
        elif ended and ended["metadata"]["urn"] in self._current:
            del self._current[ended["metadata"]["urn"]]
            self._done += 1
