"""Workloads that are short of pods, and pods of nobody that do not run: each with the reason of one of its pods.

What a tenant's own pods do is a warning, for it is the tenant's to mend. What the cluster owes them, room and volumes,
is a failure, and so is all of it elsewhere.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom
from automation.health.objects import EventObject, Workload
from automation.health.pods import Trouble, owner_of, read_pods
from automation.show import number_of
from components.addons.health import WorkloadKind

_RECENT: Final = timedelta(minutes=10)
_QUOTA: Final = re.compile(r"exceeded quota: (\S+), (.*)")
_BY_EVENTS: Final = ("StatefulSet", "DaemonSet", "Job")  # which have no condition for it


@dataclass(frozen=True)
class _Reason:
    """Why pods are missing: `owed` by the cluster, or so `brief` that they may be there in a moment."""

    why: str
    owed: bool = False
    brief: bool = False
    pod: str = ""


def look(cluster: LiveCluster, _: Expected) -> Looked:
    """A finding for each workload that is short of pods, and for each pod of something else that does not run."""
    pods = read_pods(cluster)
    troubles: dict[str, list[Trouble]] = {}
    for each in pods.troubles:
        troubles.setdefault(owner_of(each.pod), []).append(each)
    refused = {subject: _refusal(message) for subject, message in _events(cluster)}
    found: list[Symptom] = []
    for kind, workloads in cluster.workloads.items():
        for workload in workloads:
            subject = f"{workload.metadata.namespace}/{kind}/{workload.metadata.name}"
            reason = _reason(workload, refused.pop(subject, None), troubles.pop(subject, ()))
            found += _of_workload(subject, available_of(kind, workload), reason, cluster.tenants)
    for subject, those in troubles.items():
        reason = _first(those)
        level = Severity.FAILED if reason.owed else Severity.NOTE if reason.brief else Severity.WARNING
        found.append(_finding(level, subject, f"{number_of(len(those), 'pod')}: {reason.why}", reason))
    found += [_finding(Severity.WARNING, subject, each.why, each) for subject, each in refused.items()]
    count = sum(map(len, cluster.workloads.values()))
    return Looked(found, f"{number_of(count, 'workload')}, {number_of(pods.count, 'pod')}")


def available_of(kind: WorkloadKind, workload: Workload) -> tuple[int, int]:
    """How many pods of a workload are available, and how many there should be."""
    status = workload.status
    if kind == "DaemonSet":
        return status.number_available, status.desired_number_scheduled
    return status.available_replicas, workload.spec.replicas


def _of_workload(
    subject: str, available: tuple[int, int], reason: _Reason | None, tenants: Collection[str]
) -> Iterator[Symptom]:
    there, wanted = available
    if there >= wanted:
        if reason and not reason.brief:  # of an update that does not get on
            yield _finding(
                Severity.WARNING, subject, f"all {wanted} available, another one is not: {reason.why}", reason
            )
        return
    reason = reason or _Reason("why the others are not is not known", brief=there > 0)
    if reason.brief:
        level = Severity.NOTE
    elif reason.owed:
        level = Severity.FAILED
    else:
        level = Severity.WARNING if there or subject.partition("/")[0] in tenants else Severity.FAILED
    yield _finding(level, subject, f"{there} of {wanted} available: {reason.why}", reason)


def _reason(workload: Workload, refused: _Reason | None, troubles: Sequence[Trouble]) -> _Reason | None:
    """Why a workload is short of pods: what was refused first, for of such a pod there is nothing to see."""
    for each in workload.status.conditions:
        if each.type == "ReplicaFailure" and each.status == "True":
            return _refusal(each.message)
    return refused or (_first(troubles) if troubles else None)


def _first(troubles: Sequence[Trouble]) -> _Reason:
    """The reason that matters most: what is owed, then what stays, then what is on its way."""
    worst = min(troubles, key=lambda each: (not each.owed, each.brief))
    return _Reason(worst.why, worst.owed, worst.brief, worst.pod.name)


def _events(cluster: LiveCluster) -> Iterator[tuple[str, str]]:
    """The workloads of which a pod was refused lately, with the API server's words."""
    for each in cluster.api.list("/api/v1/events", EventObject, fieldSelector="reason=FailedCreate"):
        of, when = each.involved_object, each.last_timestamp or each.event_time or each.metadata.creation_timestamp
        if of.kind in _BY_EVENTS and when and cluster.now - when < _RECENT:
            yield f"{of.namespace}/{of.kind}/{of.name}", each.message


def _refusal(message: str) -> _Reason:
    if over := _QUOTA.search(message):
        return _Reason(f"the quota {over[1]} has no room: {over[2]}")
    _, _, why = message.partition(" is forbidden: ")
    return _Reason(f"its pods are refused: {why or message}")


def _finding(level: Severity, subject: str, message: str, reason: _Reason) -> Symptom:
    namespace, kind, name = subject.split("/")
    what = f"pod {reason.pod}" if reason.pod else f"{kind.lower()} {name}"
    return Symptom(level, Area.WORKLOADS, subject, message, f"kubectl --namespace {namespace} describe {what}")
