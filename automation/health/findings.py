"""What is not as it should be, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Severity(StrEnum):
    """How bad it is. Only what has `failed` makes a cluster unhealthy; a `note` needs nobody."""

    FAILED = "failed"
    WARNING = "warning"
    NOTE = "note"


class Area(StrEnum):
    """What is looked at, in the order in which it is told."""

    API_SERVER = "API server"
    NODES = "nodes"
    WORKLOADS = "workloads"
    CLAIMS = "volume claims"
    QUOTAS = "quotas"
    WEBHOOKS = "webhooks"
    ADD_ONS = "add-ons"
    CERTIFICATES = "certificates"
    BACKUPS = "backups"
    APIS = "deprecated APIs"


@dataclass(frozen=True)
class Symptom:
    """One thing: `subject` is `namespace/Kind/name` or a name, `command` shows more of it."""

    level: Severity
    area: Area
    subject: str
    message: str
    command: str = ""


@dataclass(frozen=True)
class Pool:
    """The nodes of a pool: how many are there, are ready, and are wanted at least and at most, if somebody says so."""

    name: str
    nodes: int
    ready: int
    wanted: tuple[int, int] | None
    pressure: Sequence[str]
    versions: Sequence[str]


@dataclass(frozen=True)
class Health:
    """All of a cluster: `looked_at` says of each area how much there was to look at, in words."""

    stack: str
    kind: str
    version: str
    pools: Sequence[Pool]
    looked_at: Mapping[Area, str]
    findings: Sequence[Symptom]
    requests: int
    seconds: float

    @property
    def healthy(self) -> bool:
        """Whether nothing has failed."""
        return not self.of(Severity.FAILED)

    def of(self, level: Severity, area: Area | None = None) -> list[Symptom]:
        """The findings of a level, and of an area if one is named."""
        return [each for each in self.findings if each.level is level and area in (None, each.area)]

    def as_json(self) -> dict[str, Any]:
        """All of it, as `--json` has it."""
        return {"healthy": self.healthy, **asdict(self)}


WORST_FIRST: Final = {level: number for number, level in enumerate(Severity)}
