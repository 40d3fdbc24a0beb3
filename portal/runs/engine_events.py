"""The engine's events as those of a run: what happens to resources, what is said, what policies find."""

from collections.abc import Iterator
from typing import Any, Final

from pulumi.automation.events import EngineEvent, OpType

from automation import api
from automation.preview.findings import said
from portal.runs.store import NewEvent

_SILENT: Final = frozenset({OpType.SAME, OpType.READ, OpType.REFRESH})
_HEARD: Final = frozenset({"info", "warning", "error", "info#err"})


class Teller:
    """What is told of the events of a run in one of its phases; resources are counted as they are done."""

    def __init__(self, phase: str, run: api.Run[Any]) -> None:
        self._phase, self._run, self._done = phase, run, 0

    def told(self, event: api.Event) -> Iterator[NewEvent]:
        """What is told of an event, if anything is."""
        for kind, payload in self._of(event.engine):
            yield NewEvent(f"{self._phase}:{event.sequence}", kind, payload)

    def _of(self, event: EngineEvent) -> Iterator[tuple[str, dict[str, Any]]]:
        if (begun := event.resource_pre_event) and not begun.planning:
            yield from self._resource(begun.metadata, "begun")
        elif event.res_outputs_event and not event.res_outputs_event.planning:
            yield from self._resource(event.res_outputs_event.metadata, "done")
        elif event.res_op_failed_event:
            yield from self._resource(event.res_op_failed_event.metadata, "failed")
        elif (message := event.diagnostic_event) and message.severity in _HEARD and said(message.message):
            severity = message.severity.removesuffix("#err")
            yield "message", {"severity": severity, "urn": message.urn or "", "text": said(message.message)}
        elif finding := event.policy_event:
            found = {"level": finding.enforcement_level, "rule": finding.policy_name}
            yield "policy", {**found, "urn": finding.resource_urn or "", "text": said(finding.message)}

    def _resource(self, step: Any, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if step.op in _SILENT:
            return
        self._done += what == "done"
        op = step.op.value if isinstance(step.op, OpType) else str(step.op)
        named = {"op": op, "urn": step.urn, "type": step.type, "name": step.urn.rpartition("::")[2]}
        yield "resource", {**named, "step": what, "done": self._done, "total": self._run.progress.total}
