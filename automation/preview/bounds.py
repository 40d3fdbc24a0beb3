"""How much tenants and node pools may take, before and after: what is left of quotas, and the most nodes there can be.

What a stack puts into a namespace is counted as the policy pack counts it; what else runs there is not known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulumi.automation.events import OpType, StepEventMetadata, StepEventStateMetadata

from automation.preview.in_json import InJson
from common.quantity import Quantity, QuantityError
from components.naming import TENANT_LABEL
from policy.admission.quotas import Quota, read_quota
from policy.admission.usage import usage_of
from policy.model.nodes import NodeSet, node_sets_of
from policy.model.resource import Resource
from policy.model.stack import Stack
from policy.model.unknown import Undetermined

_WITH_NEW: Final = frozenset({OpType.SAME, OpType.CREATE, OpType.UPDATE, OpType.REPLACE, OpType.IMPORT})
_WITH_OLD: Final = frozenset({OpType.SAME, OpType.DELETE, OpType.UPDATE, OpType.REPLACE})
_MACHINES: Final[Mapping[str, tuple[str, ...]]] = {  # where a pool of each kind says what its machines are
    "aws:eks/nodeGroup:NodeGroup": ("instanceTypes",),
    "gcp:container/cluster:Cluster": ("nodeConfig", "machineType"),
    "gcp:container/nodePool:NodePool": ("nodeConfig", "machineType"),
    "azure-native:containerservice:AgentPool": ("vmSize",),
    "azure-native:containerservice:ManagedCluster": ("vmSize",),
}
_ANY: Final = "any number"


@dataclass(frozen=True, order=True)
class Bound(InJson):
    """A bound before and after; empty where there is or was none. `left` is what the stack itself leaves of it."""

    subject: str
    what: str
    before: str
    after: str
    left_before: str = ""
    left_after: str = ""

    @property
    def changes(self) -> bool:
        """Whether it is another one afterwards."""
        return (self.before, self.left_before) != (self.after, self.left_after)


def stacks_of(steps: Iterable[StepEventMetadata]) -> tuple[Stack, Stack]:
    """The resources before and after, as policies see them."""
    listed = list(steps)
    old = [_resource(step.old) for step in listed if step.op in _WITH_OLD and step.old]
    new = [_resource(step.new) for step in listed if step.op in _WITH_NEW and step.new]
    return Stack(old), Stack(new)


def quotas(before: Stack, after: Stack) -> list[Bound]:
    """The quotas of every tenant: what they are, and what is left of them."""
    old, new = _quotas(before), _quotas(after)
    return [
        Bound(*key, *(str(side[key][0]) if key in side else "" for side in (old, new)), *_left(key, old, new))
        for key in sorted({*old, *new})
    ]


def nodes(before: Stack, after: Stack) -> list[Bound]:
    """The most nodes that there may be of each machine type."""
    old, new = _most_nodes(before), _most_nodes(after)
    return [Bound("nodes", machine, old.get(machine, ""), new.get(machine, "")) for machine in sorted({*old, *new})]


_Amounts = Mapping[tuple[str, str], tuple[Quantity, Quantity | None]]


def _left(key: tuple[str, str], *sides: _Amounts) -> Iterator[str]:
    for side in sides:
        left = side[key][1] if key in side else None
        yield "" if left is None else str(left)


def _quotas(stack: Stack) -> dict[tuple[str, str], tuple[Quantity, Quantity | None]]:
    """Hard amount and what is left, by tenant and key; the name of a quota is told where it counts some pods only."""
    found: dict[tuple[str, str], tuple[Quantity, Quantity | None]] = {}
    for namespace in stack.of_kind("Namespace"):
        try:
            if TENANT_LABEL not in namespace.labels:
                continue
            for resource in stack.of_kind("ResourceQuota", namespace=namespace.object_name):
                quota = read_quota(resource.object_name, resource.spec)
                for key, hard in quota.hard.items():
                    what = f"{key} ({quota.name})" if quota.scopes else key
                    found[namespace.object_name, what] = hard, _room(stack, namespace.object_name, quota, key)
        except (Undetermined, QuantityError):
            continue
    return found


def _room(stack: Stack, namespace: str, quota: Quota, key: str) -> Quantity | None:
    """What the stack itself leaves of a quota's key; None where that is not known."""
    hard = quota.hard[key]
    try:
        usage = usage_of(stack, namespace)
        objects = [each for each in usage.objects if key in each.amounts and each.counted_by(quota)]
        needed = sum((each.amounts[key] * each.times.stated for each in objects), Quantity(0))
    except Undetermined:
        return None
    return None if usage.unknown else Quantity(hard.nanos - needed.nanos, hard.format)


def _most_nodes(stack: Stack) -> dict[str, str]:
    most: dict[str, int | None] = {}
    for resource in stack.resources:
        try:
            for nodes_ in node_sets_of(resource):
                machine = _machine(nodes_)
                before = most.get(machine, 0)
                most[machine] = None if before is None or nodes_.maximum is None else before + nodes_.maximum
        except Undetermined:
            continue
    return {machine: _ANY if number is None else str(number) for machine, number in most.items()}


def _machine(nodes_: NodeSet) -> str:
    """The machine type of a pool, or the types of which it takes what there is."""
    if nodes_.resource.kind not in _MACHINES:
        return str(nodes_.labels.get("node.kubernetes.io/instance-type") or "simulated")
    value: Any = nodes_.resource.properties
    pool, inner, _ = nodes_.path.partition("].")
    if inner:  # one of the pools in a cluster
        field, _, index = pool.partition("[")
        value = value[field][int(index)]
    for step in _MACHINES[nodes_.resource.kind]:
        value = (value or {}).get(step)
    return " or ".join(value) if isinstance(value, list) else str(value or "the cloud's choice")


def _resource(state: StepEventStateMetadata) -> Resource:
    return Resource.planned(state.urn, state.type, state.inputs or {}, protect=bool(state.protect))
