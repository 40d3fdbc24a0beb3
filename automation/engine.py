"""Running the engine: the real `pulumi`, as a child process of ours, on one stack.

The child shares our terminal and our process group, so Ctrl-C reaches it directly: the first one lets it
finish what is under way, a second one gives up. We wait for it either way. While it runs it holds the
stack's lock, even if we are killed.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.diagnosis import diagnose
from common.errors import BusyError, EngineError, PolicyError, Problem, last_words
from common.locks import exclusive_or_none, holder
from common.paths import state_dir
from components.delays import delay_in, was_begun
from rehearsal.toolchain import Tool

_LINGER: Final = 10.0  # seconds; a killed engine's plugins, which inherit the lock, notice within about two
_STACK_TYPE: Final = "::pulumi:pulumi:Stack::"
_CANCELED: Final = re.compile(r"context canceled\s*$|code = Canceled")
_FOR_EVENTS: Final = {"PULUMI_DEBUG_COMMANDS": "true"}  # without it there is no --event-log
_COLOUR: Final = re.compile(r"<\{%.*?%\}>")  # how the engine's events mark colours


@dataclass(frozen=True)
class Outcome:
    """How a run of the engine ended: changes by operation (create, update, same, …) and what policies say to it.

    `violations` are of mandatory policies, `advisories` of the others; `failures` are the errors of resources,
    URN and message. `changes` of a run that stopped in its preview are those that it would have made; `began`
    says whether it went further and began to change things.
    """

    changes: Mapping[str, int]
    violations: Sequence[str]
    advisories: Sequence[str]
    failures: Sequence[tuple[str, str]]
    began: bool


class ResourceFailures(EngineError):
    """Resources that a run could not bring to what they should be: URN and the engine's message of each."""

    def __init__(self, failures: Sequence[tuple[str, str]]) -> None:
        super().__init__([diagnose(urn, message) for urn, message in failures])
        self.failures = tuple(failures)

    @property
    def pass_by_themselves(self) -> bool:
        """Whether all of them were begun before the cloud knew what they need, and can be gone on with."""
        types = [(urn.split("::")[-2].rpartition("$")[2], message) for urn, message in self.failures]
        return all(was_begun(message) and delay_in(type_, message) for type_, message in types)


