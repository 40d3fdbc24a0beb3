"""What else in a stack decides what a pod counts for: its namespace's limits, quotas and autoscalers, the cluster."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from common.quantity import QuantityError
from policy.admission.limit_ranges import LimitRangeItem, read_limits
from policy.admission.quotas import Quota, read_quota
from policy.model.nodes import NodeSet, node_sets
from policy.model.resource import Resource
from policy.model.stack import Stack
from policy.model.unknown import Undetermined, Unknown

T = TypeVar("T")
_ES: Final = ("s", "x", "z", "ch", "sh")
_VOWELS: Final = ("a", "e", "i", "o", "u")


def _nodes(stack: Stack) -> Sequence[NodeSet]:
    found = tuple(node_sets(stack))
    if not found:
        raise Undetermined(Unknown("the number of nodes"))
    return found


@dataclass(frozen=True, eq=False)
class StackFacts:
    """What a stack says of the cluster as a whole."""

    stack: Stack

    @property
    def nodes(self) -> Sequence[NodeSet]:
        """All nodes; Undetermined where their number is not known, or the stack describes none."""
        return self.stack.once(_nodes)

    @cached_property
    def overheads(self) -> Mapping[str, Mapping[str, Any]]:
        """What a pod of each RuntimeClass needs besides its containers."""
        classes = self.stack.of_kind("RuntimeClass")
        return {it.object_name: (it.properties.get("overhead") or {}).get("podFixed") or {} for it in classes}

    @cached_property
    def priority_class(self) -> str:
        """The class of pods that state none; empty where there is no such class."""
        defaults = (it.object_name for it in self.stack.of_kind("PriorityClass") if it.properties.get("globalDefault"))
        return next(defaults, "")

    @cached_property
    def storage_class(self) -> str:
        """The class of volume claims that state none; empty where the stack has no such class."""
        mark = "storageclass.kubernetes.io/is-default-class"
        defaults = (
            it.object_name
            for it in self.stack.of_kind("StorageClass")
            if (it.metadata.get("annotations") or {}).get(mark) == "true"
        )
        return next(defaults, "")

    @cached_property
    def _plurals(self) -> Mapping[str, str]:
        names = ((it.spec.get("names") or {}) for it in self.stack.of_kind("CustomResourceDefinition"))
        return {str(name["kind"]): str(name["plural"]) for name in names if name}

    def plural(self, kind: str) -> str:
        """The name of a kind's collection, by its definition or by the rules of English that kinds follow."""
        if kind in self._plurals:
            return self._plurals[kind]
        lower = kind.lower()
        if lower == "endpoints":
            return lower
        if lower.endswith("y") and not lower.endswith(tuple(f"{vowel}y" for vowel in _VOWELS)):
            return f"{lower[:-1]}ies"
        return f"{lower}es" if lower.endswith(_ES) else f"{lower}s"


@dataclass(frozen=True)
class NamespaceFacts:
    """What a namespace holds besides workloads. `limits` is None where a LimitRange is not known yet."""

    limits: Sequence[LimitRangeItem] | None
    quotas: Sequence[Quota]
    scalers: Mapping[tuple[str, str], Resource]  # by kind and name of what they scale

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> "NamespaceFacts":
        """The place that the objects of one namespace make."""
        by_kind: dict[str, list[Resource]] = {"LimitRange": [], "ResourceQuota": [], "HorizontalPodAutoscaler": []}
        for resource in resources:
            by_kind.get(resource.kind, []).append(resource)
        ranges = sorted(by_kind["LimitRange"], key=lambda it: it.object_name)
        limits = [_known(lambda it: tuple(read_limits(it.object_name, it.spec)), it) for it in ranges]
        quotas = [_known(lambda it: read_quota(it.object_name, it.spec), it) for it in by_kind["ResourceQuota"]]
        return cls(
            None if None in limits else [item for items in limits for item in items or ()],
            [quota for quota in quotas if quota],
            {_target(scaler): scaler for scaler in by_kind["HorizontalPodAutoscaler"]},
        )


def _target(scaler: Resource) -> tuple[str, str]:
    reference = scaler.spec.get("scaleTargetRef") or {}
    return str(reference.get("kind")), str(reference.get("name"))


def _known(read: Callable[[Resource], T], resource: Resource) -> T | None:
    """What `read` makes of a resource; None where that is not known yet, or is no quantity (rule quota-sane)."""
    try:
        return read(resource)
    except (Undetermined, QuantityError):
        return None
