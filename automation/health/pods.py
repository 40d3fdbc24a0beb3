"""Pods that do not run, or run and are not ready, and in words why (core/v1, Kubernetes 1.36).

Those that wait or have failed are read whole. Of those that run, a table comes, as `kubectl get pods` prints it, and of
each workload that has some that are not ready, one pod.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from automation.health.api import RequestRefused
from automation.health.cluster import STARTING, LiveCluster
from automation.health.objects import ContainerStatus, Metadata, PodObject, Row

_PODS: Final = "/api/v1/pods"
_WAITING: Final = "status.phase!=Running,status.phase!=Succeeded"
_LOOKED_INTO: Final = 20  # workloads
_HASH: Final = "pod-template-hash"
_OF_CRON_JOB: Final = re.compile(r"(.+)-\d{8,}")  # minutes since 1970
_READY, _STATUS = 1, 2  # cells of the table: name, ready, status, restarts, age
_ON_THEIR_WAY: Final = {"ContainerCreating", "PodInitializing", ""}
_WORDS: Final = {
    "CrashLoopBackOff": "it ends again and again",
    "ImagePullBackOff": "its image cannot be pulled",
    "ErrImagePull": "its image cannot be pulled",
    "InvalidImageName": "its image has no valid name",
    "ErrImageNeverPull": "its image is not on the node, and may not be pulled",
    "CreateContainerConfigError": "a ConfigMap or Secret that it names is not there",
    "CreateContainerError": "the container runtime cannot make it",
    "RunContainerError": "the container runtime cannot start it",
    "OOMKilled": "it took more memory than its limit",
    "Evicted": "the node was short of something and evicted it",
}


@dataclass(frozen=True)
class Trouble:
    """Why a pod does not do its work. `owed` says that the cluster owes it something: room, or a volume.

    A `brief` one is on its way, and may be well in a moment.
    """

    pod: Metadata
    why: str
    owed: bool = False
    brief: bool = False


@dataclass(frozen=True)
class PodTroubles:
    """How many pods there are that have not ended well, and what is wrong with those that are not well."""

    count: int
    troubles: Sequence[Trouble]


def owner_of(pod: Metadata) -> str:
    """The workload that a pod is of, or the pod itself: `shop/Deployment/web`."""
    for owner in pod.owner_references:
        if owner.controller:
            suffix = f"-{pod.labels.get(_HASH, '')}"
            if owner.kind == "ReplicaSet" and owner.name.endswith(suffix) and suffix != "-":
                return f"{pod.namespace}/Deployment/{owner.name.removesuffix(suffix)}"
            if owner.kind == "Job" and (of_cron_job := _OF_CRON_JOB.fullmatch(owner.name)):
                return f"{pod.namespace}/CronJob/{of_cron_job[1]}"
            return f"{pod.namespace}/{owner.kind}/{owner.name}"
    return f"{pod.namespace}/Pod/{pod.name}"


def read_pods(cluster: LiveCluster) -> PodTroubles:
    """What is wrong with the cluster's pods."""
    waiting = [*cluster.api.list(_PODS, PodObject, fieldSelector=_WAITING)]
    running = [*cluster.api.rows(_PODS, Row, fieldSelector="status.phase=Running")]
    unready = [row for row in running if not _is_well(row)]
    troubles = [*(_trouble(pod, cluster) for pod in waiting), *_of_running(unready, cluster)]
    return PodTroubles(len(waiting) + len(running), [each for each in troubles if each])


def _is_well(row: Row) -> bool:
    ready, _, wanted = str(row.cells[_READY]).partition("/")
    return ready == wanted and row.cells[_STATUS] in {"Running", "Completed"}


def _of_running(rows: Sequence[Row], cluster: LiveCluster) -> Iterator[Trouble | None]:
    """Of each workload one pod is asked for; the others are told in the words of the first."""
    by_owner: dict[str, list[Row]] = {}
    for row in rows:
        by_owner.setdefault(owner_of(row.object.metadata), []).append(row)
    for number, those in enumerate(by_owner.values()):
        first = those[0].object.metadata
        looked = _look_into(first, cluster) if number < _LOOKED_INTO else None
        for row in those:
            pod = row.object.metadata
            if looked is None:
                yield Trouble(pod, f"{row.cells[_STATUS]}, {row.cells[_READY]} containers ready")
            else:
                yield Trouble(pod, looked.why, looked.owed, looked.brief)


def _look_into(pod: Metadata, cluster: LiveCluster) -> Trouble | None:
    try:
        found = cluster.api.get(f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}", PodObject)
    except RequestRefused:  # gone by now
        return None
    return _trouble(found, cluster)


def _trouble(pod: PodObject, cluster: LiveCluster) -> Trouble | None:
    """Why a pod is not well; None if it is."""
    metadata, status = pod.metadata, pod.status
    if metadata.deletion_timestamp:
        late = cluster.now - metadata.deletion_timestamp
        return Trouble(metadata, f"it was to end {_minutes(late)} ago, and has not", brief=late < STARTING)
    for each in status.conditions:
        if each.type == "PodScheduled" and each.status == "False":
            return Trouble(metadata, _unscheduled(each.message), owed=True)
    for container in (*status.init_container_statuses, *status.container_statuses):
        if why := _of_container(container):
            return Trouble(metadata, why)
    if status.phase == "Failed":
        return Trouble(metadata, _in_words(status.reason, status.message) or "it has failed")
    new = cluster.is_new(metadata)
    if status.phase == "Pending":
        return Trouble(metadata, f"its containers are not made{'' if new else ' after 5 minutes'}", brief=new)
    unready = [each.name for each in status.container_statuses if not each.ready and not each.state.terminated]
    if unready:
        return Trouble(metadata, f"{', '.join(unready)} not ready{'' if new else ' after 5 minutes'}", brief=new)
    return None


def _of_container(container: ContainerStatus) -> str:
    """Why a container does not run; nothing if it does, has done its work, or is on its way."""
    waiting, ended = container.state.waiting, container.state.terminated
    if waiting and waiting.reason not in _ON_THEIR_WAY:
        before = container.last_state.terminated
        last = f", the last time with {_in_words(before.reason, '')} (exit code {before.exit_code})" if before else ""
        return f"{container.name}: {_in_words(waiting.reason, waiting.message)}{last}"
    if ended and ended.exit_code:
        return f"{container.name}: {_in_words(ended.reason, ended.message)} (exit code {ended.exit_code})"
    return ""


def _in_words(reason: str, message: str) -> str:
    """`OOMKilled, it took more memory than its limit`."""
    return ", ".join(part for part in (reason, _WORDS.get(reason, message)) if part)


def _unscheduled(message: str) -> str:
    """What the scheduler says; the preemption that did not help either is left out."""
    told = re.sub(r"\.? ?(no new claims to deallocate, )?preemption: .*$", "", message).strip()
    if "PersistentVolumeClaim" in told or "volume" in told:
        return f"waits for a volume: {told}"
    return f"waits for room: {told}" if told else "is not scheduled"


def _minutes(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 60:.0f} min"
