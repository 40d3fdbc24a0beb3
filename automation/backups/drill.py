"""The drill: a namespace is brought back from its newest backup beside itself, held against itself, and taken away.

Nothing of the copy runs, has data or reaches outside: its quota admits no pod, its Services get no load balancer, and
what would take its original's hosts is left out. Backups can neither be added nor deleted while it is brought back.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from lightkube.models.core_v1 import ResourceQuotaSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import DaemonSet, Deployment, StatefulSet
from lightkube.resources.autoscaling_v2 import HorizontalPodAutoscaler
from lightkube.resources.batch_v1 import CronJob
from lightkube.resources.core_v1 import (
    ConfigMap,
    LimitRange,
    Namespace,
    PersistentVolumeClaim,
    ResourceQuota,
    Secret,
    Service,
    ServiceAccount,
)
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.resources.policy_v1 import PodDisruptionBudget
from lightkube.resources.rbac_authorization_v1 import Role, RoleBinding

from automation.backups.velero import Velero, forget, stamp
from common.errors import BackupError, Problem
from components.addons.backup.spec import NAMESPACE

_KINDS: Final = (
    *(ConfigMap, Secret, Service, ServiceAccount, PersistentVolumeClaim, Deployment, StatefulSet, DaemonSet, CronJob),
    *(NetworkPolicy, ResourceQuota, LimitRange, HorizontalPodAutoscaler, PodDisruptionBudget, Role, RoleBinding),
)
_LEFT_OUT: Final = ("pods", "replicasets.apps", "jobs.batch", "ingresses.networking.k8s.io")
_ROUTES: Final = ("gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io")
_STAYS: Final = "drill"
_INSIDE: Final = """
version: v1
resourceModifierRules:
  - conditions:
      groupResource: services
      matches: [{path: /spec/type, value: LoadBalancer}]
    mergePatches:
      - patchData: >
          {"spec": {"type": "ClusterIP", "externalTrafficPolicy": null, "allocateLoadBalancerNodePorts": null,
                    "loadBalancerClass": null, "healthCheckNodePort": null}}
"""


@dataclass(frozen=True)
class KindRestored:
    """How many objects of a kind the original had when it was backed up, and how many of these came back."""

    name: str
    backed_up: int
    restored: int
    missing: Sequence[str]


@dataclass(frozen=True)
class Drill:
    """What came of it; `items` is how many objects Velero itself counted."""

    namespace: str
    backup: str
    made: str
    items: int
    kinds: Sequence[KindRestored]

    @property
    def missing(self) -> list[str]:
        """What was there when the backup was made, still is, and did not come back."""
        return [f"{kind.name}/{name}" for kind in self.kinds for name in kind.missing]

    @property
    def passed(self) -> bool:
        """Whether something came back, and all of it."""
        return bool(self.items) and not self.missing

    def as_json(self) -> dict[str, Any]:
        """All of it, as `--json` has it."""
        return {**asdict(self), "missing": self.missing, "passed": self.passed}


def hold_drill(velero: Velero, namespace: str) -> Drill:
    """Bring `namespace` back from its newest backup, beside itself; BackupError if that cannot be done."""
    backup = velero.newest(namespace)
    name, began = backup["metadata"]["name"], backup["status"]["startTimestamp"]
    modifiers = {"kind": "configmap", "name": _STAYS}
    spec = {"excludedResources": [*_LEFT_OUT, *_ROUTES], "resourceModifier": modifiers, "restorePVs": False}
    with _copy(velero.client, namespace) as copy, velero.restored(name, namespace, copy, spec) as restore:
        kinds = [_compare(velero.client, kind, namespace, copy, began) for kind in _KINDS]
        items = restore["status"].get("progress", {}).get("itemsRestored", 0)
    return Drill(namespace, name, began, items, [kind for kind in kinds if kind.backed_up])


def failed(drill: Drill) -> BackupError:
    """The error about a drill after which something is missing."""
    return BackupError(
        Problem(
            code="PK806",
            summary=f"{drill.namespace} does not come back whole from {drill.backup}",
            found=f"missing: {', '.join(drill.missing)}" if drill.items else "nothing was restored",
            allowed=f"all that was there when the backup was made, at {drill.made}",
            remedy=f"see what it holds: kubectl --namespace {NAMESPACE} get backup {drill.backup} --output yaml",
        )
    )


@contextmanager
def _copy(client: Any, namespace: str) -> Iterator[str]:
    """An empty namespace in which nothing runs, and what Velero is told to change in it; both go afterwards."""
    name = f"drill-{stamp()}-{namespace}"[:63].rstrip("-")
    rules = ConfigMap(metadata=ObjectMeta(name=_STAYS, namespace=NAMESPACE), data={"rules.yaml": _INSIDE})
    nothing = {"pods": "0", "services.loadbalancers": "0", "services.nodeports": "0"}
    try:
        client.create(Namespace(metadata=ObjectMeta(name=name)))
        quota = ResourceQuota(metadata=ObjectMeta(name=_STAYS, namespace=name), spec=ResourceQuotaSpec(hard=nothing))
        client.create(quota)
        client.apply(rules, field_manager="polykube", force=True)
        yield name
    finally:
        forget(client, ConfigMap, _STAYS, NAMESPACE)
        forget(client, Namespace, name)


def _compare(client: Any, kind: Any, namespace: str, copy: str, began: str) -> KindRestored:
    """What the namespace had of `kind` at the time `began`, of which the copy has some."""
    before = datetime.fromisoformat(began)
    original = {name for name, made in _own(client, kind, namespace).items() if made <= before}
    missing = sorted(original - _own(client, kind, copy).keys())
    return KindRestored(kind.__name__, len(original), len(original) - len(missing), missing)


def _own(client: Any, kind: Any, namespace: str) -> Mapping[str, datetime]:
    """When each object of the namespace was made, but for those that something in it makes anew."""
    return {
        each.metadata.name: each.metadata.creationTimestamp
        for each in client.list(kind, namespace=namespace)
        if not each.metadata.ownerReferences and each.metadata.name != "kube-root-ca.crt"
    }
