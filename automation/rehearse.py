"""`polykube rehearse`: a stack's whole life, on stand-in clouds and with a real API server, without credentials.

The engine, the program and the policy pack are those of `up`; what is played is said in docs/rehearsal.md.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from automation.bundles import ensure_bundles
from automation.engine import Engine
from automation.first_run import check_first_run
from automation.outcome import Outcome, brought_up
from automation.pool_refresh import refresh_pools
from automation.project import Project
from automation.rehearsal_report import CHANGES, RehearsalReport
from automation.rehearsed_project import RehearsedProject
from automation.show import err, out, show_error
from automation.terminal import Terminal
from common.errors import EngineError, PolicyError, PolykubeError, Problem, RehearsalError
from common.files import write_atomically
from rehearsal.control_plane import ControlPlane, all_control_planes
from rehearsal.providers.clouds import clusters, faults, runner
from rehearsal.providers.clouds.api import is_ready
from rehearsal.providers.clouds.whereabouts import go_on_from
from rehearsal.site import Site, end_kept, new_site, sweep
from rehearsal.toolchain import Tool
from stacks.changes import check_changes, outputs_in


@dataclass(frozen=True)
class RehearsalStep:
    """A step as the command line says it: `up`, `change=FILE`, `upgrade=1.36`, `from=203.0.113.7`."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}={self.argument}" if self.argument else self.name


def parse_steps(text: str) -> list[RehearsalStep]:
    """The steps in a list with commas; RehearsalError (PK703) names those that there are not."""
    steps = [RehearsalStep(*part.strip().partition("=")[::2]) for part in text.split(",")]
    wrong = [
        step for number, step in enumerate(steps) if not _is_possible(step, [each.name for each in steps[:number]])
    ]
    if wrong:
        raise RehearsalError(
            Problem(
                code="PK703",
                summary="a rehearsal has no such step",
                where="--steps",
                found=", ".join(map(str, wrong)),
                allowed="up, change=FILE, upgrade=VERSION, refresh, destroy; from=ADDRESS, if the first step is one",
                remedy="write for instance --steps up,refresh,destroy",
            )
        )
    return steps


def _is_possible(step: RehearsalStep, before: Sequence[str]) -> bool:
    """Whether there is such a step, after those with the names in `before`."""
    if step.name != "from":
        return step.name in _ACTIONS and bool(step.argument) == (step.name in _WITH_ARGUMENT)
    try:
        IPv4Address(step.argument)
    except ValueError:
        return False
    return not before or before[0] == "from"