class Engine:
    """The engine on one stack. Its methods raise EngineError (PK4xx) when the engine fails.

    When `quiet`, what it says goes to standard error.
    """

    def __init__(
        self, tool: Tool, stack: str, settings: Mapping[str, str], directory: Path, *, quiet: bool = False
    ) -> None:
        self._tool, self._directory, self.stack = tool, directory, stack
        self._output = sys.stderr if quiet else None
        self._environment = os.environ | settings
        self._inherited: tuple[int, ...] = ()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other polykube off this stack; BusyError (PK601) names the process that has it."""
        path = state_dir() / "locks" / f"{self.stack}.lock"
        with exclusive_or_none(path, _LINGER) as lock:
            if lock is None:
                raise BusyError(_busy(self.stack, holder(path)))
            self._inherited = (lock.fileno(),)  # the engine keeps the lock should we be killed
            shutil.rmtree(self._scratch, ignore_errors=True)  # what a killed run had in use
            yield

    @property
    def _scratch(self) -> Path:
        """Where runs have what they alone need; whoever has the lock sweeps away what killed ones left."""
        return state_dir() / "runs" / self.stack

    def run(self, *arguments: str) -> Outcome:
        """Run a command on our terminal.

        PolicyError (PK501) when mandatory policies stopped it, ResourceFailures (PK404) when resources failed,
        KeyboardInterrupt when the user stopped it.
        """
        with self._event_log() as log:
            command = self._command(*arguments, "--stack", self.stack, "--event-log", str(log))
            code = self._wait(command, self._environment | _FOR_EVENTS)
            outcome = _read_events(log)
        if code and outcome.violations:
            raise PolicyError([_violation(text, began=outcome.began) for text in outcome.violations])
        if code and outcome.failures:
            raise ResourceFailures(outcome.failures)
        if code:
            raise EngineError(_failed(arguments[0], f"exit code {code}; its messages stand above"))
        return outcome

    def bring_up(self, *options: str) -> Outcome:
        """`pulumi up`, and again when something was taken over, which comes as it is and is changed by the next run, or
        was begun before a right of it counted: the next run waits for that."""
        try:
            outcome = self.run("up", "--yes", *options)
        except ResourceFailures as failed:
            if not failed.pass_by_themselves:
                raise
            outcome = self.run("up", "--yes", "--skip-preview")
        if outcome.changes.get("import"):
            self.run("up", "--yes", "--skip-preview")
        return outcome

    def record(self, *arguments: str) -> tuple[int, list[Mapping[str, Any]]]:
        """Run a command quietly to its end, however that is; its exit code and all of its events come back.

        EngineError (PK401) when it fails without an event that says why.
        """
        with self._event_log() as log:
            options = ("--non-interactive", "--stack", self.stack, "--event-log", str(log))
            done = self._quietly((*arguments, *options), debugging=True)
            events = list(_events(log))
        if done.returncode and not any("diagnosticEvent" in event or "policyEvent" in event for event in events):
            raise EngineError(_failed(arguments[0], _said(done)))
        return done.returncode, events

    @contextmanager
    def _event_log(self) -> Iterator[Path]:
        """Where a run writes its events, which nobody needs after it."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as scratch:
            yield Path(scratch) / "events.json"

    def refresh(self, urns: Iterable[str]) -> None:
        """Read these resources anew, quietly."""
        targets = (argument for urn in urns for argument in ("--target", urn))
        self.ask("refresh", "--yes", "--skip-preview", "--stack", self.stack, *targets)

    def ask(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command quietly; what it wrote to standard output comes back."""
        done = self._quietly(arguments, stdin)
        if done.returncode:
            raise EngineError(_failed(" ".join(arguments), _said(done)))
        return done.stdout

    def planned(self) -> list[dict[str, Any]]:
        """The states that resources would have, by a preview that shows nothing and asks no policies.

        Secrets in them are masked.
        """
        return [step["newState"] for step in self._preview() if "newState" in step]

    def pending(self) -> list[str]:
        """What a refresh and another `up` would do, by resource: `update shop/quota (spec.hard)`."""
        return [
            f"{step['op']} {step['urn'].rpartition('::')[2]} ({', '.join(step.get('detailedDiff') or ())})"
            for step in self._preview("--refresh")
            if step["op"] not in ("same", "refresh")
        ]

    def _preview(self, *options: str) -> list[dict[str, Any]]:
        """The steps of a preview."""
        arguments = ("preview", "--json", "--non-interactive", "--stack", self.stack, *options)
        done = self._quietly(arguments, policies=False)
        preview = json.loads(done.stdout or "{}")
        if done.returncode:
            said = [each["message"] for each in preview.get("diagnostics", ()) if each["severity"] == "error"]
            raise EngineError(_failed("preview", _COLOUR.sub("", "".join(said) or done.stderr).strip()))
        return list(preview["steps"])

    def exists(self) -> bool:
        """Whether the backend knows the stack."""
        stacks = json.loads(self.ask("stack", "ls", "--json"))
        return any(stack["name"].rpartition("/")[2] == self.stack for stack in stacks)

    def select(self) -> None:
        """Make the stack known to the backend if it is not."""
        self.ask("stack", "select", "--create", self.stack)

    def forget(self) -> None:
        """Remove a stack without resources from the backend, with its history and copies; its file stays."""
        options = ("--yes", "--preserve-config", "--remove-backups")
        self.ask("stack", "rm", *options, "--stack", self.stack)

    def export(self) -> dict[str, Any]:
        """The stack's state as the backend has it, secrets encrypted."""
        deployment: dict[str, Any] | None = json.loads(self.ask("stack", "export", "--stack", self.stack))["deployment"]
        return deployment or {}

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._tool.path), *arguments]

    def _quietly(
        self, arguments: Sequence[str], stdin: str | None = None, *, policies: bool = True, debugging: bool = False
    ) -> subprocess.CompletedProcess[str]:
        environment = self._environment if policies else {**self._environment, "PULUMI_OPTION_POLICY_PACK": ""}
        return subprocess.run(
            self._command(*arguments),
            cwd=self._directory,
            env={**environment, **_FOR_EVENTS} if debugging else environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=self._inherited,
        )

    def _wait(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        interruptions: list[int] = []

        def interrupt(number: int, _: object) -> None:
            interruptions.append(number)
            if number == signal.SIGTERM:  # which reaches us alone
                process.send_signal(signal.SIGINT)

        before = {signal.SIGINT: signal.signal(signal.SIGINT, interrupt)}
        try:
            with subprocess.Popen(
                command,
                cwd=self._directory,
                env=environment,
                stdout=self._output,
                pass_fds=self._inherited,
            ) as process:
                before[signal.SIGTERM] = signal.signal(signal.SIGTERM, interrupt)
                code = process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if code and interruptions:
            raise KeyboardInterrupt
        return code


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """The last words of a run that failed; a preview tells its errors with everything else."""
    return last_words(done.stderr.strip() or done.stdout, 1500)


def _read_events(log: Path) -> Outcome:
    changes: Mapping[str, int] = {}
    by_level: dict[str, list[str]] = {}
    failures = []
    began = False
    for event in _events(log):
        if summary := event.get("summaryEvent"):
            changes = summary.get("resourceChanges") or {}
        if policy := event.get("policyEvent"):
            text = f"{policy['policyName']}: {policy['message'].strip()}"
            by_level.setdefault(policy["enforcementLevel"], []).append(text)
        said = event.get("diagnosticEvent")
        if said and said["severity"] == "error" and said.get("urn") and _STACK_TYPE not in said["urn"]:
            failures.append((said["urn"], _COLOUR.sub("", said["message"])))
        step = event.get("resourcePreEvent")
        began |= bool(step and not step.get("planning") and step["metadata"]["op"] != "same")
    # Who was under way when another failed, is told to stop: that is no second error.
    failures = [each for each in failures if not _CANCELED.search(each[1])] or failures
    violations, advisories = (tuple(dict.fromkeys(by_level.get(level, ()))) for level in ("mandatory", "advisory"))
    return Outcome(changes, violations, advisories, tuple(dict.fromkeys(failures)), began)


def _events(log: Path) -> Iterator[Mapping[str, Any]]:
    """The engine's events, one a line; the last line of an engine that was killed may be half of one."""
    for line in log.read_text().splitlines() if log.exists() else []:
        with suppress(ValueError):
            yield json.loads(line)


def _busy(stack: str, process: str) -> Problem:
    return Problem(
        code="PK601",
        summary=f"stack {stack} is being worked on by another process",
        found=f"process {process}",
        allowed="one run per stack at a time",
        remedy=f"wait for it to end, or interrupt it gently: kill -INT {process}",
    )


def _failed(what: str, found: str) -> Problem:
    return Problem(
        code="PK401",
        summary=f"pulumi {what} failed",
        found=found,
        remedy="mend the cause and run the same command again: what is done already stays done",
    )


def _violation(rule_and_finding: str, *, began: bool) -> Problem:
    aftermath = "what this run did before stays done" if began else "nothing was changed by this run"
    return Problem(
        code="PK501", summary=rule_and_finding, remedy=f"change the resource as the message says; {aftermath}"
    )
