"""The portal's pages over a real database, with runs that a test moves: `portal.runs` has its own tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from common.errors import ApprovalError, Problem
from portal.access import accounts
from portal.access.oidc import OidcSettings
from portal.data.database import Database, open_database
from portal.data.models import new_id
from portal.data.roles import Role
from portal.runs.orders import Move, Order, SaidToPlan
from portal.runs.store import NewEvent, RunStore
from portal.runs.views import Action, EventView, RunState, RunView, StackView
from portal.web.app import create_app
from portal.web.settings import PortalSettings

URL: Final = "http://portal.test"
PASSWORD: Final = "correct horse battery"
FINGERPRINT: Final = "f" * 64
_POLL: Final = 0.02  # seconds


class PlayedRuns:
    """Runs that are kept as the real ones are, and that only a test moves."""

    def __init__(self, database: Database) -> None:
        self.store = RunStore(database)
        self.deaf = False

    async def start(
        self, stack: str, action: Action, author: str, reason: str, stack_file: str | None = None
    ) -> RunView:
        """Note it."""
        return await run_in_threadpool(self.store.enter, Order(new_id(), stack, action, author, reason, stack_file))

    async def approve(self, run: str, by: str, fingerprint: str) -> RunView:
        """Take it for the plan's fingerprint alone, as the real ones do."""
        found = self.store.get(run)
        if found.fingerprint != fingerprint or found.state is not RunState.PLANNED:
            raise ApprovalError(Problem(code="PK523", summary="the approval is for another plan"))
        await run_in_threadpool(self.store.decide, run, SaidToPlan(by, True, fingerprint))
        return await run_in_threadpool(self.store.move, Move(run, RunState.APPROVED, by=by))

    async def reject(self, run: str, by: str, reason: str) -> RunView:
        """Say no."""
        found = self.store.get(run)
        await run_in_threadpool(self.store.decide, run, SaidToPlan(by, False, found.fingerprint, reason))
        return await run_in_threadpool(self.store.move, Move(run, RunState.REJECTED, by=by))

    async def cancel(self, run: str, by: str) -> RunView:
        """End it."""
        return await run_in_threadpool(self.store.move, Move(run, RunState.CANCELLED, by=by))

    async def get(self, run: str) -> RunView:
        """A run."""
        return await run_in_threadpool(self.store.get, run)

    async def list(self, stack: str | None = None, limit: int = 100) -> Sequence[RunView]:
        """The newest."""
        return await run_in_threadpool(self.store.list, stack, limit)

    async def events(self, run: str, after: int = 0) -> AsyncIterator[EventView]:
        """As they come."""
        while True:
            ended = (await self.get(run)).state.is_final
            for event in await run_in_threadpool(self.store.events, run, after):
                after = event.sequence
                yield event
            if ended:
                return
            await asyncio.sleep(_POLL)

    async def stack(self, stack: str) -> StackView:
        """What is known."""
        return await run_in_threadpool(self.store.stack, stack)

    async def live_until(self, stack: str, until: datetime | None, by: str) -> StackView:
        """Not played."""
        raise NotImplementedError

    async def watch_drift(self, stack: str, every: timedelta | None, by: str) -> None:
        """Not played."""
        raise NotImplementedError


@dataclass
class PlayedPortal:
    """The portal: its app, its data, and its runs."""

    app: FastAPI
    database: Database
    runs: PlayedRuns
    project: Path
    url: str = URL
    ids: dict[str, str] = field(default_factory=dict)

    def database_files(self) -> Iterator[Path]:
        """The files that its data is in."""
        return Path(str(self.database.url.database)).parent.glob("portal.db*")

    def add(self, name: str, role: Role | None = None, stack: str = "*", tenant: str = "*") -> str:
        """A user with a role; their id."""
        with self.database.writing() as session:
            user = accounts.add_user(session, name, PASSWORD, "test")
            if role:
                accounts.give(session, user, role, "test", stack, tenant)
        self.ids[name] = user.id
        return user.id

    def run(self, stack: str = "dev", author: str = "ada", reason: str = "", **told: Any) -> RunView:
        """A run that was just asked for."""
        order = Order(new_id(), stack, told.get("action", "apply"), author, reason, told.get("stack_file"))
        return self.runs.store.enter(order)

    def planned(self, run: RunView, plan: Mapping[str, Any]) -> RunView:
        """The run with a plan that waits."""
        self.runs.store.move(Move(run.id, RunState.PLANNING))
        self.runs.store.planned(run.id, FINGERPRINT, plan)
        return self.runs.store.move(Move(run.id, RunState.PLANNED))

    def cancel(self, run: RunView) -> RunView:
        """The run, ended."""
        return self.runs.store.move(Move(run.id, RunState.CANCELLED))

    def tell(self, run: RunView, *events: NewEvent) -> None:
        """Events of a run."""
        self.runs.store.tell(run.id, events)


def portal(directory: Path, project: Path, url: str = URL, oidc: OidcSettings | None = None) -> PlayedPortal:
    """A portal whose data is in `directory`, for the stacks of a project."""
    database = open_database(f"sqlite:///{directory / 'portal.db'}")
    runs = PlayedRuns(database)
    app = create_app(PortalSettings(project, url, oidc), runs, database)
    return PlayedPortal(app, database, runs, project, url)
