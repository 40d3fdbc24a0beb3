"""Waiting until a deleted object is gone, finalizers and all."""

import threading
import time
from functools import partial
from typing import Final

from rehearsal.providers.kubernetes.annotations import SKIP_AWAIT, is_true
from rehearsal.providers.kubernetes.api import ApiError
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.awaits.words import Telling, held_by
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.objects import Object, at, kind_of, name_of, namespace_of, text_at
from rehearsal.providers.kubernetes.watching import METADATA

_SKIPPABLE: Final = frozenset(
    {
        "apps/v1/DaemonSet",
        "apps/v1/Deployment",
        "apps/v1/StatefulSet",
        "batch/v1/Job",
        "v1/Namespace",
        "v1/Pod",
        "v1/ReplicationController",
    }
)
_ASK_AGAIN: Final = 10.0  # seconds; events come by themselves, but a watch may have missed one


def until_gone(cluster: ReachableCluster, urn: str, inputs: Object, live: Object, limit: float) -> None:
    """Wait until `live`, deleted already, is gone; NotReady with what is left after `limit` seconds."""
    if is_true(inputs, SKIP_AWAIT) and str(kind_of(inputs)) in _SKIPPABLE:
        return
    if (remains := _find(cluster, live)) is None:
        return
    uid = text_at(remains, "metadata", "uid")
    end = time.monotonic() + limit
    changed, telling = threading.Event(), Telling(cluster, urn)
    paths = [cluster.collection(kind_of(live), namespace_of(live))]
    with cluster.watching.collections(changed, paths, METADATA) as (collection,):
        while remains is not None:
            left = end - time.monotonic()
            if left <= 0 or cluster.api.cancelled.is_set():
                _give_up(cluster, urn, remains, timed_out=left <= 0)
            telling.tell(partial(_held, cluster, live))
            woken = changed.wait(min(left, _ASK_AGAIN))
            changed.clear()
            if not woken or (collection.filled.is_set() and collection.find(uid) is None):
                remains = _find(cluster, live)


def _find(cluster: ReachableCluster, live: Object) -> Object | None:
    """The object as it is now; None if it is gone, or another of the same name has taken its place."""
    try:
        found = cluster.get(live)
    except ApiError as error:
        if error.reason == "NotFound":
            return None
        raise
    uid = at(live, "metadata", "uid")
    return found if uid in (None, at(found, "metadata", "uid")) else None


def _held(cluster: ReachableCluster, live: Object) -> tuple[str, ...]:
    """What holds the object now."""
    remains = _find(cluster, live)
    return held_by(remains) if remains else ()


def _give_up(cluster: ReachableCluster, urn: str, remains: Object, *, timed_out: bool) -> None:
    if timed_out:
        remains = _find(cluster, remains) or remains  # with what is said of it by now
    finalizers = at(remains, "metadata", "finalizers") or []
    cluster.log.warn(urn, f"finalizers may keep the object from going: {', '.join(finalizers) or 'none'}")
    why = "is still there after its time" if timed_out else "was still there when the operation was cancelled"
    raise NotReady(remains, f"{kind_of(remains).kind} {name_of(remains)!r} {why}", held_by(remains))
