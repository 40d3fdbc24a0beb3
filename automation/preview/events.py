"""What the engine says of a run, from its events: steps on resources, findings of policies, errors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import EngineEvent, StepEventMetadata

from automation.preview.findings import PolicyFinding, findings_of, said


@dataclass(frozen=True)
class Seen:
    """A run as its events tell it: steps as they begin, and as they ended.

    `failed` says that the engine ended with an error, of which not all is in them.
    """

    steps: Sequence[StepEventMetadata]
    ended: Sequence[StepEventMetadata]
    findings: Sequence[PolicyFinding]
    errors: Sequence[str]
    failed: bool


def seen(code: int, events: Iterable[Mapping[str, Any]]) -> Seen:
    """A run that ended with an exit code."""
    typed = [EngineEvent.from_json(dict(event)) for event in events]
    errors = {
        _error(event.diagnostic_event.urn or "", event.diagnostic_event.message)
        for event in typed
        if event.diagnostic_event and event.diagnostic_event.severity == "error"
    }
    return Seen(
        [event.resource_pre_event.metadata for event in typed if event.resource_pre_event],
        [event.res_outputs_event.metadata for event in typed if event.res_outputs_event],
        findings_of(event.policy_event for event in typed if event.policy_event),
        sorted(error for error in errors if error),
        failed=code != 0,
    )


def _error(urn: str, message: str) -> str:
    name = "" if not urn or "::pulumi:pulumi:Stack::" in urn else f"{urn.rpartition('::')[2]}: "
    return f"{name}{said(message)}" if said(message) else ""
