"""Disruption budgets: as the disruption controller of Kubernetes 1.36 computes them, with every pod healthy."""

from collections.abc import Iterator
from typing import Any, Final

from common.reachability import selects
from policy.kubernetes import pod_template
from policy.model import Category, Finding, Level, Resource, Rule, Stack, StackRule

_COUNTED: Final = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Pod")
_UNCOUNTED: Final = ("DaemonSet", "Job", "CronJob")


def _pdb_sane(budget: Resource, stack: Stack) -> Iterator[Finding]:
    field = "maxUnavailable" if budget.spec.get("maxUnavailable") is not None else "minAvailable"
    given = budget.spec.get(field)
    matched = [each for each in _in_its_namespace(budget, stack, *_COUNTED) if _covers(budget, each)]
    others = any(_covers(budget, each) for each in _in_its_namespace(budget, stack, *_UNCOUNTED))
    pods = sum(_replicas(workload, stack) for workload in matched)
    if given is None:
        found = "it says neither minAvailable nor maxUnavailable, and so allows no eviction"
    elif others or not matched:
        found = f"{given} allows no eviction, however many pods there are" if _never(field, given) else ""
    elif pods and _evictions(field, given, pods) < 1:
        found = f"{given} allows no eviction of the {pods} pod{'s' * (pods > 1)} that it covers"
    else:
        found = ""
    if found:
        remedy = "Set maxUnavailable to 1, and run more replicas than must stay."
        yield Finding(budget, f"spec.{field}", found, remedy)


def _in_its_namespace(budget: Resource, stack: Stack, *kinds: str) -> Iterator[Resource]:
    return stack.of_kind(*kinds, namespace=budget.namespace)


def _covers(budget: Resource, workload: Resource) -> bool:
    labels = (pod_template(workload).get("metadata") or {}).get("labels") or {}
    return selects(budget.spec.get("selector"), labels)


def _replicas(workload: Resource, stack: Stack) -> int:
    """The fewest pods that it has, all healthy."""
    if workload.kind == "Pod":
        return 1
    for scaler in _in_its_namespace(workload, stack, "HorizontalPodAutoscaler"):
        target = scaler.spec.get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (workload.kind, workload.object_name):
            return int(scaler.spec.get("minReplicas") or 1)
    replicas = workload.spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def _evictions(field: str, given: Any, pods: int) -> int:
    """How many of `pods` may be evicted at once. Percentages are rounded up."""
    percent = isinstance(given, str) and given.endswith("%")
    amount = -(-pods * int(given[:-1]) // 100) if percent else int(given)
    return amount if field == "maxUnavailable" else pods - amount


def _never(field: str, given: Any) -> bool:
    return str(given) in (("0", "0%") if field == "maxUnavailable" else ("100%",))


RULES: Final[tuple[Rule, ...]] = (
    StackRule(
        id="pdb-sane",
        category=Category.WORKLOAD,
        level=Level.MANDATORY,
        summary="Every PodDisruptionBudget allows at least one eviction.",
        why="one that allows none stops every node upgrade until somebody deletes it",
        kinds=frozenset({"PodDisruptionBudget"}),
        check=_pdb_sane,
    ),
)
