"""A run on the terminal: its events as they come, as any reader gets them, and how far it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Final, TypeVar

from pulumi.automation.events import DiagnosticEvent, EngineEvent, OpType, PolicyEvent, StepEventMetadata
from rich.console import Console
from rich.markup import escape

from automation.api.run import Progress, Run
from automation.engine import Engine
from automation.outcome import Outcome
from automation.preview.findings import said
from automation.show import out
from common.progress import Step, step

T = TypeVar("T")
_MARKS: Final[Mapping[OpType, str]] = {
    OpType.CREATE: "[green]+[/green]",
    OpType.CREATE_REPLACEMENT: "[green]+[/green]",
    OpType.DELETE: "[red]-[/red]",
    OpType.DELETE_REPLACED: "[red]-[/red]",
    OpType.UPDATE: "[yellow]~[/yellow]",
    OpType.IMPORT: "[green]=[/green]",
    OpType.IMPORT_REPLACEMENT: "[green]=[/green]",
}
_TONES: Final = {"error": "[red]error[/red]  ", "warning": "[yellow]warning[/yellow]  "}
_COUNTED: Final = {"same": "unchanged"}
_DEBUG, _MANDATORY, _STACK = "debug", "mandatory", "::pulumi:pulumi:Stack::"


@dataclass(frozen=True)
class Terminal:
    """Where the runs of one command are shown; what policies and the program say again is said once."""

    say: Console = out
    _said: set[str] = field(default_factory=set)

    def carry_out(self, engine: Engine, *arguments: str, expect: int = 0) -> Outcome:
        """Have the engine carry out a command, of which `expect` changes are known; how it ended comes back (`judge`).

        Ctrl-C interrupts it once, so that it ends what is under way; a second one does not wait for that.
        """
        return self._shown(arguments[0], engine.stack, lambda run: run.carry_out(engine, *arguments), expect)

    def record(
        self, engine: Engine, *arguments: str, deadline: float | None = None
    ) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """The same to its end, however that is: its exit code and its events come back. ProgramError (PK003) when it is
        not at its end after `deadline` seconds."""
        return self._shown(arguments[0], engine.stack, lambda run: run.record(engine, *arguments, deadline=deadline))

    def _shown(self, what: str, stack: str, work: Callable[[Run[T]], T], expect: int = 0) -> T:
        run = Run[T](what, stack)
        run.expect(expect)
        with step(f"pulumi {what}", on=self.say) as current:
            reader = Thread(target=self._read, args=(run, current))
            reader.start()
            try:
                return run.do(work)
            finally:
                reader.join()

    def _read(self, run: Run[Any], current: Step) -> None:
        for event in run.events():
            for line in _lines(event.engine, self._said):
                self.say.print(line, soft_wrap=True)
            current.note(_note(run.progress))


def _note(progress: Progress) -> str:
    parts = [f"{progress.done} of {progress.total}"] if progress.total else []
    return ", ".join([*parts, *([_name(progress.slowest)] if progress.slowest else ())])


def _lines(event: EngineEvent, shown: set[str]) -> Iterator[str]:
    """What to print of an event: of policies and of the program not what is in `shown` already."""
    if (done := event.res_outputs_event) and not done.planning and done.metadata.op in _MARKS:
        yield f"{_MARKS[done.metadata.op]} {_title(done.metadata)}"
    if failed := event.res_op_failed_event:
        yield f"[red]✗[/red] {_title(failed.metadata)}"
    if event.stdout_event and (words := said(event.stdout_event.message)):
        yield escape(words)
    if summary := event.summary_event:
        counts = [f"{count} {_COUNTED.get(op, op)}" for op, count in sorted(summary.resource_changes.items())]
        yield f"[dim]{', '.join(counts) or 'no resources'}[/dim]"
    for line in (*_of_program(event.diagnostic_event), *_of_policy(event.policy_event)):
        if line not in shown:
            shown.add(line)
            yield line


def _of_program(told: DiagnosticEvent | None) -> Iterator[str]:
    if told and told.severity != _DEBUG and not told.ephemeral and (words := said(told.message)):
        about = f"[bold]{escape(_name(told.urn))}[/bold]: " if told.urn and _STACK not in told.urn else ""
        yield f"{_TONES.get(told.severity, '')}{about}{escape(words)}"


def _of_policy(found: PolicyEvent | None) -> Iterator[str]:
    if found and found.enforcement_level != _MANDATORY:  # which is told as an error
        yield f"[yellow]{found.enforcement_level}[/yellow]  {escape(f'{found.policy_name}: {said(found.message)}')}"


def _title(step: StepEventMetadata) -> str:
    return f"[dim]{escape(step.type)}[/dim] {escape(_name(step.urn))}"


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
