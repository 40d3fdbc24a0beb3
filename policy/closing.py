"""What the pack says of itself at the end of a run: leave that was used, is unused or has expired, open questions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from policy.judge import Outcome, Verdict
from policy.leave import Book
from policy.model import Level

OPEN: Final = "mandatory verdicts are open until up"
"""What the note says of all rules together that a preview could not judge."""


@dataclass(frozen=True)
class Note:
    """Something about the run as a whole."""

    level: Level
    text: str


class Run:
    """Verdicts on their way out: what leave covers is kept back, what stays undetermined is kept in mind."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._undetermined: dict[str, None] = {}

    def sift(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """The verdicts that stand."""
        for verdict in verdicts:
            resource = verdict.finding.resource
            if verdict.outcome is not Outcome.DEFECT and self.book.leave_for(verdict.rule.id, resource):
                continue
            if verdict.outcome is Outcome.UNDETERMINED and verdict.level == Level.MANDATORY:
                self._undetermined[f"{verdict.rule.id} on {resource.title}"] = None
            yield verdict

    def notes(self) -> Iterator[Note]:
        """What is to be said when all verdicts are out."""
        for leave in self.book.expired:
            remedy = f"Mend what it covers and remove it, or have {leave.owner} renew it."
            yield Note(Level.MANDATORY, f"{leave.title} has expired. {remedy}")
        for leave in self.book.unused:
            yield Note(Level.ADVISORY, f"{leave.title} lets nothing pass. Remove it.")
        for leave, title in self.book.applied:
            yield Note(Level.ADVISORY, f"{title} breaks {leave.rule} by {leave.title}.")
        if self._undetermined:
            listed = ", ".join(self._undetermined)
            yield Note(Level.ADVISORY, f"{len(self._undetermined)} {OPEN}: {listed}.")
