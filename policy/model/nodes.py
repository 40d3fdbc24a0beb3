"""The nodes of a stack, as far as it says which there are: Node objects and the clouds' node pools.

pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29; matching as the DaemonSet controller does it
(pkg/controller/daemon and component-helpers/scheduling/corev1/nodeaffinity, Kubernetes 1.36).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.reserved import NODE_CONDITIONS
from policy.model.resource import Resource
from policy.model.stack import Stack

Taint = tuple[str, str, str]  # key, value, effect
_KEEPS_OFF: Final = ("NoSchedule", "NoExecute")
_EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
_SYSTEM: Final = "kubernetes.io/os"  # the kubelet's label
_LINUX: Final = "linux"
_WINDOWS: Final = "windows"
_WINDOWS_TAINT: Final = ("node.kubernetes.io/os", _WINDOWS, "NoSchedule")  # GKE's own doing


@dataclass(frozen=True)
class NodeSet:
    """Alike nodes: how many there are now, and how many there may be; `system` is what they run."""

    resource: Resource
    path: str  # of the field that bounds it
    count: int
    maximum: int | None  # None where nothing bounds the autoscaler
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    name: str = ""
    system: str = _LINUX

    @property
    def all_labels(self) -> Mapping[str, str]:
        """The labels, with the one that each node gives itself."""
        return {_SYSTEM: self.system, **self.labels}


def node_sets(stack: Stack) -> Iterator[NodeSet]:
    """All nodes that the stack describes; Undetermined where it does not say yet how many."""
    for resource in stack.resources:
        yield from node_sets_of(resource)


def node_sets_of(resource: Resource) -> Iterator[NodeSet]:
    """The nodes that one resource describes."""
    if reader := _READERS.get(resource.kind):
        yield from reader(resource)


def takes(nodes: NodeSet, pod_spec: Mapping[str, Any]) -> bool:
    """Whether a DaemonSet with pods of `pod_spec` runs one on each of the nodes."""
    selector = pod_spec.get("nodeSelector") or {}
    if any(nodes.all_labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = ((pod_spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity is not None and not any(_fits(term, nodes) for term in affinity.get("nodeSelectorTerms") or ()):
        return False
    tolerations = pod_spec.get("tolerations") or ()
    return all(_tolerated(taint, tolerations) for taint in nodes.taints if taint[2] in _KEEPS_OFF)


def _fits(term: Mapping[str, Any], nodes: NodeSet) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    return bool(expressions or fields) and all(
        _holds(expression, given.get(expression["key"]))
        for given, wanted in ((nodes.all_labels, expressions), ({"metadata.name": nodes.name}, fields))
        for expression in wanted
    )


def _holds(expression: Mapping[str, Any], value: str | None) -> bool:
    values: list[str] = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and int(value) > int(values[0])
        case _:  # Lt
            return value is not None and int(value) < int(values[0])


def _tolerated(taint: Taint, tolerations: Iterable[Mapping[str, Any]]) -> bool:
    key, value, effect = taint
    return key in NODE_CONDITIONS or any(
        it.get("key") in (None, "", key)
        and it.get("effect") in (None, "", effect)
        and (it.get("operator") == "Exists" or (it.get("key") and (it.get("value") or "") == value))
        for it in tolerations
    )


def _node(resource: Resource) -> Iterator[NodeSet]:
    yield NodeSet(resource, "", 1, 1, resource.labels, _taints(resource.spec.get("taints")), resource.object_name)


def _taints(given: Iterable[Mapping[str, Any]] | None) -> tuple[Taint, ...]:
    return tuple((it["key"], it.get("value") or "", _EFFECTS.get(it["effect"], it["effect"])) for it in given or ())


def _node_group(resource: Resource) -> Iterator[NodeSet]:
    scaling = resource.properties.get("scalingConfig") or {}
    taints = _taints(resource.properties.get("taints"))
    count, maximum = scaling.get("desiredSize") or 0, scaling.get("maxSize")
    labels = resource.properties.get("labels") or {}
    system = _system(resource.properties.get("amiType"))
    yield NodeSet(resource, "scalingConfig.maxSize", int(count), _whole(maximum), labels, taints, system=system)


def _gke_pool(resource: Resource) -> Iterator[NodeSet]:
    yield _pool_of_gke(resource, resource.properties, "")


def _gke_cluster(resource: Resource) -> Iterator[NodeSet]:
    for index, pool in enumerate(resource.properties.get("nodePools") or ()):
        yield _pool_of_gke(resource, pool, f"nodePools[{index}].")


def _pool_of_gke(resource: Resource, given: Mapping[str, Any], path: str) -> NodeSet:
    config = given.get("nodeConfig") or {}
    system = _system(config.get("imageType"))
    taints = (*_taints(config.get("taints")), *([_WINDOWS_TAINT] if system == _WINDOWS else ()))
    zones = len(given.get("nodeLocations") or ()) or 1
    count = int(given.get("nodeCount") or given.get("initialNodeCount") or 0) * zones
    labels = config.get("labels") or {}
    scaling = given.get("autoscaling")
    if not scaling:
        return NodeSet(resource, f"{path}nodeCount", count, count, labels, taints, system=system)
    if (in_all := scaling.get("totalMaxNodeCount")) is not None:
        at = f"{path}autoscaling.totalMaxNodeCount"
        return NodeSet(resource, at, count, int(in_all), labels, taints, system=system)
    each = _whole(scaling.get("maxNodeCount"))
    maximum = None if each is None else each * zones
    return NodeSet(resource, f"{path}autoscaling.maxNodeCount", count, maximum, labels, taints, system=system)


def _agent_pool(resource: Resource) -> Iterator[NodeSet]:
    yield _aks_pool(resource, resource.properties, "")


def _managed_cluster(resource: Resource) -> Iterator[NodeSet]:
    for index, pool in enumerate(resource.properties.get("agentPoolProfiles") or ()):
        yield _aks_pool(resource, pool, f"agentPoolProfiles[{index}].")


def _aks_pool(resource: Resource, pool: Mapping[str, Any], path: str) -> NodeSet:
    count = int(pool.get("count") or 0)
    scaled = bool(pool.get("enableAutoScaling"))
    taints = tuple(_aks_taint(text) for text in pool.get("nodeTaints") or ())
    labels = {"kubernetes.azure.com/mode": str(pool.get("mode") or "User").lower(), **(pool.get("nodeLabels") or {})}
    field = f"{path}{'maxCount' if scaled else 'count'}"
    maximum = _whole(pool.get("maxCount")) if scaled else count
    return NodeSet(resource, field, count, maximum, labels, taints, system=_system(pool.get("osType")))


def _aks_taint(text: str) -> Taint:
    """A taint as `kubectl taint` writes it: `key=value:effect`."""
    key_and_value, _, effect = text.rpartition(":")
    key, _, value = key_and_value.partition("=")
    return key, value, effect


def _system(named: Any) -> str:
    """What nodes run, by the name of their image or the kind of it: `WINDOWS_CORE_2022_x86_64`."""
    return _WINDOWS if str(named).lower().startswith(_WINDOWS) else _LINUX


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


_READERS: Final[Mapping[str, Callable[[Resource], Iterator[NodeSet]]]] = {
    "Node": _node,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "gcp:container/cluster:Cluster": _gke_cluster,
    "gcp:container/nodePool:NodePool": _gke_pool,
    "azure-native:containerservice:AgentPool": _agent_pool,
    "azure-native:containerservice:ManagedCluster": _managed_cluster,
}
NODE_KINDS: Final = frozenset(_READERS) - {"Node"}  # what scales, rather than a node by itself
