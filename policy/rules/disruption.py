"""Disruption budgets: as the disruption controller and the eviction API reckon with them, with every pod healthy.

Rules: pkg/controller/disruption and pkg/registry/core/pod/storage/eviction.go (v1.36.3).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from common.reachability import selects
from policy.model.kubernetes import POD_SPECS, not_made_by_others, pod_template
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.workloads import pods_of

_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})
_UNSCALED: Final = frozenset({"DaemonSet", "Job", "CronJob"})  # nothing says how many pods they should have
_REMEDY: Final = "Set maxUnavailable to 1, and run more replicas than must stay."
_BY_NUMBER: Final = "Set minAvailable to a number, or select only what Deployments and the like make."


@rule(
    id="pdb-sane",
    category=Category.WORKLOAD,
    why="one that allows none stops every node upgrade until somebody deletes it",
    kinds={"PodDisruptionBudget"},
)
def pdb_sane(budget: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every PodDisruptionBudget allows at least one eviction, and no pod has two of them."""
    covered = [each for each in stack.once(_workloads).get(budget.namespace, ()) if _covers(budget, each)]
    field = "maxUnavailable" if budget.spec.get("maxUnavailable") is not None else "minAvailable"
    given = budget.spec.get(field)
    if given is None:
        found = "it says neither minAvailable nor maxUnavailable, and so allows no eviction"
        yield RuleFinding(budget, f"spec.{field}", found, _REMEDY)
    else:
        for found, remedy in _why_none(field, given, covered, stack):
            yield RuleFinding(budget, f"spec.{field}", f"{given} allows no eviction{found}", remedy)
    for other in stack.of_kind("PodDisruptionBudget", namespace=budget.namespace):
        if other is not budget and (shared := [each for each in covered if _covers(other, each)]):
            found = f"{_titles(shared)} is covered by the budget {other.object_name} as well: no eviction succeeds"
            yield RuleFinding(budget, "spec.selector", found, "Let only one budget select each pod.")


def _why_none(field: str, given: Any, covered: Sequence[Resource], stack: Stack) -> Iterator[tuple[str, str]]:
    """Why a budget allows no eviction, and what to do, where it allows none."""
    scaled = sum(fewest_pods(each, stack) for each in covered if each.kind in _SCALED)
    bare = sum(each.kind == "Pod" for each in covered)
    unscaled = [each for each in covered if each.kind in _UNSCALED and not each.spec.get("suspend")]
    of_scale = field == "maxUnavailable" or isinstance(given, str)  # a part of what controllers should have
    if (unscaled or not covered) and _never(field, given):
        yield ", however many pods there are", _REMEDY
    elif unscaled and of_scale:
        yield f" while {_titles(unscaled)} has pods, as nothing says how many it should have", _BY_NUMBER
    elif of_scale and bare and not scaled:
        yield f" of the {_pods(bare)} that it covers, as nothing says how many there should be", _BY_NUMBER
    elif any(each.kind == "DaemonSet" for each in unscaled):
        return  # there is a pod on each node
    elif not scaled + bare and (at_once := sum(pods_of(each, None, ()).stated for each in unscaled)):
        if _evictions(field, given, 0, at_once) < 1:
            yield f" of the {_pods(at_once)} that it covers", _REMEDY
    elif scaled + bare and _evictions(field, given, scaled, bare) < 1:  # as long as no job runs
        yield f" of the {_pods(scaled + bare)} that it covers", _REMEDY


def _workloads(stack: Stack) -> Mapping[str, Sequence[Resource]]:
    """What makes pods, by namespace."""
    found: dict[str, list[Resource]] = {}
    for each in stack.of_kind(*POD_SPECS):
        found.setdefault(each.namespace, []).append(each)
    return {namespace: list(not_made_by_others(workloads)) for namespace, workloads in found.items()}


def _covers(budget: Resource, workload: Resource) -> bool:
    labels = (pod_template(workload).get("metadata") or {}).get("labels") or {}
    return selects(budget.spec.get("selector"), labels)


def fewest_pods(workload: Resource, stack: Stack) -> int:
    """The fewest pods that it has, all healthy."""
    for scaler in stack.of_kind("HorizontalPodAutoscaler", namespace=workload.namespace):
        target = scaler.spec.get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (workload.kind, workload.object_name):
            return int(scaler.spec.get("minReplicas") or 1)
    replicas = workload.spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def _evictions(field: str, given: Any, scaled: int, bare: int) -> int:
    """How many pods may be evicted at once, where there are as many.

    Percentages are of what controllers should have, rounded up.
    """
    amount = -(-scaled * int(given[:-1]) // 100) if isinstance(given, str) else int(given)
    return scaled + bare - (scaled - amount if field == "maxUnavailable" else amount)


def _never(field: str, given: Any) -> bool:
    return str(given) in (("0", "0%") if field == "maxUnavailable" else ("100%",))


def _titles(workloads: Sequence[Resource]) -> str:
    return ", ".join(f"{each.kind}/{each.object_name}" for each in workloads)


def _pods(count: int) -> str:
    return f"{count} pod{'s' * (count > 1)}"
