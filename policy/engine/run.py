"""What the pack says of itself at the end of a run: used, unused and expired exemptions, open questions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from policy.engine.exemptions import ExemptionRegistry
from policy.engine.judge import Verdict, VerdictKind
from policy.model.rule import Level

OPEN: Final = "mandatory verdicts are open until up"
"""What the note says of all rules together that a preview could not judge."""


@dataclass(frozen=True)
class Note:
    """Something about the run as a whole."""

    level: Level
    text: str


class PackRun:
    """Verdicts on their way out: what an exemption covers is kept back, what stays undetermined is kept in mind."""

    def __init__(self, exemptions: ExemptionRegistry) -> None:
        self.exemptions = exemptions
        self._undetermined: dict[str, None] = {}

    def filter(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """The verdicts that stand."""
        for verdict in verdicts:
            resource = verdict.finding.resource
            if verdict.kind is not VerdictKind.DEFECT and self.exemptions.exemption_for(verdict.rule.id, resource):
                continue
            if verdict.kind is VerdictKind.UNDETERMINED and verdict.level == Level.MANDATORY:
                self._undetermined[f"{verdict.rule.id} on {resource.title}"] = None
            yield verdict

    def notes(self) -> Iterator[Note]:
        """What is to be said when all verdicts are out."""
        for exemption in self.exemptions.expired:
            remedy = f"Mend what it covers and remove it, or have {exemption.owner} renew it."
            yield Note(Level.MANDATORY, f"{exemption.title} has expired. {remedy}")
        for exemption in self.exemptions.unused:
            yield Note(Level.ADVISORY, f"{exemption.title} lets nothing pass. Remove it.")
        for exemption, title in self.exemptions.applied:
            yield Note(Level.ADVISORY, f"{title} breaks {exemption.rule} by {exemption.title}.")
        if self._undetermined:
            listed = ", ".join(self._undetermined)
            yield Note(Level.ADVISORY, f"{len(self._undetermined)} {OPEN}: {listed}.")
