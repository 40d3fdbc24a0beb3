"""A number of pods, jobs or revisions that is one off. tests/policy/exam asks the controllers themselves."""

from typing import Any

import pytest

from policy.model.nodes import NodeSet
from policy.model.resource import Resource
from policy.model.workloads import Counts, jobs_kept, pods_kept, pods_of, revisions_kept
from tests.policy.exam.namespaces import as_resource


def of(kind: str, **spec: Any) -> Resource:
    version = {"Job": "batch/v1", "CronJob": "batch/v1", "HorizontalPodAutoscaler": "autoscaling/v2"}
    body = {"apiVersion": version.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "it"}, "spec": spec}
    return as_resource(body)


def rolling(**bounds: Any) -> dict[str, Any]:
    return {"strategy": {"rollingUpdate": bounds}}


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({}, Counts(1, 2, 1, 2, blocks=True, blocks_at_peak=True)),
        ({"replicas": 0}, Counts(0, 0, 0, 0)),
        ({"replicas": 3}, Counts(3, 4, 3, 4, blocks=True, blocks_at_peak=True)),
        ({"replicas": 4}, Counts(4, 5, 4, 5)),
        ({"replicas": 4, "strategy": {"type": "Recreate"}}, Counts(4, 4, 4, 4)),
        (
            {"replicas": 4, **rolling(maxSurge=2, maxUnavailable=0)},
            Counts(4, 6, 4, 6, blocks=True, blocks_at_peak=True),
        ),
        ({"replicas": 9, **rolling(maxSurge="12%", maxUnavailable="11%")}, Counts(9, 11, 9, 11, True, True)),
        ({"replicas": 9, **rolling(maxSurge="12%", maxUnavailable="12%")}, Counts(9, 11, 9, 11)),
        ({"replicas": 4, **rolling(maxSurge=0, maxUnavailable=0)}, Counts(4, 4, 4, 4)),
        ({"replicas": 2, **rolling(maxSurge=3, maxUnavailable=1)}, Counts(2, 4, 2, 4)),
        ({"replicas": 0, **rolling(maxSurge=1, maxUnavailable=0)}, Counts(0, 0, 0, 0)),
    ],
)
def test_deployments(spec: dict[str, Any], counts: Counts) -> None:
    assert pods_of(of("Deployment", **spec), None, ()) == counts


@pytest.mark.parametrize(
    ("replicas", "scaled", "counts"),
    [
        (2, {"minReplicas": 1, "maxReplicas": 4}, Counts(2, 3, 4, 5, blocks=True)),
        (2, {"minReplicas": 3, "maxReplicas": 3}, Counts(3, 4, 3, 4, blocks=True, blocks_at_peak=True)),
        (9, {"maxReplicas": 2}, Counts(2, 3, 2, 3, blocks=True, blocks_at_peak=True)),
        (2, {}, Counts(1, 2, 1, 2, blocks=True, blocks_at_peak=True)),
        (1, {"maxReplicas": 3}, Counts(1, 2, 3, 4, blocks=True, blocks_at_peak=True)),
        (0, {"minReplicas": 1, "maxReplicas": 4}, Counts(0, 0, 0, 0)),
    ],
)
def test_autoscaled_deployments(replicas: int, scaled: dict[str, Any], counts: Counts) -> None:
    scaler = of("HorizontalPodAutoscaler", **scaled)
    assert pods_of(of("Deployment", replicas=replicas), scaler, ()) == counts


def test_other_workloads_have_no_surge() -> None:
    scaler = of("HorizontalPodAutoscaler", maxReplicas=5)
    assert pods_of(of("StatefulSet", replicas=2), None, ()) == Counts.fixed(2)
    assert pods_of(of("StatefulSet", replicas=2), scaler, ()) == Counts(2, 2, 5, 5)
    assert pods_of(of("Pod"), None, ()) == Counts.fixed(1)


def cron_job(job: dict[str, Any], **spec: Any) -> Resource:
    return of("CronJob", jobTemplate={"spec": job}, **spec)


@pytest.mark.parametrize(
    ("workload", "running", "kept"),
    [
        (of("Job"), Counts.fixed(1), Counts.fixed(1)),
        (of("Job", parallelism=3), Counts.fixed(3), Counts.fixed(3)),
        (of("Job", parallelism=3, completions=2), Counts.fixed(2), Counts.fixed(2)),
        (of("Job", parallelism=2, completions=5), Counts.fixed(2), Counts.fixed(5)),
        (of("Job", parallelism=2, suspend=True), Counts.fixed(0), Counts.fixed(0)),
        (cron_job({}), Counts(1, 2, 1, 2), Counts(4, 5, 4, 5)),
        (cron_job({"parallelism": 2}), Counts(2, 4, 2, 4), Counts(8, 10, 8, 10)),
        (cron_job({"parallelism": 2}, concurrencyPolicy="Forbid"), Counts.fixed(2), Counts.fixed(8)),
        (cron_job({"ttlSecondsAfterFinished": 0}), Counts(1, 2, 1, 2), Counts(1, 2, 1, 2)),
        (cron_job({}, successfulJobsHistoryLimit=0), Counts(1, 2, 1, 2), Counts(1, 2, 1, 2)),
        (cron_job({}, suspend=True), Counts.fixed(0), Counts.fixed(0)),
    ],
)
def test_jobs(workload: Resource, running: Counts, kept: Counts) -> None:
    assert pods_of(workload, None, ()) == running
    assert pods_kept(workload, running) == kept


def test_jobs_and_revisions_are_kept() -> None:
    assert jobs_kept({}) == Counts(4, 5, 4, 5)
    assert jobs_kept({"successfulJobsHistoryLimit": 5, "concurrencyPolicy": "Forbid"}) == Counts.fixed(6)
    assert revisions_kept({}) == Counts(1, 12, 1, 12, blocks=True, blocks_at_peak=True, kept=11)
    assert revisions_kept({"revisionHistoryLimit": 0}) == Counts(1, 2, 1, 2, blocks=True, blocks_at_peak=True, kept=1)


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        ({}, Counts(3, 3, 6, 6)),
        ({"rollingUpdate": {"maxSurge": "50%"}}, Counts(3, 5, 6, 9, blocks=True, blocks_at_peak=True)),
        ({"rollingUpdate": {"maxSurge": 9}}, Counts(3, 6, 6, 12, blocks=True, blocks_at_peak=True)),
        ({"type": "OnDelete", "rollingUpdate": {"maxSurge": 1}}, Counts(3, 3, 6, 6)),
    ],
)
def test_daemon_sets(strategy: dict[str, Any], counts: Counts) -> None:
    pool = of("Pool")
    nodes = [NodeSet(pool, "", 1, None, {}, ()), NodeSet(pool, "", 2, 5, {}, ())]
    assert pods_of(of("DaemonSet", updateStrategy=strategy), None, nodes) == counts
