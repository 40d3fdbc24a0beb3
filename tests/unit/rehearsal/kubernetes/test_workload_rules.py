"""Workloads and volumes are ready exactly when the official provider would stop waiting for them.

Guards against an `up` that ends before anything runs, and against one that waits ten minutes for nothing.
"""

from typing import Any

import pytest

from rehearsal.providers.kubernetes.awaits import pods, storage, workloads
from rehearsal.providers.kubernetes.awaits.rule import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    STORAGE_CLASS,
    Judge,
    Situation,
)
from rehearsal.providers.kubernetes.objects import GroupVersionKind, Object
from tests.unit.rehearsal.kubernetes.support import condition, live, owned

REVISION = "deployment.kubernetes.io/revision"
AVAILABLE, ROLLED_OUT = condition("Available"), condition("Progressing", reason="NewReplicaSetAvailable")
UNFINISHED = condition("Progressing", "False", "ProgressDeadlineExceeded", "too slow")


def _deployment(*conditions: Object, revision: str = "1", observed: int = 2, **spec: Any) -> Object:
    status = {"observedGeneration": observed, "conditions": list(conditions)}
    return live(spec=spec, status=status, generation=2, annotations={REVISION: revision})


def _replica_set(ready: int = 1, replicas: int = 1, revision: str = "1", owner: str = "subject") -> Object:
    status, annotations = {"readyReplicas": ready}, {REVISION: revision}
    return owned(f"rs-{revision}", owner, spec={"replicas": replicas}, status=status, annotations=annotations)


def _claimed(phase: str) -> tuple[Object, Object]:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    return {"template": {"spec": {"volumes": volumes}}}, live("data", status={"phase": phase})


DEPLOYMENTS: dict[str, tuple[Object, list[Object], bool]] = {
    "available, its pods ready": (_deployment(AVAILABLE), [_replica_set()], True),
    "not observed yet": (_deployment(AVAILABLE, observed=1), [_replica_set()], False),
    "not available": (_deployment(condition("Available", "False")), [_replica_set()], False),
    "without its ReplicaSet": (_deployment(AVAILABLE), [], False),
    "with a ReplicaSet of another": (_deployment(AVAILABLE), [_replica_set(owner="other")], False),
    "with a ReplicaSet of the last revision": (
        _deployment(AVAILABLE, ROLLED_OUT, revision="2"),
        [_replica_set()],
        False,
    ),
    "too few pods ready": (_deployment(AVAILABLE), [_replica_set(ready=1, replicas=2)], False),
    "scaled down by someone": (_deployment(AVAILABLE, replicas=5), [_replica_set(ready=1, replicas=1)], True),
    "scaled to nothing": (_deployment(AVAILABLE), [_replica_set(ready=0, replicas=0)], True),
    "rolled out": (_deployment(AVAILABLE, ROLLED_OUT, revision="2"), [_replica_set(revision="2")], True),
    "not rolled out": (_deployment(AVAILABLE, revision="2"), [_replica_set(revision="2")], False),
    "too slow at first": (_deployment(AVAILABLE, UNFINISHED), [_replica_set()], True),
}


@pytest.mark.parametrize("case", DEPLOYMENTS)
def test_a_deployment(case: str) -> None:
    given, replica_sets, ready = DEPLOYMENTS[case]
    related: dict[GroupVersionKind, list[Object]] = {REPLICA_SET: replica_sets, POD: [], PERSISTENT_VOLUME_CLAIM: []}
    assert workloads.deployment(Situation(given, related)).ready is ready


@pytest.mark.parametrize(("phase", "ready"), [("Bound", True), ("Pending", False)])
def test_a_deployment_waits_for_the_claims_it_mounts(phase: str, *, ready: bool) -> None:
    spec, claim = _claimed(phase)
    related = {REPLICA_SET: [_replica_set()], POD: [], PERSISTENT_VOLUME_CLAIM: [claim, live("other")]}
    assert workloads.deployment(Situation(_deployment(AVAILABLE, **spec), related)).ready is ready


