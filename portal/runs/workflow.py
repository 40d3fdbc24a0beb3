"""A run as a workflow of Temporal: plan → wait until somebody approves it → apply → done.

Its id is of the stack, so that there is one run a stack. What runs the engine is tried once: a worker that is lost in
the middle makes an interrupted run, which is offered recovery, and never one that runs again by itself. What notes
things in the database is tried until it is there.

    PORTAL_QUEUE   workflows, and what notes things: carried out by the portal
    ENGINE_QUEUE   what runs the engine: by workers, which have projects and the clouds' credentials
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.exceptions import TimeoutError as TimedOut
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from portal.runs.orders import HEARTBEAT, Delivery, Ended, Lifetime, Move, Order, SaidToPlan
    from portal.runs.views import RunState

PORTAL_QUEUE: Final = "polykube-portal"
ENGINE_QUEUE: Final = "polykube-engine"
_ONCE: Final = RetryPolicy(maximum_attempts=1)
_LONGEST: Final = timedelta(days=1)  # that an engine may run; it is lost much sooner, by its heartbeat
_NOTING: Final = timedelta(seconds=60)
_LOOK: Final = timedelta(minutes=10)  # between two looks at whether a change window has opened
_DELIVERY: Final = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10))


def workflow_of(stack: str) -> str:
    """The id of the workflow that has a stack."""
    return f"stack/{stack}"


@workflow.defn(name="run")
class RunWorkflow:
    """One run of a stack."""

    @workflow.init
    def __init__(self, order: Order) -> None:
        self._run = order.id
        self._said: list[SaidToPlan] = []
        self._unwanted_by = ""
        self._running: asyncio.Task[Ended] | None = None

    @workflow.run
    async def run(self, order: Order) -> str:
        """Carry it out to its end, which comes back."""
        await _note("enter", order)
        final = await self._carry_out(order)
        await _move(final, order)
        if order.stack_file is not None and final.to is not RunState.APPLIED:
            await _put_back(order)
        return final.to.value

    @workflow.signal
    def decide(self, run: str, said: SaidToPlan) -> None:
        """Somebody says yes or no to the plan of a run; of another one of this stack that is nothing to us."""
        if run == self._run:
            self._said.append(said)

    @workflow.signal
    def cancel(self, run: str, by: str) -> None:
        """Somebody wants a run to end; of another one of this stack that is nothing to us."""
        if run != self._run:
            return
        self._unwanted_by = self._unwanted_by or by
        if self._running:
            self._running.cancel()

    async def _carry_out(self, order: Order) -> Move:
        if order.is_planned:
            if ended := await self._step(order, "plan"):
                return ended
            await _note("needs", order.id, result=list[str])  # so that whoever sees the plan sees them, too
            await _move(Move(order.id, RunState.PLANNED), order)
            if ended := await self._approved(order):
                return ended
            await _move(Move(order.id, RunState.APPROVED), order)
        return await self._step(order, "carry_out") or Move(order.id, RunState.APPLIED)

    async def _step(self, order: Order, activity: str) -> Move | None:
        """Have the engine do something; how the run ends by it, if it does."""
        if self._unwanted_by:
            return self._cancelled(order)
        self._running = asyncio.ensure_future(_on_engine(activity, order, order.heartbeat))
        try:
            ended = await self._running
        except (ActivityError, asyncio.CancelledError) as error:
            return self._broken(order, error)
        finally:
            self._running = None
        return None if ended.ok else Move(order.id, RunState.FAILED, ended.error_code, ended.error)

    def _broken(self, order: Order, error: BaseException) -> Move:
        """How a run ends whose engine did not get to its end: by who cancelled it, or by the loss of its worker."""
        cause = error.cause if isinstance(error, ActivityError) else error
        if isinstance(cause, CancelledError | asyncio.CancelledError) and self._unwanted_by:
            return self._cancelled(order)
        if isinstance(cause, ApplicationError) and cause.type != INTERRUPTED:
            return Move(order.id, RunState.FAILED, "", f"defect in polykube: {cause}")
        said = "no word came from it any more" if isinstance(cause, TimedOut) else str(cause or error)
        return Move(
            order.id, RunState.INTERRUPTED, "", f"the worker was lost: {said}; recover the stack, then plan again"
        )

    def _cancelled(self, order: Order) -> Move:
        return Move(order.id, RunState.CANCELLED, by=self._unwanted_by)

    async def _approved(self, order: Order) -> Move | None:
        """Wait until the plan has all that it needs; how the run ends otherwise, if it does."""
        until = workflow.now() + timedelta(seconds=order.holds)
        while await _note("needs", order.id, result=list[str]):
            if self._unwanted_by:
                return self._cancelled(order)
            if workflow.now() >= until:
                return Move(order.id, RunState.CANCELLED, error="nobody decided in time")
            if not self._said:
                await self._wait(min(until - workflow.now(), _LOOK))
            while self._said:
                said = self._said.pop(0)
                taken = await _note("decide", order.id, said, result=bool)
                if taken and not said.approved:
                    return Move(order.id, RunState.REJECTED, error=said.reason, by=said.by)
        return None

    async def _wait(self, longest: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: bool(self._said or self._unwanted_by), timeout=longest)
        except TimeoutError:
            return


INTERRUPTED: Final = "Interrupted"
"""The type of the error of an activity whose worker was shut down in the middle."""


@workflow.defn(name="notify")
class NotifyWorkflow:
    """Something that a webhook is told, tried again for a day."""

    @workflow.run
    async def run(self, delivery: Delivery) -> None:
        """Deliver it."""
        await workflow.execute_activity(
            "deliver",
            delivery,
            task_queue=PORTAL_QUEUE,
            start_to_close_timeout=_NOTING,
            schedule_to_close_timeout=_LONGEST,
            retry_policy=_DELIVERY,
        )


@workflow.defn(name="lifetime")
class LifetimeWorkflow:
    """The end of a stack: a warning before, then a run that plans to destroy it."""

    @workflow.run
    async def run(self, lifetime: Lifetime) -> None:
        """Wait, warn, wait, plan."""
        await _sleep_until(lifetime.until - timedelta(seconds=lifetime.warning))
        text = f"{lifetime.stack} lives until {lifetime.until.isoformat()}"
        await _tell("expires", lifetime.stack, f"{lifetime.stack}/{lifetime.until.isoformat()}", text)
        await _sleep_until(lifetime.until)
        order = Order(str(workflow.uuid4().hex), lifetime.stack, "destroy", lifetime.by, "its time to live is over")
        while True:
            try:
                await workflow.start_child_workflow(
                    RunWorkflow.run,
                    order,
                    id=workflow_of(lifetime.stack),
                    memo=order.memo,
                    parent_close_policy=ParentClosePolicy.ABANDON,
                )
            except WorkflowAlreadyStartedError:
                await asyncio.sleep(_LOOK.total_seconds())  # another run has the stack
            else:
                return


@workflow.defn(name="drift")
class DriftWorkflow:
    """A look at what has drifted of a stack; a schedule starts it."""

    @workflow.run
    async def run(self, stack: str) -> None:
        """Look, and tell of it when there is more than before."""
        if await _on_engine("look", stack, HEARTBEAT, result=bool):
            await _tell("drifted", stack, workflow.info().run_id, f"{stack} has drifted")


async def _sleep_until(when: datetime) -> None:
    await asyncio.sleep(max((when - workflow.now()).total_seconds(), 0))


async def _on_engine(activity: str, given: object, heartbeat: float, result: type = Ended) -> Any:
    """What an activity comes to that runs the engine: it is tried once, and cancelled gracefully."""
    return await workflow.execute_activity(
        activity,
        given,
        result_type=result,
        task_queue=ENGINE_QUEUE,
        start_to_close_timeout=_LONGEST,
        heartbeat_timeout=timedelta(seconds=heartbeat),
        retry_policy=_ONCE,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def _note(activity: str, *given: object, result: type | None = None) -> Any:
    """Note something in the database, however long that takes."""
    return await workflow.execute_activity(
        activity, args=given, result_type=result, task_queue=PORTAL_QUEUE, start_to_close_timeout=_NOTING
    )


async def _move(move: Move, order: Order) -> None:
    """Note a run's next state, and have those told who want to hear of it."""
    await _note("move", move)
    await _tell(move.to.value, order.stack, order.id, move.error, order.id)


async def _tell(event: str, stack: str, of: str, text: str, run: str = "") -> None:
    """Have webhooks told, each by a workflow of its own, for which nobody waits."""
    for hook in await _note("hooks", stack, event, result=list[str]):
        delivery = Delivery(f"{of}/{event}/{hook}", hook, event, stack, run, text)
        await workflow.start_child_workflow(
            NotifyWorkflow.run, delivery, id=f"notify/{delivery.id}", parent_close_policy=ParentClosePolicy.ABANDON
        )


async def _put_back(order: Order) -> None:
    """Have the stack file say what it said before; a person's business where no worker does that in a day."""
    try:
        await workflow.execute_activity(
            "put_back",
            order.id,
            task_queue=ENGINE_QUEUE,
            start_to_close_timeout=_NOTING,
            schedule_to_close_timeout=_LONGEST,
        )
    except ActivityError as error:
        workflow.logger.warning("the stack file of %s was not put back: %s", order.stack, error.cause)
