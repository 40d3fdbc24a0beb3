"""Guards against a rehearsal in which a lost node has no consequences, or a restart of KWOK has some."""

import os
import signal

from common.simulation import NODE_LABEL
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api, Object, condition, is_ready, takes_pods
from tests.support.objects import deployment
from tests.support.polling import eventually

TOLERATIONS = [
    {"key": f"node.kubernetes.io/{taint}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
    for taint in ("not-ready", "unreachable")
]


def where_ready(api: Api, namespace: str) -> list[str]:
    pods = api.list(f"/api/v1/namespaces/{namespace}/pods")
    return [each["spec"]["nodeName"] for each in pods if is_ready(each) and "deletionTimestamp" not in each["metadata"]]


def test_the_pods_of_a_node_that_is_heard_of_no_more_start_elsewhere(
    api: Api, namespace: str, nodes: list[str]
) -> None:
    lost, other = nodes
    api.apply(deployment(namespace, "web", replicas=6, nodeSelector={"pool": namespace}, tolerations=TOLERATIONS))
    eventually(lambda: len(where_ready(api, namespace)) == 6, what="all pods")
    assert set(where_ready(api, namespace)) == {lost, other}
    path = f"/api/v1/nodes/{lost}"

    api.merge(path, {"metadata": {"labels": {NODE_LABEL[0]: None}}})
    unknown = api.until(path, lambda it: condition(it, "Ready") == "Unknown" and executes(it))
    assert executes(unknown) == ["node.kubernetes.io/unreachable"]
    eventually(lambda: where_ready(api, namespace) == [other] * 6, what="all pods on the other node")

    api.merge(path, {"metadata": {"labels": {NODE_LABEL[0]: NODE_LABEL[1]}}})
    api.until(path, takes_pods)
    eventually(lambda: len(api.list(f"/api/v1/namespaces/{namespace}/pods")) == 6, what="the old pods to go")


def executes(manifest: Object) -> list[str]:
    """The node's taints that pods without a toleration do not survive."""
    return [taint["key"] for taint in manifest["spec"].get("taints", ()) if taint["effect"] == "NoExecute"]


def test_pod_addresses_stay_unique_when_kwok_is_restarted(
    control_plane: ControlPlane, api: Api, namespace: str, nodes: list[str]
) -> None:
    assert nodes
    manifest = deployment(namespace, "web", replicas=3, nodeSelector={"pool": namespace})
    api.apply(manifest)
    api.until(api.path(manifest), lambda it: it["status"].get("readyReplicas") == 3)
    (kwok,) = (each.pid for each in control_plane.status().processes if each.name == "kwok")
    os.kill(kwok, signal.SIGKILL)
    api.merge(api.path(manifest), {"spec": {"replicas": 12}})
    control_plane.start()
    api.until(api.path(manifest), lambda it: it["status"].get("readyReplicas") == 12)
    pods = api.list(f"/api/v1/namespaces/{namespace}/pods")
    assert len({each["status"]["podIP"] for each in pods}) == 12
