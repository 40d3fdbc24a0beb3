"""`polykube health`: once, again and again, or until nothing fails."""

import json
import time
from typing import Final

from automation.health import report
from automation.health.examination import examination_of
from automation.health.findings import Health, Severity, Symptom
from automation.project import Project
from automation.show import number_of, out
from common.errors import HealthError, Problem
from common.paths import command
from common.progress import step

_EVERY: Final = 5.0  # seconds
_SHOWN: Final = 3


def show_health(project: Project, *, as_json: bool, watch: bool) -> int:
    """Show a cluster's health; HealthError's exit code comes back where something has failed. A watch has no end."""
    examination = examination_of(project)
    while True:
        health = examination()
        if watch and out.is_terminal and not as_json:
            out.clear()
        if as_json:
            print(json.dumps(health.as_json(), indent=None if watch else 1, ensure_ascii=False), flush=True)
        else:
            report.show(health)
        if not watch:
            return 0 if health.healthy else HealthError.exit_code
        time.sleep(_EVERY)


def show_summary(project: Project) -> None:
    """Health in a line or two, and how to see all of it; a cluster that does not answer is told as that."""
    try:
        health = examination_of(project)()
    except HealthError as error:
        (problem,) = error.problems
        out.print(f"[yellow]![/yellow] {problem.summary}: {problem.found}", soft_wrap=True, highlight=False)
        return
    first, *_ = (line for line in report.conclusion(health) if line)
    out.print(first, soft_wrap=True)
    for each in health.of(Severity.FAILED)[:_SHOWN]:
        out.print(f"  {each.subject}  {each.message}", soft_wrap=True, markup=False)
    if health.findings:
        out.print(f"[dim]next[/dim]  {command()} health {project.stack}", soft_wrap=True)


def pass_gate(project: Project) -> None:
    """Wait until nothing of the cluster fails, as long as the stack file gives it; HealthError (PK940) if that is too
    short."""
    minutes = project.spec.health.minutes
    until = time.monotonic() + 60 * minutes
    examination = examination_of(project)
    with step("waiting until the cluster is healthy", 10) as current:
        while not (health := examination()).healthy:
            failed = health.of(Severity.FAILED)
            if time.monotonic() > until:
                raise HealthError([_unhealthy(project.stack, minutes, each) for each in failed])
            current.note(f"{number_of(len(failed), 'failure')}, such as {failed[0].subject}")
            time.sleep(_EVERY)
    _say(health)


def _say(health: Health) -> None:
    for each in health.of(Severity.WARNING):
        out.print(f"[yellow]![/yellow] {each.subject}  {each.message}", soft_wrap=True, highlight=False)


def _unhealthy(stack: str, minutes: int, finding: Symptom) -> Problem:
    look = finding.command or f"{command()} health {stack}"
    return Problem(
        code="PK940",
        summary=f"{finding.area}: {finding.subject} is not healthy",
        found=finding.message,
        allowed=f"nothing that fails within {number_of(minutes, 'minute')}; what the run has changed stays changed",
        remedy=f"look at it: {look}; health.gate: false leaves that to you",
    )
