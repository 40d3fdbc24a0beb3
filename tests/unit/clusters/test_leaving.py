"""A machine that goes although a disruption budget wants its pods, or that takes other machines' pods with it.

The machine's script runs as it is, at a real API server, by the rights of a node.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from common.simulation import NODE_LABEL
from components.clusters.kubeadm.aws import leaving
from rehearsal.control_plane import ControlPlane
from rehearsal.toolchain import ensure
from tests.support.api import Api
from tests.support.polling import eventually

LEAVE: Final = Path(leaving.__file__).with_name("leave.sh")
OWN, OTHER = "leaving-one", "leaving-other"
SECURE: Final = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": "example.test/main:1"}]}
Bash = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def bash(control_plane: ControlPlane) -> Bash:
    """A shell with the script's functions, whose kubelet is that of the node."""
    kubectl = ensure(["kubectl"])["kubectl"].path
    kubelet = f'{kubectl} --kubeconfig {control_plane.kubeconfig} --as system:node:{OWN} --as-group system:nodes "$@"'

    def run(what: str) -> subprocess.CompletedProcess[str]:
        script = f"NODE_NAME={OWN}; source {LEAVE} 2>/dev/null; kubelet() {{ {kubelet}; }}\n{what}"
        return subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False, timeout=300)

    return run


@pytest.fixture
def pods(api: Api, namespace: str) -> Iterator[str]:
    """A namespace with a pod on each node, of a budget that lets none go, and one of a DaemonSet."""
    for name in (OWN, OTHER):
        api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": dict([NODE_LABEL])}})
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "1", "controller": True}
    kinds: list[tuple[str, str, list[Any]]] = [("web", OWN, []), ("agent", OWN, [owner]), ("elsewhere", OTHER, [])]
    for name, node, owners in kinds:
        labels = {} if owners else {"app": "web"}
        metadata = {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners}
        api.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node, **SECURE}})
    for name in ("web", "elsewhere"):
        api.until(f"/api/v1/namespaces/{namespace}/pods/{name}", lambda pod: pod["status"].get("phase") == "Running")
    metadata = {"name": "web", "namespace": namespace}
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    api.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec})
    budget = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/web"
    api.until(budget, lambda found: found.get("status", {}).get("expectedPods") == 2)
    yield namespace
    for name in (OWN, OTHER):
        api.delete(f"/api/v1/nodes/{name}")


def test_a_node_finds_its_own_pods_but_those_of_daemon_sets(bash: Bash, pods: str) -> None:
    found = bash("pods_here")
    assert found.returncode == 0, found.stderr
    assert [line for line in found.stdout.splitlines() if line.startswith(pods)] == [f"{pods} web"]


def test_a_budget_holds_and_a_node_does_not_evict_the_pods_of_others(bash: Bash, pods: str, api: Api) -> None:
    assert bash(f"evict {pods} web").returncode != 0
    api.delete(f"/apis/policy/v1/namespaces/{pods}/poddisruptionbudgets/web")
    assert bash(f"evict {pods} elsewhere").returncode != 0
    assert {each["metadata"]["name"] for each in api.list(f"/api/v1/namespaces/{pods}/pods")} >= {"web", "elsewhere"}


def test_a_node_is_drained_when_its_budget_lets_its_pods_go(bash: Bash, pods: str, api: Api) -> None:
    api.delete(f"/apis/policy/v1/namespaces/{pods}/poddisruptionbudgets/web")
    drained = bash('say() { echo "$*"; }; drain')
    assert drained.stdout.splitlines()[-1:] == ["drained"], drained.stderr
    eventually(lambda: api.find(f"/api/v1/namespaces/{pods}/pods/web") is None, what="the pod to go")
    assert api.get(f"/api/v1/nodes/{OWN}")["spec"]["unschedulable"] is True
    assert api.find(f"/api/v1/namespaces/{pods}/pods/elsewhere")
