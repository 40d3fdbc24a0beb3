"""What an add-on says must be so in a cluster where all is well: data, which `polykube health` looks up there."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

WorkloadKind: TypeAlias = Literal["Deployment", "DaemonSet", "StatefulSet"]


@dataclass(frozen=True)
class Available:
    """A workload that is there, and has as many available pods as it says is enough."""

    kind: WorkloadKind
    namespace: str
    name: str


@dataclass(frozen=True)
class Answers:
    """A Service that the API server calls, for a webhook or an aggregated API: something answers there."""

    namespace: str
    service: str


@dataclass(frozen=True)
class CertificatesHold:
    """Certificates of cert-manager's (`certificates.cert-manager.io`), in any namespace: all are issued and hold."""


@dataclass(frozen=True)
class BackedUp:
    """A Schedule of Velero's in `namespace`, by a `cron` in UTC: its newest whole backup is as new as that says."""

    namespace: str
    schedule: str
    cron: str


@dataclass(frozen=True)
class Scraped:
    """A Service of a Prometheus, which says of all of its targets that they are up."""

    namespace: str
    service: str
    port: int


Check: TypeAlias = Available | Answers | CertificatesHold | BackedUp | Scraped


def deployments(namespace: str, *names: str) -> list[Check]:
    """Deployments of a namespace that have to be available."""
    return [Available("Deployment", namespace, name) for name in names]


def daemon_sets(namespace: str, *names: str) -> list[Check]:
    """DaemonSets of a namespace that have to be available."""
    return [Available("DaemonSet", namespace, name) for name in names]


def stateful_sets(namespace: str, *names: str) -> list[Check]:
    """StatefulSets of a namespace that have to be available."""
    return [Available("StatefulSet", namespace, name) for name in names]
