"""What ran before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from automation.api.environment import inherited
from automation.api.stacks import project_at
from automation.ready import equip


@dataclass(frozen=True)
class Past:
    """A run of before: what it was, how it ended, when, and how many resources it changed by operation."""

    version: int
    what: str
    result: str
    began: datetime
    ended: datetime | None
    changes: Mapping[str, int]


def history(stack: str, source: Path) -> list[Past]:
    """The runs of a stack that its backend remembers, the newest first; their configuration is not asked for."""
    project = project_at(stack, source)
    engine = project.engine(dict(equip(project.tools, project.cloud).tools), inherited())
    told = json.loads(engine.ask("stack", "history", "--json", "--stack", stack))
    return [
        Past(
            each.get("version", 0),
            each["kind"],
            each["result"],
            datetime.fromisoformat(each["startTime"]),
            datetime.fromisoformat(each["endTime"]) if each.get("endTime") else None,
            each.get("resourceChanges") or {},
        )
        for each in told
    ]
