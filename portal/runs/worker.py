"""Workers: what takes work from Temporal, until it is told to end."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from portal.approvals import AllRules
from portal.runs.engine_work import EngineWork
from portal.runs.notes import Notes
from portal.runs.store import RunStore
from portal.runs.workflow import (
    ENGINE_QUEUE,
    PORTAL_QUEUE,
    DriftWorkflow,
    LifetimeWorkflow,
    NotifyWorkflow,
    RunWorkflow,
)

_THREADS: Final = 16


@dataclass(frozen=True)
class Setup:
    """What workers work with: the database, the project, the rules of approval, and how many engines run at once."""

    store: RunStore
    project: Path
    rules: AllRules
    engines: int = 4


@asynccontextmanager
async def working(client: Client, setup: Setup, *, notes: bool = True, engine: bool = True) -> AsyncIterator[None]:
    """Work until the end of the block: on workflows with what they note, and with the engine.

    At its end engines that run are interrupted; their runs are interrupted runs then.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        async with AsyncExitStack() as stack:
            if notes:
                await stack.enter_async_context(_notes(client, setup, threads))
            if engine:
                await stack.enter_async_context(_engine(client, setup, threads))
            yield


def _notes(client: Client, setup: Setup, threads: ThreadPoolExecutor) -> Worker:
    it = Notes(setup.store, setup.rules, setup.project)
    return Worker(
        client,
        task_queue=PORTAL_QUEUE,
        workflows=[RunWorkflow, NotifyWorkflow, LifetimeWorkflow, DriftWorkflow],
        activities=[it.enter, it.move, it.needs, it.decide, it.hooks, it.deliver],
        activity_executor=threads,
        max_concurrent_activities=_THREADS,
    )


def _engine(client: Client, setup: Setup, threads: ThreadPoolExecutor) -> Worker:
    it = EngineWork(setup.store, setup.project)
    return Worker(
        client,
        task_queue=ENGINE_QUEUE,
        activities=[it.plan, it.carry_out, it.put_back, it.look],
        activity_executor=threads,
        max_concurrent_activities=setup.engines,
        graceful_shutdown_timeout=timedelta(0),
        max_heartbeat_throttle_interval=timedelta(seconds=10),
    )
