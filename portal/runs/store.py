"""Runs in the database. Everything here may be told twice, as Temporal does after a fault, and counts once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer, load_only
from sqlalchemy.orm.interfaces import ORMOption

from common.errors import Problem
from portal.data import audit
from portal.data.database import Database
from portal.data.models import Decision, RunEvent, StackWatch, StoredRun, now
from portal.data.roles import Role, role_of_user
from portal.runs.orders import Move, Order, SaidToPlan
from portal.runs.service import NoRunError
from portal.runs.views import DecisionView, EventView, RunState, RunView, StackView

_NEXT: Final[Mapping[RunState, frozenset[RunState]]] = {
    RunState.QUEUED: frozenset(
        {RunState.PLANNING, RunState.APPLYING, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED}
    ),
    RunState.PLANNING: frozenset({RunState.PLANNED, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED}),
    RunState.PLANNED: frozenset({RunState.APPROVED, RunState.REJECTED, RunState.FAILED, RunState.CANCELLED}),
    RunState.APPROVED: frozenset({RunState.APPLYING, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED}),
    RunState.APPLYING: frozenset({RunState.APPLIED, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED}),
}
_TIMES: Final = {
    RunState.PLANNED: "planned_at",
    RunState.APPROVED: "approved_at",
    RunState.APPLYING: "began_at",
}
PAGE: Final = 500
"""Events that are read at once."""


@dataclass(frozen=True)
class NewEvent:
    """An event of a run that is to be kept; `origin` is what it tells of, and is kept once."""

    origin: str
    kind: str
    payload: Mapping[str, Any]


class RunStore:
    """Runs, decisions and events. Methods block; PortalError (PK930) when the database does."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def enter(self, order: Order) -> RunView:
        """Note that a run was asked for."""
        with self.database.writing() as session:
            if not session.get(StoredRun, order.id):
                session.add(
                    StoredRun(
                        id=order.id,
                        stack=order.stack,
                        action=order.action,
                        author=order.author,
                        reason=order.reason,
                        stack_file=order.stack_file,
                        state=RunState.QUEUED,
                    )
                )
                session.flush()
                tell(session, order.id, [NewEvent("state:queued", "state", {"state": RunState.QUEUED})])
                audit.append(
                    session, order.author, f"run.{order.action}", order.stack, run=order.id, reason=order.reason
                )
            return _view(_found(session, order.id))

    def move(self, move: Move) -> RunView:
        """Bring a run to its next state; what has moved on already stays where it is."""
        with self.database.writing() as session:
            run = _found(session, move.run)
            if move.to in _NEXT.get(RunState(run.state), ()):
                run.state = move.to
                run.error_code, run.error = move.error_code, move.error
                if field := "ended_at" if move.to.is_final else _TIMES.get(move.to):
                    setattr(run, field, now())
                payload = {"state": move.to, "error_code": move.error_code, "error": move.error}
                tell(session, run.id, [NewEvent(f"state:{move.to}", "state", payload)])
                if move.to.is_final or move.by:
                    audit.append(session, move.by or "portal", f"run.{move.to}", run.stack, run=run.id)
            return _view(run)

    def planned(self, run: str, fingerprint: str, plan: Mapping[str, Any]) -> None:
        """Keep the plan of a run."""
        with self.database.writing() as session:
            found = _found(session, run)
            found.plan, found.fingerprint = dict(plan), fingerprint

    def wants(self, run: str, needs: Sequence[str]) -> None:
        """Keep what the plan of a run still needs."""
        with self.database.writing() as session:
            _found(session, run).needs = list(needs)

    def role(self, user: str, stack: str) -> Role | None:
        """The role of a user on a stack."""
        with self.database.reading() as session:
            return role_of_user(session, user, stack)

    def applied(self, run: str, changes: Mapping[str, int], recovered: str) -> None:
        """Keep what a run changed, and what killed runs had left."""
        with self.database.writing() as session:
            found = _found(session, run)
            found.changes, found.recovered = dict(changes), recovered

    def file_before(self, run: str, text: str | None) -> None:
        """Keep what the stack file said before a run wrote its own over it; None: there was none."""
        with self.database.writing() as session:
            found = _found(session, run)
            if not found.file_was_kept:
                found.former_file, found.file_was_kept = text, True

    def decide(self, run: str, said: SaidToPlan) -> None:
        """Keep what somebody said to a plan."""
        with self.database.writing() as session:
            found = _found(session, run)
            asked = select(Decision).where(Decision.run_id == run, Decision.by == said.by)
            if session.scalars(asked.where(Decision.fingerprint == said.fingerprint)).first():
                return
            session.add(Decision(run_id=run, **vars(said)))
            payload = {"by": said.by, "approved": said.approved, "reason": said.reason}
            tell(session, run, [NewEvent(f"decision:{said.by}:{said.fingerprint}", "decision", payload)])
            action = "run.approve" if said.approved else "run.reject"
            audit.append(session, said.by, action, found.stack, run=run, **vars(said))

    def tell(self, run: str, events: Sequence[NewEvent]) -> None:
        """Keep events, in this order."""
        with self.database.writing() as session:
            _found(session, run)
            tell(session, run, events)

    def unwanted(self, run: str, by: str) -> None:
        """Note that somebody wants a run to end."""
        with self.database.writing() as session:
            found = _found(session, run)
            if not RunState(found.state).is_final:
                tell(session, run, [NewEvent("cancel", "cancel", {"by": by})])
                audit.append(session, by, "run.cancel", found.stack, run=run)

    def drifted(self, stack: str, resources: Sequence[Mapping[str, Any]]) -> bool:
        """Keep what has drifted of a stack; whether something has that had not when it was last looked at."""
        with self.database.writing() as session:
            watch = _watch(session, stack)
            before = {each["urn"] for each in watch.drift}
            watch.drift, watch.looked_at = list(resources), now()
            return bool({each["urn"] for each in resources} - before)

    def lives(self, stack: str, until: datetime | None, by: str) -> None:
        """Keep until when a stack lives."""
        with self.database.writing() as session:
            _watch(session, stack).lives_until = until
            audit.append(session, by, "stack.lives-until", stack, until=until and until.isoformat())

    def watched(self, stack: str, every: timedelta | None, by: str) -> None:
        """Note how often a stack is looked at."""
        with self.database.writing() as session:
            audit.append(session, by, "stack.watch-drift", stack, every=every and every.total_seconds())

    def get(self, run: str) -> RunView:
        """A run; NoRunError if there is none."""
        with self.database.reading() as session:
            return _view(_found(session, run))

    def has_ended(self, run: str) -> bool:
        """Whether a run has ended; its plan is not read, as who watches one asks often. NoRunError if there is none."""
        with self.database.reading() as session:
            return RunState(_found(session, run, load_only(StoredRun.state)).state).is_final

    def record(self, run: str) -> StoredRun:
        """The same with all that is kept of it."""
        with self.database.reading() as session:
            return _found(session, run)

    def list(self, stack: str | None, limit: int) -> Sequence[RunView]:
        """The newest runs, without their plans."""
        asked = (
            select(StoredRun)
            .order_by(StoredRun.created_at.desc())
            .limit(limit)
            .options(defer(StoredRun.plan, raiseload=True))
        )
        with self.database.reading() as session:
            found = session.scalars(asked.where(StoredRun.stack == stack) if stack else asked)
            return [_view(each, whole=False) for each in found]

    def events(self, run: str, after: int) -> Sequence[EventView]:
        """Events after a number, at most PAGE."""
        asked = select(RunEvent).where(RunEvent.run_id == run, RunEvent.sequence > after)
        with self.database.reading() as session:
            return [event_view(each) for each in session.scalars(asked.order_by(RunEvent.sequence).limit(PAGE))]

    def stack(self, stack: str) -> StackView:
        """What is known of a stack beside its runs."""
        with self.database.reading() as session:
            found = session.get(StackWatch, stack) or StackWatch(stack=stack, drift=[])
            return StackView(stack, found.lives_until, found.looked_at, found.drift)


