"""Runs of stacks that change something: each in a thread of its own, with one child process at a time."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from automation.api.plans import Plan, check_unmoved, plan_with
from automation.api.run import Event, Run
from automation.api.stacks import engine_on, project_at
from automation.engine import Engine
from automation.outcome import Outcome, brought_up
from automation.project import Project
from automation.state.adoption import adopting

T = TypeVar("T")
Work: TypeAlias = Callable[[Run[T], Project, Engine], T]


def planning(stack: str, source: Path, *, destroys: bool = False) -> Run[Plan]:
    """Plan what `up` would do, or what `destroy` would, as a run that can be cancelled; its result is the plan."""

    def work(run: Run[Plan], project: Project, engine: Engine) -> Plan:
        return plan_with(project, engine, partial(run.record, engine), destroys=destroys)

    return _begin("plan", stack, source, work)


def apply(plan: Plan) -> Run[Outcome]:
    """Bring a stack to what a plan says, or down: it is previewed again, and refused when anything has moved since.

    What killed runs have left is made whole first (`Run.recovery`).

    The run's error is ApprovalError (PK522) then, and that of `up` where it fails.
    """
    return _begin("apply", plan.stack, plan.source, lambda run, project, engine: _apply(run, project, engine, plan))


def refresh(stack: str, source: Path) -> Run[Outcome]:
    """Read everything anew into the state; nothing else is changed."""
    return _begin("refresh", stack, source, lambda run, _, engine: run.carry_out(engine, "refresh", *_UNASKED))


def destroy(stack: str, source: Path) -> Run[Outcome]:
    """Take down what a stack made; a local stack's control plane goes on running."""
    return _begin("destroy", stack, source, lambda run, _, engine: run.carry_out(engine, "destroy", *_UNASKED))


def cancel(run: Run[T]) -> None:
    """Have a run end (`Run.cancel`)."""
    run.cancel()


def events(run: Run[T], after: int = 0) -> Iterator[Event]:
    """The events of a run (`Run.events`)."""
    return run.events(after)


_UNASKED = ("--yes", "--skip-preview")


def _apply(run: Run[Outcome], project: Project, engine: Engine, approved: Plan) -> Outcome:
    now = plan_with(project, engine, partial(run.record, engine, kept=False), destroys=approved.destroys)
    check_unmoved(approved, now)
    run.expect(len(now.changes))
    if approved.destroys:
        return run.carry_out(engine, "destroy", *_UNASKED)
    return adopting(engine, lambda: brought_up(partial(run.carry_out, engine)))


def _begin(what: str, stack: str, source: Path, work: Work[T]) -> Run[T]:
    project = project_at(stack, source)

    def begin(run: Run[T]) -> T:
        with engine_on(project, project.bundles, run.recovered) as engine:
            return work(run, project, engine)

    return Run[T](what, stack).start(begin)
