"""How a run of the engine ended, from its events, and the errors for what did not end well."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.diagnosis import diagnose
from automation.program_errors import raised_in
from common.errors import EngineError, PolicyError, Problem, ProgramError
from components.delays import delay_in, was_begun

_STACK_TYPE: Final = "::pulumi:pulumi:Stack::"
_CANCELED: Final = re.compile(r"context canceled\s*$|code = Canceled")
_UP: Final = ("up", "--yes", "--skip-preview")  # the engine begins its events anew after a preview of its own
COLOUR: Final = re.compile(r"<\{%.*?%\}>")
"""How the engine's events mark colours."""


@dataclass(frozen=True)
class Outcome:
    """How a run of the engine ended: changes by operation (create, update, same, …) and what policies say to it.

    `violations` are of mandatory policies, `advisories` of the others; `failures` are the errors of resources, URN and
    message, `raised` is the error of the program itself, or of the stack. `changes` of a run that stopped in its
    preview are those that it would have made; `began` says whether it went further and began to change things.
    """

    changes: Mapping[str, int]
    violations: Sequence[str]
    advisories: Sequence[str]
    failures: Sequence[tuple[str, str]]
    began: bool
    raised: str = ""

    @property
    def changed(self) -> int:
        """How many resources it changed, or would have changed."""
        return sum(count for operation, count in self.changes.items() if operation != "same")


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


def brought_up(run: Callable[..., Outcome]) -> Outcome:
    """How `up` ended, which `run` carries out without a preview: again when something was taken over, which comes as it
    is and is changed by the next run, or was begun before a right of it counted: the next run waits for that.
    """
    try:
        outcome = run(*_UP)
    except ResourceFailures as error:
        if not error.pass_by_themselves:
            raise
        outcome = run(*_UP)
    if outcome.changes.get("import"):
        run(*_UP)
    return outcome


def outcome_of(events: Iterable[Mapping[str, Any]]) -> Outcome:
    """How a run ended, by its events."""
    changes: Mapping[str, int] = {}
    by_level: dict[str, list[str]] = {}
    failures = []
    began, raised, of_nothing = False, "", ""
    for event in events:
        if summary := event.get("summaryEvent"):
            changes = summary.get("resourceChanges") or {}
        if policy := event.get("policyEvent"):
            text = f"{policy['policyName']}: {policy['message'].strip()}"
            by_level.setdefault(policy["enforcementLevel"], []).append(text)
        said = event.get("diagnosticEvent")
        if said and said["severity"] == "error":
            message, urn = COLOUR.sub("", said["message"]), said.get("urn", "")
            if _STACK_TYPE in urn:
                raised = raised or message
            elif urn:
                failures.append((urn, message))
            else:
                of_nothing = of_nothing or message
        step = event.get("resourcePreEvent")
        began |= bool(step and not step.get("planning") and step["metadata"]["op"] != "same")
    # Who was under way when another failed, is told to stop: that is no second error.
    failures = [each for each in failures if not _CANCELED.search(each[1])] or failures
    violations, advisories = (tuple(dict.fromkeys(by_level.get(level, ()))) for level in ("mandatory", "advisory"))
    return Outcome(changes, violations, advisories, tuple(dict.fromkeys(failures)), began, raised or of_nothing)


def judge(what: str, code: int, outcome: Outcome, directory: Path) -> Outcome:
    """The outcome of a run in `directory` that ended with `code`, if it ended well.

    ProgramError (PK002) when the program stopped it, by an exception, PolicyError (PK501) when mandatory policies did,
    ResourceFailures (PK404) when resources failed, EngineError (PK401) else.
    """
    if not code:
        return outcome
    if problem := raised_in(outcome.raised, directory):
        raise ProgramError(problem)
    if outcome.violations:
        raise PolicyError([violation(text, began=outcome.began) for text in outcome.violations])
    if outcome.failures:
        raise ResourceFailures(outcome.failures)
    raise EngineError(failed(what, outcome.raised.strip() or f"exit code {code}"))


def failed(what: str, found: str) -> Problem:
    """What a command of the engine's ended with, where nothing more is known of it."""
    return Problem(
        code="PK401",
        summary=f"pulumi {what} failed",
        found=found,
        remedy="mend the cause and run the same command again: what is done already stays done",
    )


def violation(rule_and_finding: str, *, began: bool) -> Problem:
    """What a mandatory policy does not let pass, by a run that has begun to change things or not."""
    aftermath = "what this run did before stays done" if began else "nothing was changed by this run"
    return Problem(
        code="PK501", summary=rule_and_finding, remedy=f"change the resource as the message says; {aftermath}"
    )
