"""Readiness from an object's own status, as sigs.k8s.io/cli-utils kstatus (v0.37.2) reads it.

Used for DaemonSets, and, with PULUMI_K8S_AWAIT_ALL=true, for every kind that has no rule of its own.
Kinds that do have one are left out.
"""

import os
from collections.abc import Callable
from typing import Final, NamedTuple

from rehearsal.providers.kubernetes.awaits.rule import READY, Readiness, Situation, waiting
from rehearsal.providers.kubernetes.objects import Object, at, items_at, kind_of, number_at, text_at


class ObjectStatus(NamedTuple):
    """Whether the object is as it should be, and what keeps it from that."""

    current: bool
    message: str = ""


_CURRENT: Final = ObjectStatus(current=True)


def judge(situation: Situation) -> Readiness:
    """Ready once the status says so; whatever has no telling status is ready at once."""
    status = compute(situation.live)
    return READY if status.current else waiting(status.message)


def applies_to_all() -> bool:
    """Whether the user wants every kind to be waited for."""
    return os.environ.get("PULUMI_K8S_AWAIT_ALL") == "true"


def compute(obj: Object) -> ObjectStatus:
    """The status of `obj`."""
    if text_at(obj, "metadata", "deletionTimestamp"):
        return ObjectStatus(current=False, message="the object is being deleted")
    generation, observed = at(obj, "metadata", "generation"), at(obj, "status", "observedGeneration")
    if generation is not None and observed is not None and generation != observed:
        return ObjectStatus(current=False, message=f"generation {generation} is not observed yet, {observed} is")
    for word in ("Reconciling", "Stalled"):
        if (condition := _condition(obj, word)).get("status") == "True":
            return ObjectStatus(current=False, message=text_at(condition, "message") or word)
    kind = kind_of(obj)
    return _BY_KIND.get((kind.group, kind.kind), _ready_condition)(obj)


def _ready_condition(obj: Object) -> ObjectStatus:
    condition = _condition(obj, "Ready")
    if condition.get("status") in ("False", "Unknown"):
        return ObjectStatus(current=False, message=f"{condition.get('reason', '')}: {condition.get('message', '')}")
    return _CURRENT


def _daemon_set(obj: Object) -> ObjectStatus:
    desired = at(obj, "status", "desiredNumberScheduled")
    if desired is None or at(obj, "status", "observedGeneration") is None:
        return ObjectStatus(current=False, message="the DaemonSet controller has not taken note of the object yet")
    for key in ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"):
        if (count := number_at(obj, "status", key)) < desired:
            return ObjectStatus(current=False, message=f"{key}: {count} of {desired}")
    return _CURRENT


def _replica_set(obj: Object) -> ObjectStatus:
    if _condition(obj, "ReplicaFailure").get("status") == "True":
        return ObjectStatus(current=False, message=text_at(_condition(obj, "ReplicaFailure"), "message"))
    wanted = at(obj, "spec", "replicas")
    wanted = 1 if wanted is None else wanted
    for key in ("fullyLabeledReplicas", "availableReplicas", "readyReplicas"):
        if (count := number_at(obj, "status", key)) < wanted:
            return ObjectStatus(current=False, message=f"{key}: {count} of {wanted}")
    if (count := number_at(obj, "status", "replicas")) > wanted:
        return ObjectStatus(current=False, message=f"{count - wanted} replicas still have to go")
    return _CURRENT


def _crd(obj: Object) -> ObjectStatus:
    names, established = _condition(obj, "NamesAccepted"), _condition(obj, "Established")
    if names.get("status") != "False" and established.get("status") == "True":
        return _CURRENT
    return ObjectStatus(current=False, message=text_at(names, "message") or "the CRD is not established yet")


def _condition(obj: Object, kind: str) -> Object:
    return next((item for item in items_at(obj, "status", "conditions") if item.get("type") == kind), {})


_BY_KIND: Final[dict[tuple[str, str], Callable[[Object], ObjectStatus]]] = {
    ("", "ConfigMap"): lambda _: _CURRENT,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "CronJob"): lambda _: _CURRENT,
    ("policy", "PodDisruptionBudget"): lambda _: _CURRENT,
}