@dataclass
class Rehearsal:
    """A rehearsal under way."""

    project: RehearsedProject
    tools: Mapping[str, Tool]
    report: RehearsalReport
    terminal: Terminal

    def carry_out(self, steps: Sequence[RehearsalStep]) -> None:
        """One step after the other; the first that fails is the last, unless failing is what is rehearsed."""
        for step in steps[:-1]:
            try:
                self._carry_out(step)
            except EngineError as error:
                if not self.report.with_faults:
                    raise
                show_error(error)
        self._carry_out(steps[-1])

    def _carry_out(self, step: RehearsalStep) -> None:
        with self._timed(step) as row:
            self._start_local_control_plane()
            outcome = _ACTIONS[step.name](self, step.argument)
            row["changes"] = {name: outcome.changes.get(name, 0) for name in CHANGES}

    def up(self, _: str = "") -> Outcome:
        """Bring the stack up, and make sure that a refresh and a second look find nothing to do."""
        engine = self._engine()
        deployment, spec = engine.export(), self.project.project.spec
        check_changes(outputs_in(deployment), spec)
        check_first_run(deployment, spec)
        refresh_pools(engine, deployment)
        self.report.stand_ins |= {*ensure_bundles(self.project.project.bundles, rehearsal=True)}
        outcome = brought_up(partial(self.terminal.carry_out, engine))
        self.report.mandatory, self.report.advisory = len(outcome.violations), len(outcome.advisories)
        if pending := engine.pending():
            raise EngineError(_unsettled(pending))
        self.report.resources = _counted(engine.export().get("resources") or ())
        self.report.nodes_ready = _nodes_ready()
        return outcome

    def change(self, file: str) -> Outcome:
        """Go over to another stack file."""
        self.project.take(Path(file))
        return self.up()

    def upgrade(self, version: str) -> Outcome:
        """Go over to another version of Kubernetes."""
        self.project.set_in_cluster(version=version)
        return self.up()

    def go_on_from(self, address: str) -> Outcome:
        """Run from another address, which clusters let in or not."""
        go_on_from(self.project.site.directory, IPv4Address(address))
        return Outcome({}, [], [], [], began=False)

    def refresh(self, _: str = "") -> Outcome:
        """Look at everything anew."""
        return self.terminal.carry_out(self._engine(), "refresh", "--yes", "--skip-preview")

    def destroy(self, _: str = "") -> Outcome:
        """Take down what there is, after its protection has been taken away as a user would do it."""
        engine = self._engine()
        if any(resource.get("protect") for resource in engine.export().get("resources") or ()):
            self.project.unprotect()
            self.terminal.carry_out(engine, "up", "--yes", "--skip-preview")
        try:
            return self.terminal.carry_out(engine, "destroy", "--yes", "--skip-preview")
        finally:
            self.report.orphans = list(self._orphans(engine))

    def _orphans(self, engine: Engine) -> Iterator[dict[str, Any]]:
        """What is in the cloud and not in the stack's state, so that nothing will ever take it down."""
        known = {resource.get("id") for resource in engine.export().get("resources") or ()}
        for each in self.project.site.store.all():
            if each.id not in known:
                yield {"type": each.type, "id": each.id, "name": each.name, "tags": dict(each.tags)}

    def _engine(self) -> Engine:
        return self.project.engine(self.tools)

    def _start_local_control_plane(self) -> None:
        project = self.project.project
        if project.is_local:
            project.control_plane(dict(self.tools)).start()

    @contextmanager
    def _timed(self, step: RehearsalStep) -> Iterator[dict[str, Any]]:
        began = time.monotonic()
        row: dict[str, Any] = {"step": str(step), "ok": False, "seconds": 0.0, "changes": dict.fromkeys(CHANGES, 0)}
        self.report.steps.append(row)
        try:
            yield row
            row["ok"] = True
        except PolicyError as error:
            self.report.mandatory = len(error.problems)
            raise
        finally:
            row["seconds"] = round(time.monotonic() - began, 1)


_ACTIONS: Final[Mapping[str, Callable[[Rehearsal, str], Outcome]]] = {
    "up": Rehearsal.up,
    "change": Rehearsal.change,
    "upgrade": Rehearsal.upgrade,
    "from": Rehearsal.go_on_from,
    "refresh": Rehearsal.refresh,
    "destroy": Rehearsal.destroy,
}
_DEFAULT_PROVIDER: Final = re.compile(r"::pulumi:providers:[^:]+::default[^:]*$")
_SHOWN: Final = 10  # of what would change again
_WITH_ARGUMENT: Final = ("change", "upgrade", "from")


@dataclass(frozen=True)
class Circumstances:
    """Files that say how the clouds of a rehearsal behave: their faults, and what the runner may do."""

    faults: Path | None = None
    runner_policy: Path | None = None

    def check(self) -> None:
        """RehearsalError (PK701, PK707) for what cannot be used."""
        if self.faults:
            faults.read_conditions(self.faults)
        if self.runner_policy:
            runner.read_runner_policy(self.runner_policy)

    def lay_out(self, directory: Path) -> None:
        """Put them where the stand-in clouds look for them."""
        for file, name in ((self.faults, faults.FILE), (self.runner_policy, runner.FILE)):
            if file:
                write_atomically(directory / name, file.read_bytes())

    @property
    def may_fail(self) -> bool:
        """Whether a step that fails is what is rehearsed."""
        return self.faults is not None or self.runner_policy is not None


