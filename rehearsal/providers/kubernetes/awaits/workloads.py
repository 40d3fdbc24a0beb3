"""Rules for what keeps pods running: Deployment, StatefulSet, DaemonSet, ReplicationController; and Job."""

from rehearsal.providers.kubernetes.awaits import kstatus, pods
from rehearsal.providers.kubernetes.awaits.rule import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    READY,
    REPLICA_SET,
    Readiness,
    Situation,
    waiting,
)
from rehearsal.providers.kubernetes.objects import (
    Object,
    annotation,
    at,
    is_owned_by,
    items_at,
    name_of,
    number_at,
    text_at,
)

_REVISION = "deployment.kubernetes.io/revision"
_HOPELESS = ("BackoffLimitExceeded", "DeadlineExceeded")


def deployment(situation: Situation) -> Readiness:
    """Available, and the current revision's ReplicaSet has its pods ready; after the first revision, rolled out.

    An exceeded progress deadline is only reported: the rollout may still succeed.
    """
    live = situation.live
    if not situation.once and not _is_observed(live):
        return waiting("the Deployment controller has not taken note of the change yet")
    revision = annotation(live, _REVISION)
    owned = [rs for rs in situation.related[REPLICA_SET] if is_owned_by(rs, live)]
    current = next((rs for rs in owned if annotation(rs, _REVISION) == revision), None) if revision else None
    missing = _unbound_claims(situation)
    if not _is_true(live, "Available"):
        missing.append("fewer Pods are available than the Deployment needs")
    if revision != "1" and not _is_rolled_out(live):
        missing.append("the new ReplicaSet is not available yet")
    if current is None:
        missing.append("there is no ReplicaSet of the current revision yet")
    elif (ready := number_at(current, "status", "readyReplicas")) < (wanted := _replicas(current)):
        missing.append(f"{ready} of {wanted} Pods of the current revision are ready")
    if not missing:
        return READY
    owned_pods = (pod for pod in situation.related[POD] if current and is_owned_by(pod, current))
    return waiting(*missing, *_unmet(live, "Progressing"), *_unmet(live, "Available"), *pods.problems(owned_pods))


def _unmet(live: Object, kind: str) -> list[str]:
    return [
        f"{item.get('reason')}: {item.get('message')}"
        for item in items_at(live, "status", "conditions")
        if item.get("type") == kind and item.get("status") != "True"
    ]


def _is_true(live: Object, kind: str) -> bool:
    return any(c.get("type") == kind and c.get("status") == "True" for c in items_at(live, "status", "conditions"))


def _is_rolled_out(live: Object) -> bool:
    return any(
        c.get("type") == "Progressing" and c.get("status") == "True" and c.get("reason") == "NewReplicaSetAvailable"
        for c in items_at(live, "status", "conditions")
    )


def _unbound_claims(situation: Situation) -> list[str]:
    volumes = items_at(situation.live, "spec", "template", "spec", "volumes")
    mounted = {text_at(volume, "persistentVolumeClaim", "claimName") for volume in volumes}
    return [
        f"PersistentVolumeClaim {name_of(claim)!r} is {text_at(claim, 'status', 'phase') or 'new'}, not Bound"
        for claim in situation.related[PERSISTENT_VOLUME_CLAIM]
        if name_of(claim) in mounted and at(claim, "status", "phase") != "Bound"
    ]


def stateful_set(situation: Situation) -> Readiness:
    """All replicas there, ready and of the newest revision. With OnDelete, an update waits for readiness alone.

    A partitioned rollout never counts as done.
    """
    live = situation.live
    wanted, ready = number_at(live, "spec", "replicas"), number_at(live, "status", "readyReplicas")
    current, newest = text_at(live, "status", "currentRevision"), text_at(live, "status", "updateRevision")
    observed = number_at(live, "status", "observedGeneration") >= number_at(live, "metadata", "generation")
    by_hand = number_at(live, "metadata", "generation") > 1 and at(live, "spec", "updateStrategy", "type") == "OnDelete"
    counts = [number_at(live, "status", "replicas"), ready]
    if not by_hand:
        counts.append(number_at(live, "status", "currentReplicas"))
    reasons = []
    if not observed or any(count != wanted for count in counts):
        reasons.append(f"{min(ready, *counts) if observed else 0} of {wanted} replicas are ready")
    if not by_hand and (not observed or not current or current != newest):
        reasons.append(f"the rollout from revision {current!r} to {newest!r} is not done")
    if not reasons:
        return READY
    return waiting(*reasons, *pods.problems(pod for pod in situation.related[POD] if is_owned_by(pod, live)))


def daemon_set(situation: Situation) -> Readiness:
    """As many updated pods available and ready as nodes want one."""
    status = kstatus.compute(situation.live)
    if status.current:
        return READY
    owned = (pod for pod in situation.related[POD] if is_owned_by(pod, situation.live))
    return waiting(status.message, *pods.problems(owned))


def replication_controller(situation: Situation) -> Readiness:
    """As many replicas available as wanted."""
    wanted, available = (at(situation.live, *path) for path in (("spec", "replicas"), ("status", "availableReplicas")))
    if available is not None and wanted == available:
        return READY
    return waiting(f"{available or 0} of {wanted} replicas are available")


def job(situation: Situation) -> Readiness:
    """Started and complete. Two ways of failing end the wait; others may be retried until it times out."""
    live = situation.live
    conditions = [c for c in items_at(live, "status", "conditions") if c.get("status") == "True"]
    for condition in conditions:
        if condition.get("type") == "Failed" and condition.get("reason") in _HOPELESS:
            return Readiness(ready=False, reasons=(f"{condition['reason']}: {condition.get('message')}",), failed=True)
    if text_at(live, "status", "startTime") and any(c.get("type") == "Complete" for c in conditions):
        return READY
    active, succeeded, failed = (number_at(live, "status", key) for key in ("active", "succeeded", "failed"))
    owned = (pod for pod in situation.related[POD] if is_owned_by(pod, live))
    return waiting(f"{active} Pods active, {succeeded} succeeded, {failed} failed", *pods.problems(owned))


def _is_observed(live: Object) -> bool:
    return number_at(live, "status", "observedGeneration") == number_at(live, "metadata", "generation")


def _replicas(replica_set: Object) -> int:
    replicas = at(replica_set, "spec", "replicas")
    return replicas if isinstance(replicas, int) else 1
