"""What a worker does with the engine: plan, apply, look for drift. Temporal tries each once.

While the engine runs, every event of it is kept, and a heartbeat says that this worker lives. A cancel, or the end of
the worker, interrupts the engine once; what is under way is ended before the activity is.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from automation import api
from automation.outcome import violation
from automation.state.command import found_and_done
from common.errors import PolykubeError, PortalError
from portal.runs.engine_events import Teller
from portal.runs.files import place, put_back
from portal.runs.orders import Ended, Move, Order
from portal.runs.plans import as_data, fingerprint_of, plan_of
from portal.runs.store import NewEvent, RunStore
from portal.runs.views import RunState
from portal.runs.workflow import INTERRUPTED

T = TypeVar("T")
_DRIFT: Final = TypeAdapter(list[api.Drifted])
_BATCH: Final = 200
_BEATS: Final = 4  # heartbeats in the time after which a worker without one is lost
_AGAIN: Final = 2.0  # seconds after which the database is asked again when it failed


class EngineWork:
    """Activities on the stacks of the project in `project`."""

    def __init__(self, store: RunStore, project: Path) -> None:
        self._store, self._project = store, project

    @activity.defn(name="plan")
    async def plan(self, order: Order) -> Ended:
        """Plan what a run would do, and keep the plan."""

        def begin() -> api.Run[api.Plan]:
            place(self._store, order.id, self._project)
            self._store.move(Move(order.id, RunState.PLANNING))
            return api.planning(order.stack, self._project, destroys=order.action == "destroy")

        def done(_: object, plan: api.Plan) -> Ended:
            self._store.planned(order.id, fingerprint_of(plan), as_data(plan))
            if not plan.blocking:
                return Ended()
            problem = violation("\n".join(each.message for each in plan.blocking), began=False)
            return Ended(problem.code, problem.summary)

        return await self._ended(order, "plan", begin, done)

    @activity.defn(name="carry_out")
    async def carry_out(self, order: Order) -> Ended:
        """Do what a run is for."""

        def done(run: api.Run[api.Outcome], outcome: api.Outcome) -> Ended:
            self._store.applied(order.id, outcome.changes, _told(run.recovery))
            return Ended()

        def mended(_: object, recovery: api.Recovery) -> Ended:
            self._store.applied(order.id, {}, _told(recovery) or "nothing was left half-done")
            return Ended()

        if order.action == "recover":
            return await self._ended(order, "apply", lambda: self._recovering(order), mended)
        return await self._ended(order, "apply", lambda: self._applying(order), done)

    @activity.defn(name="put_back")
    def put_back(self, run: str) -> None:
        """Have a stack file say again what it said before a run that was not applied."""
        put_back(self._store, run, self._project)

    @activity.defn(name="look")
    async def look(self, stack: str) -> bool:
        """Look for drift, and keep what there is; whether something drifted that had not before."""
        underway = _Underway()

        def work() -> bool:
            run = api.Run[api.Drift]("drift", stack)
            underway.begun(run.start(lambda _: api.drift(stack, self._project)))
            found = _DRIFT.dump_python([*run.result().resources], mode="json", by_alias=True)
            return self._store.drifted(stack, found)

        try:
            return await _watched(work, underway)
        except PolykubeError as error:
            activity.logger.info("no look at %s: %s", stack, error)
            return False

    def _applying(self, order: Order) -> api.Run[api.Outcome]:
        place(self._store, order.id, self._project)
        kept = self._store.record(order.id)
        self._store.move(Move(order.id, RunState.APPLYING))
        if order.action == "refresh":
            return api.refresh(order.stack, self._project)
        return api.apply(replace(plan_of(kept.plan or {}), source=self._project))

    def _recovering(self, order: Order) -> api.Run[api.Recovery]:
        self._store.move(Move(order.id, RunState.APPLYING))
        return api.Run[api.Recovery]("recover", order.stack).start(lambda _: api.recover(order.stack, self._project))

    async def _ended(
        self, order: Order, phase: str, begin: Callable[[], api.Run[T]], done: Callable[[api.Run[T], T], Ended]
    ) -> Ended:
        """How a run ended, of which everything was kept by then."""
        underway = _Underway()

        def work() -> Ended:
            run = begin()
            underway.begun(run)
            return done(run, self._kept(order.id, phase, run))

        try:
            return await _watched(work, underway)
        except PolykubeError as error:
            return Ended(error.problems[0].code, str(error))

    def _kept(self, order: str, phase: str, run: api.Run[T]) -> T:
        """What comes of a run; all that it tells is kept before that."""
        teller = Teller(phase, run)
        for events in _batches(run):
            if told := [each for event in events for each in teller.told(event)]:
                self._keep(order, told)
        return run.result()

    def _keep(self, order: str, told: list[NewEvent]) -> None:
        """Keep events, however long the database is away: the engine goes on meanwhile."""
        while True:
            try:
                self._store.tell(order, told)
            except PortalError as error:
                activity.logger.warning("events of run %s wait for the database: %s", order, error)
                time.sleep(_AGAIN)
            else:
                return


class _Underway:
    """The run of an activity, once there is one; who cancels it before cancels it then."""

    def __init__(self) -> None:
        self._run: api.Run[Any] | None = None
        self._lock, self._wanted = Lock(), True

    def begun(self, run: api.Run[Any]) -> None:
        """Here it is."""
        with self._lock:
            self._run = run
            if not self._wanted:
                run.cancel()

    def cancel(self) -> None:
        """Have it end."""
        with self._lock:
            self._wanted = False
            if self._run:
                self._run.cancel()


async def _watched(work: Callable[[], T], underway: _Underway) -> T:
    """What work in a thread comes to; meanwhile Temporal hears that this worker lives, and may cancel what is underway.

    Where that is at its end all the same, it counts.
    """
    waiting = asyncio.ensure_future(asyncio.to_thread(work))
    timeout = activity.info().heartbeat_timeout
    beat = timeout.total_seconds() / _BEATS if timeout else None
    while not waiting.done():
        activity.heartbeat()
        try:
            await asyncio.wait({waiting}, timeout=beat)
        except asyncio.CancelledError:
            underway.cancel()
    try:
        return waiting.result()
    except api.Cancelled as cancelled:
        if activity.is_worker_shutdown():
            raise ApplicationError("it was shut down", type=INTERRUPTED, non_retryable=True) from None
        raise asyncio.CancelledError(str(cancelled)) from None


def _batches(run: api.Run[Any]) -> Iterator[list[api.Event]]:
    """The events of a run as they come, those together that are there already."""
    queue: Queue[api.Event | None] = Queue(_BATCH)

    def read() -> None:
        for event in run.events():
            queue.put(event)
        queue.put(None)

    Thread(target=read, daemon=True).start()
    ended = False
    while not ended:
        batch = [queue.get()]
        while len(batch) < _BATCH and batch[-1]:
            try:
                batch.append(queue.get_nowait())
            except Empty:
                break
        ended = batch[-1] is None
        yield [each for each in batch if each]


def _told(recovery: api.Recovery) -> str:
    return "\n".join(f"{found}: {done}" for found, done in found_and_done(recovery))
