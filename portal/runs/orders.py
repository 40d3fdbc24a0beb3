"""What goes through Temporal: small, plain, and no secrets; plans and events go into the database alone."""

from dataclasses import dataclass
from datetime import datetime

from portal.runs.views import Action, RunState

HEARTBEAT = 60.0
"""Seconds without a word from a worker after which it is lost."""
HOLDS = 7 * 24 * 3600.0
"""Seconds that a plan waits for an approval, and holds its stack."""


@dataclass(frozen=True)
class Order:
    """A run that somebody wants. `heartbeat` and `holds` are seconds."""

    id: str
    stack: str
    action: Action
    author: str
    reason: str
    stack_file: str | None = None
    heartbeat: float = HEARTBEAT
    holds: float = HOLDS

    @property
    def memo(self) -> dict[str, str]:
        """What is told of it to others who want its stack."""
        return {"run": self.id, "what": f"{self.action} of {self.author}"}

    @property
    def is_planned(self) -> bool:
        """Whether it is planned, and applied only when somebody has approved that."""
        return self.action in ("apply", "destroy")


@dataclass(frozen=True)
class SaidToPlan:
    """What somebody said to the plan of a run."""

    by: str
    approved: bool
    fingerprint: str
    reason: str = ""


@dataclass(frozen=True)
class Move:
    """A run's next state, with the error that it ended with; `by` is who did it, if somebody did."""

    run: str
    to: RunState
    error_code: str = ""
    error: str = ""
    by: str = ""


@dataclass(frozen=True)
class Lifetime:
    """Until when a stack lives: when its destruction is planned, and how many seconds before that it is said."""

    stack: str
    until: datetime
    warning: float
    by: str


@dataclass(frozen=True)
class Delivery:
    """Something that a webhook is told: `id` stays the same however often that is tried."""

    id: str
    hook: str
    event: str
    stack: str
    run: str = ""
    text: str = ""


@dataclass(frozen=True)
class Ended:
    """How an activity with the engine ended: well, or with an error."""

    error_code: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return not self.error
