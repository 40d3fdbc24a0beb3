"""`RunService` by Temporal: what is done goes through the workflows, and what is shown comes from the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    WorkflowFailureError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from common.errors import ApprovalError, BusyError, PortalError, Problem
from portal.approvals import AllRules, Asked, barred
from portal.data.models import new_id
from portal.runs.connection import PATIENCE, silent
from portal.runs.orders import HEARTBEAT, HOLDS, Lifetime, Order, SaidToPlan
from portal.runs.plans import plan_of
from portal.runs.service import BarredError
from portal.runs.store import PAGE, RunStore
from portal.runs.views import Action, EventView, RunState, RunView, StackView
from portal.runs.workflow import PORTAL_QUEUE, DriftWorkflow, LifetimeWorkflow, RunWorkflow, workflow_of
from stacks.loading import load_text

_LOOK: Final = 0.25  # seconds between two looks for more events
_ENDING: Final = 10.0  # seconds in which a workflow usually ends whose run has ended
_TAKEN: Final = 5.0  # seconds in which a decision is usually taken
_WARNING: Final = 24 * 3600.0  # seconds before the end of a stack's life
_GONE: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION})


class TemporalRuns:
    """A `portal.runs.service.RunService`. `heartbeat` and `holds` are seconds, as of `portal.runs.orders.Order`."""

    def __init__(
        self, client: Client, store: RunStore, rules: AllRules, project: Path, *, heartbeat: float = HEARTBEAT
    ) -> None:
        self._client, self._store, self._rules, self._project = client, store, rules, project
        self._heartbeat = heartbeat

    async def start(
        self, stack: str, action: Action, author: str, reason: str, stack_file: str | None = None
    ) -> RunView:
        """Begin a run."""
        if stack_file is not None:
            load_text(stack_file, stack, self._project)
        order = Order(new_id(), stack, action, author, reason, stack_file, self._heartbeat, HOLDS)
        try:
            await self._begin(order)
        except WorkflowAlreadyStartedError:
            await self._until_free(stack)
            try:
                await self._begin(order)
            except WorkflowAlreadyStartedError:
                raise BusyError(_busy(stack, await self._holder(stack))) from None
        except RPCError as error:
            raise self._silent(error) from None
        return await asyncio.to_thread(self._store.enter, order)

    async def approve(self, run: str, by: str, fingerprint: str) -> RunView:
        """Say yes to a plan."""
        view = await self._waiting(run)
        if view.fingerprint != fingerprint:
            raise ApprovalError(_other(view, fingerprint))
        role = await asyncio.to_thread(self._store.role, by, view.stack)
        if why := barred(self._rules.of(view.stack), Asked(view.author, plan_of(view.plan or {})), by, role):
            raise BarredError(_barred(view, why))
        return await self._said(view, SaidToPlan(by, approved=True, fingerprint=fingerprint))

    async def reject(self, run: str, by: str, reason: str) -> RunView:
        """Say no to a plan."""
        view = await self._waiting(run)
        return await self._said(view, SaidToPlan(by, approved=False, fingerprint=view.fingerprint, reason=reason))

    async def cancel(self, run: str, by: str) -> RunView:
        """Have a run end."""
        view = await self.get(run)
        if not view.state.is_final:
            await self._signal(view, RunWorkflow.cancel, by)
            await asyncio.to_thread(self._store.unwanted, run, by)
        return await self.get(run)

    async def get(self, run: str) -> RunView:
        """A run."""
        return await asyncio.to_thread(self._store.get, run)

    async def list(self, stack: str | None = None, limit: int = 100) -> Sequence[RunView]:
        """The newest runs."""
        return await asyncio.to_thread(self._store.list, stack, limit)

    async def events(self, run: str, after: int = 0) -> AsyncIterator[EventView]:
        """Every event after a number."""
        while True:
            ended = await asyncio.to_thread(self._store.has_ended, run)  # before the look: nothing comes after that
            found = await asyncio.to_thread(self._store.events, run, after)
            for event in found:
                yield event
                after = event.sequence
            if ended and len(found) < PAGE:
                return
            if len(found) < PAGE:
                await asyncio.sleep(_LOOK)

    async def stack(self, stack: str) -> StackView:
        """What is known of a stack beside its runs."""
        return await asyncio.to_thread(self._store.stack, stack)

    async def live_until(self, stack: str, until: datetime | None, by: str) -> StackView:
        """Have a stack's destruction planned at a time."""
        name = f"lifetime/{stack}"
        try:
            if until is None:
                await self._ended(name)
            else:
                await self._client.start_workflow(
                    LifetimeWorkflow.run,
                    Lifetime(stack, until, _WARNING, by),
                    id=name,
                    task_queue=PORTAL_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
                    rpc_timeout=PATIENCE,
                )
        except RPCError as error:
            raise self._silent(error) from None
        await asyncio.to_thread(self._store.lives, stack, until, by)
        return await self.stack(stack)

    async def watch_drift(self, stack: str, every: timedelta | None, by: str) -> None:
        """Look at a stack again and again."""
        handle = self._client.get_schedule_handle(f"drift/{stack}")
        try:
            if every is None:
                await handle.delete(rpc_timeout=PATIENCE)
            else:
                wanted = _every(stack, every)
                try:
                    await self._client.create_schedule(handle.id, wanted, rpc_timeout=PATIENCE)
                except ScheduleAlreadyRunningError:
                    await handle.update(lambda _: _updated(wanted), rpc_timeout=PATIENCE)
        except RPCError as error:
            if every is not None or error.status not in _GONE:
                raise self._silent(error) from None
        await asyncio.to_thread(self._store.watched, stack, every, by)

    async def _waiting(self, run: str) -> RunView:
        view = await self.get(run)
        if view.state is not RunState.PLANNED:
            raise ApprovalError(_other(view, ""))
        return view

    async def _said(self, view: RunView, said: SaidToPlan) -> RunView:
        """Have the workflow hear it, and what comes of it soon."""
        await self._signal(view, RunWorkflow.decide, said)
        deadline = asyncio.get_running_loop().time() + _TAKEN
        while True:
            now = await self.get(view.id)
            if len(now.decisions) > len(view.decisions) or now.state is not RunState.PLANNED:
                return now
            if asyncio.get_running_loop().time() > deadline:
                return now
            await asyncio.sleep(_LOOK)

    async def _signal(self, view: RunView, signal: Callable[..., Any], argument: object) -> None:
        """Signal the workflow of a run, if it has not ended meanwhile."""
        handle = self._client.get_workflow_handle(workflow_of(view.stack))
        try:
            await handle.signal(signal, args=[view.id, argument], rpc_timeout=PATIENCE)
        except RPCError as error:
            if error.status not in _GONE:
                raise self._silent(error) from None

    async def _begin(self, order: Order) -> None:
        await self._client.start_workflow(
            RunWorkflow.run,
            order,
            id=workflow_of(order.stack),
            task_queue=PORTAL_QUEUE,
            memo=order.memo,
            rpc_timeout=PATIENCE,
        )

    async def _until_free(self, stack: str) -> None:
        """Wait for a run that has ended, and whose workflow tells others of that; BusyError for one that has not."""
        holder = await self._holder(stack)
        if holder and not (await self.get(holder["run"])).state.is_final:
            raise BusyError(_busy(stack, holder))
        with suppress(TimeoutError, RPCError, WorkflowFailureError):
            await asyncio.wait_for(self._client.get_workflow_handle(workflow_of(stack)).result(), _ENDING)

    async def _holder(self, stack: str) -> Mapping[str, Any] | None:
        """What is told of the run that has a stack; None of one that had no run here, or has just ended."""
        try:
            found = await self._client.get_workflow_handle(workflow_of(stack)).describe(rpc_timeout=PATIENCE)
        except RPCError:
            return None
        return await found.memo() or None

    async def _ended(self, name: str) -> None:
        try:
            await self._client.get_workflow_handle(name).terminate(rpc_timeout=PATIENCE)
        except RPCError as error:
            if error.status not in _GONE:
                raise

    def _silent(self, error: RPCError) -> PortalError:
        return PortalError(silent(self._client.service_client.config.target_host, error.message))


