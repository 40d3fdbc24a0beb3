"""Cost: node pools do not grow without end, and of machines that were agreed on.

Input names: pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29, Karpenter v1.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from policy.model.nodes import NODE_KINDS, node_sets_of
from policy.model.resource import Resource
from policy.model.rule import Category, Level, Option, RuleFinding, rule

_MOST: Final = 100
_ALLOWED: Final = (
    *("t3.*", "t3a.*", "t4g.*", "m[5-9]*.*", "c[5-9]*.*", "r[5-9]*.*"),  # Amazon EC2
    *("e2-*", "n2-*", "n2d-*", "n4-*", "c3-*", "c4-*", "t2d-*"),  # Google Compute Engine
    *("Standard_B*", "Standard_D*", "Standard_E*", "Standard_F*"),  # Azure
)
_KARPENTER: Final = "NodePool.karpenter.sh"
_SCALING_GROUP: Final = "aws:autoscaling/group:Group"


@rule(
    id="nodepool-max",
    category=Category.COST,
    why="an autoscaler buys machines for as long as there are pods that wait",
    kinds={*NODE_KINDS, _KARPENTER, _SCALING_GROUP},
    options=(Option("most", int, _MOST, "Nodes that one pool may have."),),
)
def nodepool_max(resource: Resource, *, most: int) -> Iterator[RuleFinding]:
    """Every node pool has an upper bound that somebody is ready to pay for."""
    for path, maximum in _maxima(resource):
        if maximum is None:
            yield RuleFinding(
                resource, path, "nothing bounds how many nodes there may be", f"Set it to at most {most}."
            )
        elif maximum > most:
            yield RuleFinding(resource, path, f"there may be {maximum} nodes, more than {most}", f"Lower it to {most}.")


def _maxima(resource: Resource) -> Iterator[tuple[str, int | None]]:
    """Path and value of each upper bound of a number of nodes."""
    if resource.kind == _SCALING_GROUP:
        maximum = resource.properties.get("maxSize")
        yield "maxSize", None if maximum is None else int(maximum)
    elif resource.kind == _KARPENTER:
        if not resource.spec.get("limits"):
            yield "spec.limits", None
    else:
        for nodes in node_sets_of(resource):
            yield nodes.path, nodes.maximum


def _at(*path: str) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]:
    """Reads the machine type at a path."""

    def read(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        value: Any = properties
        for key in path:
            value = (value or {}).get(key)
        yield ".".join(path), value

    return read


def _each(list_key: str, *keys: str) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]:
    """Reads the machine types in a list."""

    def read(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for index, item in enumerate(properties.get(list_key) or ()):
            if not keys:
                yield f"{list_key}[{index}]", item
            else:
                for path, value in _at(*keys)(item):
                    yield f"{list_key}[{index}].{path}", value

    return read


def _gke_cluster(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from _at("nodeConfig", "machineType")(properties)
    yield from _each("nodePools", "nodeConfig", "machineType")(properties)


_MACHINES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]]] = {
    "aws:eks/nodeGroup:NodeGroup": _each("instanceTypes"),
    "aws:ec2/launchTemplate:LaunchTemplate": _at("instanceType"),
    "aws:ec2/instance:Instance": _at("instanceType"),
    "gcp:container/cluster:Cluster": _gke_cluster,
    "gcp:container/nodePool:NodePool": _at("nodeConfig", "machineType"),
    "gcp:compute/instance:Instance": _at("machineType"),
    "gcp:compute/instanceTemplate:InstanceTemplate": _at("machineType"),
    "azure-native:containerservice:AgentPool": _at("vmSize"),
    "azure-native:containerservice:ManagedCluster": _each("agentPoolProfiles", "vmSize"),
    "azure-native:compute:VirtualMachine": _at("hardwareProfile", "vmSize"),
    "azure-native:compute:VirtualMachineScaleSet": _at("sku", "name"),
}


@rule(
    id="instance-allowlist",
    category=Category.COST,
    level=Level.ADVISORY,
    why="a machine with one letter more can cost ten times as much",
    kinds=_MACHINES,
    options=(Option("allowed", list[str], list(_ALLOWED), "Patterns of machine types: m5.*, e2-*."),),
)
def instance_allowlist(resource: Resource, *, allowed: list[str]) -> Iterator[RuleFinding]:
    """Machines are of types that were agreed on."""
    for path, machine in _MACHINES[resource.kind](resource.properties):
        if machine is not None and not any(fnmatchcase(str(machine), pattern) for pattern in allowed):
            remedy = f"Take one of {', '.join(allowed)}, or add it to the rule's option `allowed`."
            yield RuleFinding(resource, path, f"machine type {machine} is not one that was agreed on", remedy)