def rehearse(stack: str, steps: str, circumstances: Circumstances, *, keep: bool, as_json: bool) -> int:
    """Hold a rehearsal and show what came of it; the exit code comes back.

    What it made is gone afterwards, unless it is to be kept.
    """
    project, plan = Project.open(stack), parse_steps(steps)
    circumstances.check()
    say = err if as_json else out
    head = f"[bold]rehearsal[/bold] of {stack}: stand-in clouds, a real engine and API server, no credentials"
    say.print(head, soft_wrap=True)
    sweep()
    report = RehearsalReport(stack, with_faults=circumstances.may_fail)
    with new_site(stack) as site:
        error = _hold(project, site, plan, circumstances, report, say)
        if keep:
            _say_kept(site, say)
    if error:
        show_error(error)
    if as_json:
        print(json.dumps(report.as_json()))
    mark = "[bold red]✗[/bold red]" if error else "[bold green]✓[/bold green]"
    say.print(f"{mark} rehearsal of {stack}: {report.as_line()}", soft_wrap=True)
    return error.exit_code if error else 0


def end(stack: str) -> None:
    """End the rehearsals of `stack` that were kept."""
    for name in end_kept(stack):
        out.print(f"[bold green]✓[/bold green] rehearsal {name} has ended")


def prepare(project: Project, site: Site, report: RehearsalReport, say: Console = err) -> Rehearsal:
    """A rehearsal of `project` at `site`, with all that it needs; nothing has been carried out yet."""
    rehearsed = RehearsedProject.make(project, site)
    return Rehearsal(rehearsed, rehearsed.ensure_tools(), report, Terminal(say))


def _hold(
    project: Project,
    site: Site,
    steps: Sequence[RehearsalStep],
    given: Circumstances,
    report: RehearsalReport,
    say: Console,
) -> PolykubeError | None:
    """Go through the steps at a site; what went wrong, if something did."""
    try:
        given.lay_out(site.directory)
        prepare(project, site, report, say).carry_out(steps)
    except PolykubeError as error:
        return error
    return _left_behind(report)


def _say_kept(site: Site, say: Console) -> None:
    site.keep()
    for name in all_control_planes():
        say.print(f"[dim]kubeconfig[/dim]  {ControlPlane(name).kubeconfig}", soft_wrap=True)
    stack = site.name.rpartition("-")[0]
    say.print(
        f"[dim]next[/dim]  polykube rehearse {stack} --end   takes the rehearsal {site.name} away", soft_wrap=True
    )


def _nodes_ready() -> int:
    ready = 0
    for name in all_control_planes():
        with clusters.api(name) as api:
            ready += sum(is_ready(node) for node in (api.list("/api/v1/nodes") if api else ()))
    return ready


def _counted(resources: Sequence[Mapping[str, Any]]) -> int:
    """How many of a state's resources the engine counts: providers that nobody registered it does not."""
    return sum(not _DEFAULT_PROVIDER.search(each["urn"]) for each in resources)


def _unsettled(pending: Sequence[str]) -> Problem:
    return Problem(
        code="PK408",
        summary="the stack is up, and another `up` would change it again",
        found="; ".join(pending[:_SHOWN]) + (f"; {len(pending) - _SHOWN} more" if len(pending) > _SHOWN else ""),
        allowed="nothing to do for the second one",
        remedy="give these the same inputs every time, or leave to their controllers what those write (ignoreChanges)",
    )


def _left_behind(report: RehearsalReport) -> RehearsalError | None:
    if not report.orphans:
        return None
    return RehearsalError(
        Problem(
            code="PK704",
            summary="the stack's resources are gone, and the cloud still has something",
            found="; ".join(f"{orphan['type']} {orphan['id']}" for orphan in report.orphans),
            allowed="nothing",
            remedy="find out what made it, and have that taken down before what it needs is",
        )
    )
