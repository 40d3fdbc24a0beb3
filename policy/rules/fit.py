"""What is put into a namespace fits its quotas: as it stands, while it is rolled out, and scaled out."""

from collections.abc import Iterator
from typing import Final

from common.quantity import QuantityError
from policy.admission.quotas import Quota, is_pod_key, read_quota
from policy.admission.usage import Excess, NamespaceUsage, excesses, usage_of
from policy.model.kubernetes import POD_SPECS
from policy.model.resource import Resource
from policy.model.rule import Category, Level, RuleFinding, rule
from policy.model.stack import Stack

_QUOTA: Final = frozenset({"ResourceQuota"})
_ROLLOUTS: Final = ("rolling", "peak")
_TOLD_BEFORE: Final = {"peak": ("rolling", "scaled")}  # what is too little then is said of the earlier moment
_REVISIONS: Final = ("count/replicasets.apps", "count/controllerrevisions.apps")
_SLOWER: Final = "without room for all it goes on, and slower"
_NOT_OF_PODS: Final = "the API server refuses what comes last, after the rest was deployed"


@rule(
    id="quota-fits",
    category=Category.QUOTA,
    why="the API server refuses pods one by one, after the rest was deployed",
    kinds={"ResourceQuota", "PersistentVolumeClaim", *POD_SPECS},
)
def quota_fits(subject: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Everything that is put into a namespace is admitted by its ResourceQuotas and LimitRanges."""
    demand = usage_of(stack, subject.namespace)
    if subject.kind == "ResourceQuota":
        yield from _too_small(subject, demand, "stated", "", "lower requests, limits or numbers")
        return
    why = "" if subject.kind in POD_SPECS else _NOT_OF_PODS
    for refusal in demand.refusals:
        if refusal.resource is subject:
            yield RuleFinding(subject, refusal.path, f"it is refused: {refusal.reason}", "Change one of the two.", why)


@rule(
    id="quota-surge",
    category=Category.QUOTA,
    why="a rollout without room stands still",
    kinds=_QUOTA,
)
def quota_surge(quota: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """ResourceQuotas have room for the pods that rollouts add before they take others away."""
    demand = usage_of(stack, quota.namespace)
    when = " while all of them are rolled out"
    yield from _too_small(quota, demand, "rolling", when)
    yield from _too_small(quota, demand, "peak", f"{when}, scaled out as far as may be")


@rule(
    id="quota-hpa-max",
    category=Category.QUOTA,
    level=Level.ADVISORY,
    why="an autoscaler without room cannot help when load comes",
    kinds=_QUOTA,
)
def quota_hpa_max(quota: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """ResourceQuotas have room for as many pods as autoscalers may ask for."""
    demand = usage_of(stack, quota.namespace)
    yield from _too_small(quota, demand, "scaled", " when all are scaled out as far as may be", "lower maxReplicas")


def _too_small(
    resource: Resource, demand: NamespaceUsage, moment: str, when: str, instead: str = ""
) -> Iterator[RuleFinding]:
    """A finding for each key that suffices before the moment and not then; what is known comes first."""
    quota = _read(resource)
    if quota is None:
        return
    told = {excess.key for before in _TOLD_BEFORE.get(moment, ()) for excess in excesses(quota, demand, before)}
    same = {(excess.key, excess.needed) for excess in excesses(quota, demand, "stated")} if moment != "stated" else ()
    for excess in excesses(quota, demand, moment):
        if excess.key not in told and (excess.key, excess.needed) not in same:
            yield RuleFinding(
                resource,
                f"spec.hard[{excess.key}]",
                f"{excess.needed} of {excess.hard} {excess.key} are needed{when}: {_listed(excess)}",
                f"Raise it to {excess.needed}, or {instead or _instead_of_room(excess)}.",
                why=_why(excess, moment),
                advice=moment in _ROLLOUTS and not excess.stuck,
            )
    for unknown in demand.unknown:
        raise unknown


def _why(excess: Excess, moment: str) -> str:
    """What comes of it, where that is not what the rule says."""
    if moment in _ROLLOUTS:
        stuck = ", ".join(title.removeprefix("the revisions of ") for title in excess.stuck)
        return f"without room the rollout of {stuck} stands still" if stuck else _SLOWER
    return "" if moment != "stated" or is_pod_key(excess.key) else _NOT_OF_PODS


def _instead_of_room(excess: Excess) -> str:
    if excess.key in _REVISIONS:
        return "lower revisionHistoryLimit"
    return "set maxUnavailable to 1, so that an old pod goes first" if excess.stuck else "leave it so"


def _read(resource: Resource) -> Quota | None:
    try:
        return read_quota(resource.object_name, resource.spec)
    except QuantityError:
        return None  # the rule quota-sane says so


def _listed(excess: Excess) -> str:
    parts = sorted(excess.parts, key=lambda part: part[2] * part[1], reverse=True)
    return ", ".join(f"{'' if count == 1 else f'{count} × '}{each} for {title}" for title, count, each in parts)
