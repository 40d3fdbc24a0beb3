"""Running the engine: the real `pulumi`, as a child process of ours, on one stack.

Nothing of what it does goes to a terminal: it is told by events, to whoever wants to hear them. While it runs it holds
the stack's lock, even if we are killed.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from automation.child import Child, DeadlinePassed
from automation.event_log import EventLog, following
from automation.outcome import COLOUR, failed
from automation.program_errors import hangs
from automation.state.backends import PATIENCE, VARIABLE, silent, trouble
from automation.state.lock import Locked
from common.errors import BusyError, EngineError, PolykubeError, Problem, last_words
from common.locks import exclusive_or_none, holder
from common.paths import state_dir
from rehearsal.toolchain import Tool

_LINGER: Final = 10.0  # seconds; a killed engine's plugins, which inherit the lock, notice within about two
_FOR_EVENTS: Final = {"PULUMI_DEBUG_COMMANDS": "true"}  # without it there is no --event-log


class Engine:
    """The engine on one stack of the project in `directory`. Its methods raise EngineError (PK4xx) when it fails, and
    BusyError (PK602) when the stack is locked.

    Of `environment` it gets all, beside its settings.
    """

    def __init__(
        self,
        tool: Tool,
        stack: str,
        settings: Mapping[str, str],
        directory: Path,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.tool, self.directory, self.stack = tool, directory, stack
        self._environment = {**environment, **settings}
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

    def record(self, *arguments: str, deadline: float | None = None) -> tuple[int, EventLog]:
        """Run a command quietly to its end, however that is; its exit code and all of its events come back.

        EngineError (PK401) when it fails without an event that says why, ProgramError (PK003) when it is not at its
        end after `deadline` seconds.
        """
        log = EventLog()
        return self.follow(*arguments, log=log, deadline=deadline), log

    def follow(
        self,
        *arguments: str,
        log: EventLog,
        heard: Callable[[Mapping[str, Any]], None] = lambda _: None,
        started: Callable[[Child], None] = lambda _: None,
        deadline: float | None = None,
    ) -> int:
        """Run a command as `record` does, with its events in `log`, telling each as it comes, from a thread of its own;
        the exit code comes back. `started` gets the child, which it may interrupt.
        """
        with self._event_file() as file:
            options = ("--non-interactive", "--stack", self.stack, "--event-log", str(file))
            environment = self._environment | _FOR_EVENTS
            child = Child(self._command(*arguments, *options), self.directory, environment, self._inherited)
            started(child)
            with following(file, log, heard):
                try:
                    done = child.wait(deadline)
                except DeadlinePassed:
                    raise hangs(f"pulumi {arguments[0]}", deadline or 0) from None
        if done.returncode and not log.tells_why:
            raise self._failure(arguments[0], _said(done) or f"exit code {done.returncode}")
        return done.returncode

    @contextmanager
    def _event_file(self) -> Iterator[Path]:
        """Where a run writes its events; who still reads them then has it open."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as scratch:
            yield Path(scratch) / "events.json"

    def refresh(self, urns: Iterable[str]) -> None:
        """Read these resources anew, quietly."""
        targets = (argument for urn in urns for argument in ("--target", urn))
        self.ask("refresh", "--yes", "--skip-preview", "--stack", self.stack, *targets)

    def ask(self, *arguments: str, stdin: str | None = None, deadline: float | None = None) -> str:
        """Run a command quietly; what it wrote to standard output comes back.

        EngineError (PK417) when the backend has not answered it after `deadline` seconds.
        """
        try:
            done = self._quietly(arguments, stdin, deadline=deadline)
        except subprocess.TimeoutExpired:
            raise EngineError(silent(self.backend_url, deadline or 0)) from None
        if done.returncode:
            raise self._failure(" ".join(arguments), _said(done))
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
            if step["op"] not in ("same", "refresh", "read")  # a reference to another stack is read each time
        ]

    def _preview(self, *options: str) -> list[dict[str, Any]]:
        """The steps of a preview."""
        arguments = ("preview", "--json", "--non-interactive", "--stack", self.stack, *options)
        done = self._quietly(arguments, policies=False)
        preview = json.loads(done.stdout or "{}")
        if done.returncode:
            said = [each["message"] for each in preview.get("diagnostics", ()) if each["severity"] == "error"]
            raise EngineError(failed("preview", COLOUR.sub("", "".join(said) or done.stderr).strip()))
        return list(preview["steps"])

    def exists(self) -> bool:
        """Whether the backend knows the stack."""
        stacks = json.loads(self.ask("stack", "ls", "--json", "--non-interactive", deadline=PATIENCE))
        return any(stack["name"].rpartition("/")[2] == self.stack for stack in stacks)

    def select(self) -> None:
        """Make the stack known to the backend if it is not."""
        self.ask("stack", "select", "--create", self.stack, deadline=PATIENCE)

    def forget(self) -> None:
        """Remove a stack without resources from the backend, with its history and copies; its file stays."""
        options = ("--yes", "--preserve-config", "--remove-backups")
        self.ask("stack", "rm", *options, "--stack", self.stack)

    def export(self) -> dict[str, Any]:
        """The stack's state as the backend has it, secrets encrypted."""
        deployment: dict[str, Any] | None = json.loads(self.state())["deployment"]
        return deployment or {}

    def state(self) -> str:
        """The same as the engine tells it: JSON with the `deployment`, and the version of its format."""
        return self.ask("stack", "export", "--stack", self.stack)

    def replace_state(self, before: str, after: str) -> None:
        """Write the state `after` over the state `before`; BusyError (PK603) when it is another one by now.

        The engine writes on no condition, and takes its lock for the writing alone (pulumi v3.259,
        pkg/backend/diy/backend.go, ImportDeployment). So what writes is started first, and gets the state when it has
        come to wait for it: between the last look and the lock no process has to start, and no run has time to be.
        """
        command = self._command("stack", "import", "--stack", self.stack)
        with subprocess.Popen(
            command,
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=self._inherited,
        ) as writing:
            try:
                moved = self.state() != before
            except BaseException:
                writing.communicate("")  # nothing to write is an error to it
                raise
            said, errors = writing.communicate("" if moved else after)
        if moved:
            raise BusyError(_moved(self.stack))
        if writing.returncode:
            raise self._failure("stack import", last_words(errors.strip() or said, 1500))

    @property
    def backend_url(self) -> str:
        """Where the engine keeps its states; empty where that is for it to find."""
        return self._environment.get(VARIABLE, "")

    def _failure(self, what: str, said: str) -> PolykubeError:
        """What a command failed by: a lock (PK602), the backend (PK417), or what it says (PK401)."""
        backend = trouble(self.backend_url, said)
        return Locked.told(self.stack, said) or EngineError(backend or failed(what, said))

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.tool.path), *arguments]

    def _quietly(
        self,
        arguments: Sequence[str],
        stdin: str | None = None,
        *,
        policies: bool = True,
        deadline: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        environment = self._environment if policies else {**self._environment, "PULUMI_OPTION_POLICY_PACK": ""}
        return subprocess.run(
            self._command(*arguments),
            cwd=self.directory,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=self._inherited,
            timeout=deadline,
        )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """The last words of a run that failed; a preview tells its errors with everything else."""
    return last_words(done.stderr.strip() or done.stdout, 1500)


def _moved(stack: str) -> Problem:
    return Problem(
        code="PK603",
        summary=f"the state of stack {stack} has changed while it was looked at",
        found="somebody else's run has written it; nothing was written over it",
        allowed="one run per stack at a time",
        remedy="see that nobody works on the stack, then run the same command again",
    )


def _busy(stack: str, process: str) -> Problem:
    return Problem(
        code="PK601",
        summary=f"stack {stack} is being worked on by another process",
        found=f"process {process}",
        allowed="one run per stack at a time",
        remedy=f"wait for it to end, or interrupt it gently: kill -INT {process}",
    )
