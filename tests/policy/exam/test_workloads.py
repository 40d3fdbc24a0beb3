"""The controllers make as many pods of a workload as the rules reckon with.

Guards against a surge that is rounded the wrong way, and a job that is counted by what it will have done. No node
takes the pods, so none gets ready, and a rollout stands still at its widest.
"""

from typing import Any

import pytest

from policy.model.nodes import node_sets
from policy.model.stack import Stack
from policy.model.workloads import pods_kept, pods_of
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, Object
from tests.support.objects import deployment, job, node, pod_template
from tests.support.polling import eventually

NOWHERE = {"no-such": "node"}
ROLLOUTS: tuple[tuple[int, Object], ...] = (
    (3, {}),
    (5, {}),
    (10, {"rollingUpdate": {"maxSurge": "31%", "maxUnavailable": 0}}),
    (4, {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 0}}),
    (4, {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}),
    (2, {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 0}}),
)


def used(api: Api, namespace: str, key: str = "pods") -> int:
    """How many pods the quota counts."""
    status = api.get(f"/api/v1/namespaces/{namespace}/resourcequotas/all")["status"]
    return int(status.get("used", {}).get(key, "-1"))


def bound(api: Api, namespace: str) -> None:
    """A quota that counts pods, and is never in the way."""
    metadata = {"namespace": namespace, "name": "all"}
    spec = {"hard": {"pods": "99", "count/pods": "99"}}
    api.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec})
    eventually(lambda: used(api, namespace) == 0, what="the quota")


@pytest.mark.parametrize(("replicas", "strategy"), ROLLOUTS)
def test_a_rollout_is_as_wide_as_reckoned(api: Api, namespace: str, replicas: int, strategy: Object) -> None:
    bound(api, namespace)
    web = deployment(namespace, "web", replicas, nodeSelector=NOWHERE)
    web["spec"]["strategy"] = strategy
    counts = pods_of(as_resource(web), None, ())
    api.apply(web)
    eventually(lambda: used(api, namespace) == counts.stated == replicas, what="all replicas")
    web["spec"]["template"]["metadata"]["annotations"] = {"rolled": "out"}
    api.apply(web)

    def at_its_widest(it: Object) -> bool:
        status = it["status"]
        return bool(status.get("updatedReplicas") and status.get("replicas") == counts.rolling)

    api.until(api.path(web), at_its_widest)


@pytest.mark.parametrize(("spec", "expected"), [({"parallelism": 3}, 3), ({"parallelism": 5, "completions": 2}, 2)])
def test_a_job_has_as_many_pods_at_once_as_reckoned(api: Api, namespace: str, spec: Any, expected: int) -> None:
    bound(api, namespace)
    work = job(namespace, "work", **spec)
    work["spec"]["template"]["spec"]["nodeSelector"] = NOWHERE
    api.apply(work)
    api.until(api.path(work), lambda it: it["status"].get("active") == expected)
    assert used(api, namespace) == pods_of(as_resource(work), None, ()).stated == expected


def test_pods_that_have_finished_are_counted_as_objects_only(api: Api, namespace: str) -> None:
    bound(api, namespace)
    work = job(namespace, "work", parallelism=2, completions=3)
    work["spec"]["template"]["spec"]["nodeSelector"] = NOWHERE
    api.apply(work)
    pods = f"/api/v1/namespaces/{namespace}/pods"

    def finish() -> bool:
        for pod in api.list(pods):
            if pod["status"]["phase"] == "Pending":
                api.merge(f"{pods}/{pod['metadata']['name']}/status", {"status": {"phase": "Succeeded"}})
        return (used(api, namespace), used(api, namespace, "count/pods")) == (0, 3)

    eventually(finish, what="a job that is done")
    running = pods_of(as_resource(work), None, ())
    assert (running.stated, pods_kept(as_resource(work), running).stated) == (2, 3)


def test_a_daemon_set_has_a_pod_on_each_node_that_is_reckoned(api: Api, namespace: str) -> None:
    bound(api, namespace)
    taint = {"key": "dedicated", "value": namespace, "effect": "NoSchedule"}
    nodes = [node(f"{namespace}-{index}", {"pool": namespace, "index": str(index)}) for index in range(4)]
    nodes[1]["spec"] = nodes[2]["spec"] = {"taints": [taint]}
    term = {"key": "index", "operator": "NotIn", "values": ["3"]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}}
    template = pod_template(
        nodeSelector={"pool": namespace},
        affinity={"nodeAffinity": required},
        tolerations=[{"key": "dedicated", "operator": "Equal", "value": namespace}],
    )
    template["metadata"]["labels"] = {"app": "agent"}
    agent = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"namespace": namespace, "name": "agent"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template},
    }
    sets = tuple(node_sets(Stack(map(as_resource, nodes))))
    try:
        api.apply(*nodes, agent)
        api.until(api.path(agent), lambda it: it["status"]["desiredNumberScheduled"] == 3)
        assert pods_of(as_resource(agent), None, sets).stated == 3
    finally:
        for each in nodes:
            api.delete(api.path(each))