def _every(stack: str, every: timedelta) -> Schedule:
    name = f"drift-of/{stack}"
    return Schedule(
        ScheduleActionStartWorkflow(DriftWorkflow.run, stack, id=name, task_queue=PORTAL_QUEUE),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
    )


def _updated(wanted: Schedule) -> ScheduleUpdate:
    return ScheduleUpdate(wanted)


def _busy(stack: str, holder: Mapping[str, Any] | None) -> Problem:
    by = f"{holder['what']}, run {holder['run']}" if holder else "a run that is just ending"
    return Problem(
        code="PK604",
        summary=f"another run has the stack {stack}",
        found=by,
        allowed="one run of a stack at a time",
        remedy="wait until it has ended, or cancel it",
    )


def _other(view: RunView, fingerprint: str) -> Problem:
    return Problem(
        code="PK523",
        summary="nothing waits for this approval",
        where=f"run {view.id}",
        found=f"fingerprint {fingerprint[:12]}" if fingerprint else f"the run is {view.state}",
        allowed=f"fingerprint {view.fingerprint[:12]}" if fingerprint else "a run that is planned",
        remedy="look at the run as it is now",
    )


def _barred(view: RunView, why: str) -> Problem:
    return Problem(
        code="PK524",
        summary="this plan is approved by others",
        where=f"run {view.id}",
        found=why,
        allowed="an approver of the stack, by the rules of approval",
        remedy="ask one of them",
    )
