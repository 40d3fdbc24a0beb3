"""What several areas read of a cluster, read once; and what each of them is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, TypeVar

from automation.certificates import Certificate
from automation.health.api import AskedApiServer
from automation.health.findings import Symptom
from automation.health.objects import Metadata, Named, NodeObject, VersionInfo, Workload
from common.simulation import NODE_LABEL
from components.addons.health import Check, WorkloadKind
from components.naming import TENANT_LABEL

STARTING: Final = timedelta(minutes=5)
"""How long a pod or a volume may take to be there before that is worth a word."""
_WORKLOADS: Final[tuple[WorkloadKind, ...]] = ("Deployment", "StatefulSet", "DaemonSet")

_C = TypeVar("_C")


@dataclass(frozen=True)
class Expected:
    """What a stack says of its cluster: nodes of each pool, checks by add-on, and the certificates that it has made."""

    nodes: Mapping[str, tuple[int, int]]
    checks: Mapping[str, Sequence[Check]]
    certificates: Sequence[Certificate] = ()

    def of(self, kind: type[_C]) -> list[tuple[str, _C]]:
        """The checks of one kind, with the add-ons that have them."""
        return [
            (add_on, check) for add_on, checks in self.checks.items() for check in checks if isinstance(check, kind)
        ]


@dataclass(frozen=True)
class Looked:
    """What came of an area: findings, and in words how much there was to look at."""

    findings: Sequence[Symptom]
    at: str


class LiveCluster:
    """A cluster at the time `now`, by its API server. What is read by several is read once."""

    def __init__(self, api: AskedApiServer, now: datetime) -> None:
        self.api, self.now = api, now

    @cached_property
    def version(self) -> str:
        """The API server's version: `v1.36.3`."""
        return self.api.get("/version", VersionInfo).git_version

    @cached_property
    def nodes(self) -> Sequence[NodeObject]:
        """All nodes."""
        return list(self.api.list("/api/v1/nodes", NodeObject))

    @cached_property
    def workloads(self) -> Mapping[WorkloadKind, Sequence[Workload]]:
        """Deployments, StatefulSets and DaemonSets."""
        return {kind: list(self.api.list(f"/apis/apps/v1/{kind.lower()}s", Workload)) for kind in _WORKLOADS}

    @cached_property
    def tenants(self) -> frozenset[str]:
        """The namespaces of tenants."""
        found = self.api.list("/api/v1/namespaces", Named, labelSelector=TENANT_LABEL)
        return frozenset(each.metadata.name for each in found)

    @property
    def is_simulated(self) -> bool:
        """Whether no container runs: nodes are played, and nothing of theirs answers."""
        label, value = NODE_LABEL
        return any(each.metadata.labels.get(label) == value for each in self.nodes)

    def is_new(self, metadata: Metadata, patience: timedelta = STARTING) -> bool:
        """Whether an object was made so lately that it may still be on its way."""
        return metadata.creation_timestamp is not None and self.now - metadata.creation_timestamp < patience