def tell(session: Session, run: str, events: Iterable[NewEvent]) -> None:
    """Keep events of a run in a session that writes; those that are kept already are left out.

    Two writers at once are told apart by the run's row, which each has changed or locks here.
    """
    session.execute(select(StoredRun.id).where(StoredRun.id == run).with_for_update())
    wanted = {each.origin: each for each in events}
    known = session.scalars(
        select(RunEvent.origin).where(RunEvent.run_id == run, RunEvent.origin.in_(list(wanted)))
    ).all()
    last = session.scalar(select(func.max(RunEvent.sequence)).where(RunEvent.run_id == run)) or 0
    new = [each for each in wanted.values() if each.origin not in known]
    for sequence, each in enumerate(new, last + 1):
        session.add(
            RunEvent(run_id=run, sequence=sequence, origin=each.origin, kind=each.kind, payload=dict(each.payload))
        )
    session.flush()


def _watch(session: Session, stack: str) -> StackWatch:
    found = session.get(StackWatch, stack)
    if found is None:
        found = StackWatch(stack=stack, drift=[])
        session.add(found)
    return found


def event_view(event: RunEvent) -> EventView:
    """A row as people are shown it."""
    return EventView(event.run_id, event.sequence, event.at, event.kind, event.payload)


def _found(session: Session, run: str, *options: ORMOption) -> StoredRun:
    if found := session.get(StoredRun, run, options=options):
        return found
    raise NoRunError(
        Problem(
            code="PK933",
            summary="there is no such run",
            found=run,
            allowed="the id of a run that was asked for here",
            remedy="look at the list of runs",
        )
    )


def _view(run: StoredRun, *, whole: bool = True) -> RunView:
    return RunView(
        id=run.id,
        stack=run.stack,
        action=run.action,  # type: ignore[arg-type] # the table's text is one of them
        author=run.author,
        reason=run.reason,
        state=RunState(run.state),
        stack_file=run.stack_file,
        fingerprint=run.fingerprint,
        plan=run.plan if whole else None,
        needs=run.needs,
        decisions=[
            DecisionView(each.by, each.approved, each.fingerprint, each.reason, each.at) for each in run.decisions
        ],
        changes=run.changes,
        recovered=run.recovered,
        error_code=run.error_code,
        error=run.error,
        created_at=run.created_at,
        planned_at=run.planned_at,
        approved_at=run.approved_at,
        began_at=run.began_at,
        ended_at=run.ended_at,
    )
