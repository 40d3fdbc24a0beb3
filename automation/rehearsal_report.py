"""What a rehearsal showed, for people and for machines."""

from dataclasses import dataclass, field
from typing import Any, Final

from common.progress import duration

CHANGES: Final = ("create", "update", "replace", "delete", "same")
"""The engine's operations that a report counts."""


@dataclass
class RehearsalReport:
    """What a rehearsal showed. `steps` are rows as in the JSON; `resources` and `nodes_ready` are of the
    last `up`; `stand_ins` are the bundles that could not be had for any."""

    stack: str
    with_faults: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)
    nodes_ready: int = 0
    resources: int = 0
    orphans: list[dict[str, Any]] = field(default_factory=list)
    mandatory: int = 0
    advisory: int = 0
    stand_ins: set[str] = field(default_factory=set)

    @property
    def ok(self) -> bool:
        """Whether every step went well (under faults: the last one), and nothing was left."""
        steps = self.steps[-1:] if self.with_faults else self.steps
        return all(step["ok"] for step in steps) and not self.orphans

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "stack": self.stack,
            "rehearsal": True,
            "ok": self.ok,
            "steps": self.steps,
            "nodesReady": self.nodes_ready,
            "resources": self.resources,
            "orphans": self.orphans,
            "policy": {"mandatory": self.mandatory, "advisory": self.advisory},
            **({"standIns": sorted(self.stand_ins)} if self.stand_ins else {}),
        }

    def as_line(self) -> str:
        """The report in a line."""
        steps = ", ".join(f"{each['step']} {duration(each['seconds'])}" for each in self.steps)
        played = f"; stand-ins for {', '.join(sorted(self.stand_ins))}" if self.stand_ins else ""
        return f"{steps}; {self.resources} resources, {self.nodes_ready} nodes ready{played}"
