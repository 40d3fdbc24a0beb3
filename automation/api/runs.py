"""Runs: a thread of ours with one child process, whose events are kept for whoever wants to read them."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Condition, Thread
from typing import Any, TypeAlias

from pulumi.automation.events import EngineEvent, OpType

from automation.api.environment import inherited
from automation.api.plans import Plan, check_unmoved, plan_with, project_at
from automation.child import Child
from automation.engine import Engine
from automation.outcome import Outcome, brought_up, judge, outcome_of
from automation.project import Project
from automation.ready import equip, ready
from automation.state.adoption import adopting
from common.errors import EngineError


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


class Run:
    """A run of a stack, from its start on. Its methods may be called from any thread."""

    def __init__(self, what: str, stack: str, directory: Path) -> None:
        self.id, self.what, self.stack = uuid.uuid4().hex, what, stack
        self._directory = directory
        self._changed = Condition()
        self._events: list[Mapping[str, Any]] = []
        self._state, self._wanted = State.RUNNING, True
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._child: Child | None = None
        self._total = 0

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    @property
    def progress(self) -> Progress:
        """How far it is, by its events."""
        with self._changed:
            told = list(self._events)
        current: dict[str, None] = {}
        done = 0
        for event in told:
            begun = event.get("resourcePreEvent") or {}
            ended = event.get("resOutputsEvent") or event.get("resOpFailedEvent") or {}
            if begun and not begun.get("planning") and begun["metadata"]["op"] != OpType.SAME.value:
                current[begun["metadata"]["urn"]] = None
            elif ended and ended["metadata"]["urn"] in current:
                del current[ended["metadata"]["urn"]]
                done += 1
        return Progress(done, self._total, tuple(current))

    def events(self, after: int = 0) -> Iterator[Event]:
        """Every event from the one after the number `after` on, as it comes, until the run has ended."""
        while True:
            with self._changed:
                while len(self._events) <= after and self._state is State.RUNNING:
                    self._changed.wait()
                if len(self._events) <= after:
                    return
                told = self._events[after]
            after += 1
            yield Event(after, EngineEvent.from_json(dict(told)))

    def result(self, timeout: float | None = None) -> Outcome:
        """Its outcome, when it has ended; its error is raised. TimeoutError when that takes longer, in seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._state is not State.RUNNING, timeout):
                raise TimeoutError(f"{self.what} of {self.stack} still runs")
        if self._error:
            raise self._error
        assert self._outcome
        return self._outcome

    def cancel(self) -> None:
        """Interrupt the engine once, so that it ends what is under way; after a minute it is ended. It returns at
        once."""
        with self._changed:
            self._wanted = False
            child = self._child
        if child:
            child.interrupt()

    def expect(self, changes: int) -> None:
        """Say how many changes there will be."""
        self._total = changes

    def carry_out(self, engine: Engine, *arguments: str) -> Outcome:
        """Have the engine carry out a command; its events are those of the run. Cancelled when somebody wants that."""
        first = len(self._events)
        try:
            self._check_wanted()
            code = engine.follow(*arguments, heard=self._hear, started=self._started)
        except EngineError:
            self._check_wanted()
            raise
        if code:
            self._check_wanted()
        outcome = outcome_of(self._events[first:])
        return judge(arguments[0], code, outcome, self._directory, "its events say more")

    def _check_wanted(self) -> None:
        if not self._wanted:
            raise Cancelled(f"{self.what} of {self.stack} was cancelled; what it did before stays done")

    def start(self, work: Callable[["Run"], Outcome]) -> "Run":
        """Begin, in a thread."""
        Thread(target=self._work, args=(work,), name=f"{self.what} {self.stack}").start()
        return self

    def _work(self, work: Callable[["Run"], Outcome]) -> None:
        state = State.FAILED
        try:
            self._outcome = work(self)
            state = State.SUCCEEDED
        except Cancelled as cancelled:
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

    def _hear(self, event: Mapping[str, Any]) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()


Work: TypeAlias = Callable[[Run, Project, Engine], Outcome]


def apply(plan: Plan) -> Run:
    """Bring a stack to what a plan says: it is previewed again, and refused when anything has moved since.

    The run's error is ApprovalError (PK522) then, and that of `up` where it fails.
    """
    return _begin("apply", plan.stack, plan.source, lambda run, project, engine: _apply(run, project, engine, plan))


def refresh(stack: str, source: Path) -> Run:
    """Read everything anew into the state; nothing else is changed."""
    return _begin("refresh", stack, source, lambda run, _, engine: run.carry_out(engine, "refresh", *_UNASKED))


def destroy(stack: str, source: Path) -> Run:
    """Take down what a stack made; a local stack's control plane goes on running."""
    return _begin("destroy", stack, source, lambda run, _, engine: run.carry_out(engine, "destroy", *_UNASKED))


def cancel(run: Run) -> None:
    """Have a run end (`Run.cancel`)."""
    run.cancel()


def events(run: Run, after: int = 0) -> Iterator[Event]:
    """The events of a run (`Run.events`)."""
    return run.events(after)


_UNASKED = ("--yes", "--skip-preview")


def _apply(run: Run, project: Project, engine: Engine, approved: Plan) -> Outcome:
    now = plan_with(project, engine)
    check_unmoved(approved, now)
    run.expect(len(now.changes))
    return adopting(engine, lambda: brought_up(partial(run.carry_out, engine), "--skip-preview"))


def _begin(what: str, stack: str, source: Path, work: Work) -> Run:
    project = project_at(stack, source)

    def begin(run: Run) -> Outcome:
        tools = equip(project.tools, project.cloud, project.bundles).tools
        with ready(project, tools, inherited()) as engine:
            return work(run, project, engine)

    return Run(what, stack, project.directory).start(begin)