def test_a_deployment_says_what_is_wrong_with_its_pods() -> None:
    crash = {"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
    status = {"conditions": [condition("Ready", "False", message="not ready")], "containerStatuses": [crash]}
    pod, stranger = owned("p", "rs-1", status=status), owned("q", "rs-other", status=status)
    related = {REPLICA_SET: [_replica_set(ready=0)], POD: [pod, stranger], PERSISTENT_VOLUME_CLAIM: []}
    verdict = workloads.deployment(Situation(_deployment(condition("Available", "False", "Few", "too few")), related))
    text = "\n".join(verdict.reasons)
    assert "Few: too few" in text
    assert "'p': not ready; container 'main' waits: CrashLoopBackOff back-off" in text
    assert "'q'" not in text


def _stateful_set(strategy: Any = None, generation: int = 2, **status: Any) -> Object:
    counts = {"replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "observedGeneration": generation}
    revisions = {"currentRevision": "r1", "updateRevision": "r1"}
    spec = {"replicas": 2, "updateStrategy": strategy or {"type": "RollingUpdate"}}
    return live(spec=spec, status=counts | revisions | status, generation=generation)


BY_HAND, PARTITIONED = {"type": "OnDelete"}, {"rollingUpdate": {"partition": 1}}
STATEFUL_SETS: dict[str, tuple[Object, bool]] = {
    "all there": (_stateful_set(), True),
    "not observed yet": (_stateful_set(observedGeneration=1), False),
    "one not ready": (_stateful_set(readyReplicas=1), False),
    "one of the last revision": (_stateful_set(currentReplicas=1, updateRevision="r2"), False),
    "half rolled out": (_stateful_set(PARTITIONED, updateRevision="r2"), False),
    "an update by hand": (_stateful_set(BY_HAND, currentReplicas=0, updateRevision="r2"), True),
    "an update by hand, one not ready": (_stateful_set(BY_HAND, currentReplicas=0, readyReplicas=1), False),
    "by hand, just created": (_stateful_set(BY_HAND, generation=1, currentReplicas=0), False),
}


@pytest.mark.parametrize("case", STATEFUL_SETS)
def test_a_stateful_set(case: str) -> None:
    given, ready = STATEFUL_SETS[case]
    assert workloads.stateful_set(Situation(given, {POD: []})).ready is ready


NODES = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")


def _daemon_set(**status: int) -> Object:
    given = live(status=dict.fromkeys(NODES, 2) | {"observedGeneration": 1} | status, generation=1)
    return given | {"apiVersion": "apps/v1", "kind": "DaemonSet"}


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({}, True),
        ({"desiredNumberScheduled": 0}, True),
        ({"observedGeneration": 0}, False),
        ({"updatedNumberScheduled": 1}, False),
        ({"numberAvailable": 1}, False),
        ({"numberReady": 1}, False),
    ],
)
def test_a_daemon_set(status: dict[str, int], *, ready: bool) -> None:
    assert workloads.daemon_set(Situation(_daemon_set(**status), {POD: []})).ready is ready


@pytest.mark.parametrize(
    ("status", "ready", "failed"),
    [
        ({}, False, False),
        ({"startTime": "t", "active": 1}, False, False),
        ({"startTime": "t", "conditions": [condition("Complete")]}, True, False),
        ({"conditions": [condition("Complete")]}, False, False),
        ({"conditions": [condition("Failed", reason="BackoffLimitExceeded")]}, False, True),
        ({"conditions": [condition("Failed", reason="DeadlineExceeded")]}, False, True),
        ({"conditions": [condition("Failed", reason="PodFailurePolicy")]}, False, False),
        ({"conditions": [condition("Failed", "False", "BackoffLimitExceeded")]}, False, False),
    ],
)
def test_a_job(status: Object, *, ready: bool, failed: bool) -> None:
    verdict = workloads.job(Situation(live(status=status), {POD: []}))
    assert (verdict.ready, verdict.failed) == (ready, failed)


SCHEDULED, INITIALIZED = condition("PodScheduled"), condition("Initialized")


@pytest.mark.parametrize(
    ("phase", "conditions", "ready"),
    [
        ("Pending", [], False),
        ("Pending", [condition("PodScheduled", "False", message="0/2 nodes")], False),
        ("Running", [SCHEDULED, INITIALIZED, condition("Ready", "False")], False),
        ("Running", [SCHEDULED, INITIALIZED, condition("Ready")], True),
        ("Succeeded", [SCHEDULED, INITIALIZED, condition("Ready", "False")], True),
        ("Failed", [SCHEDULED, INITIALIZED, condition("Ready", "False")], False),
        ("Running", [SCHEDULED, condition("Initialized", "False"), condition("Ready")], False),
    ],
)
def test_a_pod(phase: str, conditions: list[Object], *, ready: bool) -> None:
    verdict = pods.judge(Situation(live(status={"phase": phase, "conditions": conditions})))
    assert verdict.ready is ready
    assert ready or verdict.reasons


LATE = live("late") | {"volumeBindingMode": "WaitForFirstConsumer"}


@pytest.mark.parametrize(
    ("phase", "storage_class", "created", "ready"),
    [
        ("Bound", "", True, True),
        ("Pending", "", True, False),
        ("Pending", "late", True, True),
        ("Lost", "late", True, False),
        ("Bound", "late", False, True),
    ],
)
def test_a_claim(phase: str, storage_class: str, *, created: bool, ready: bool) -> None:
    given = live(spec={"storageClassName": storage_class}, status={"phase": phase})
    assert storage.claim(Situation(given, {STORAGE_CLASS: [LATE]}, created)).ready is ready


@pytest.mark.parametrize(
    ("judge", "live", "ready"),
    [
        (storage.volume, live(status={"phase": "Available"}), True),
        (storage.volume, live(status={"phase": "Bound"}), True),
        (storage.volume, live(status={"phase": "Pending"}), False),
        (storage.quota, live(spec={"hard": {"cpu": "1"}}, status={"hard": {"cpu": "1"}}), True),
        (storage.quota, live(spec={"hard": {"cpu": "2"}}, status={"hard": {"cpu": "1"}}), False),
        (storage.secret, {"type": "Opaque"}, True),
        (storage.secret, {"type": "kubernetes.io/service-account-token"}, False),
        (storage.secret, {"type": "kubernetes.io/service-account-token", "data": {"token": "t"}}, True),
        (workloads.replication_controller, live(spec={"replicas": 0}, status={}), False),
        (workloads.replication_controller, live(spec={"replicas": 2}, status={"availableReplicas": 2}), True),
    ],
)
def test_what_a_controller_fills_in(judge: Judge, live: Object, *, ready: bool) -> None:
    assert judge(Situation(live)).ready is ready
