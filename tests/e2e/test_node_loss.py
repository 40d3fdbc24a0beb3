"""Pods that stay with a machine that is gone."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from common.simulation import NODE_LABEL
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.objects import SECURE
from tests.support.polling import eventually
from tests.support.stack import Stack, make_stack

PODS = "/api/v1/namespaces/busy/pods?labelSelector=app=web"
SECONDS = 2  # that pods tolerate a lost node; the default is 300
MANIFEST = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 6
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      automountServiceAccountToken: false
      tolerations:
        - {{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: {SECONDS}}}
        - {{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: {SECONDS}}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {{matchLabels: {{app: web}}}}
      containers:
        - name: main
          image: example.test/main:1
          securityContext: {SECURE}
          resources: {{requests: {{cpu: 100m, memory: 5Mi}}, limits: {{cpu: 100m, memory: 5Mi}}}}
"""


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = make_stack(tmp_path_factory.mktemp("node-loss"))
    (stack.engine.directory / "web.yaml").write_text(MANIFEST)
    compute = {"cpu": "4", "memory": "1Gi"}
    defaults = {"cpu": "100m", "memory": "5Mi"}
    tenant = {
        "name": "busy",
        "group": "busy",
        "quota": {"pods": 20, "requests": compute, "limits": compute},
        "limitRange": {"default": defaults, "defaultRequest": defaults},
        "manifests": ["web.yaml"],
    }
    pool = {"name": "pair", "nodes": 2}
    cluster = {"kind": "local", "name": control_plane.name, "version": "1.36", "nodePools": [pool]}
    stack.write({"stage": "dev", "cluster": cluster, "tenants": [tenant]})
    stack.must_up()
    yield stack
    stack.destroy()


def running_by_node(api: Api) -> Counter[str]:
    alive = [pod for pod in api.list(PODS) if "deletionTimestamp" not in pod["metadata"]]
    return Counter(pod["spec"].get("nodeName", "") for pod in alive if pod["status"]["phase"] == "Running")


@pytest.fixture
def lose(api: Api) -> Iterator[Callable[[str], None]]:
    """Takes a node away; it comes back afterwards, or its pods could never end."""
    lost: list[str] = []

    def lose(node: str) -> None:
        api.merge(f"/api/v1/nodes/{node}", {"metadata": {"labels": {NODE_LABEL[0]: None}}})
        lost.append(node)

    yield lose
    for node in lost:
        api.merge(f"/api/v1/nodes/{node}", {"metadata": {"labels": dict([NODE_LABEL])}})


@pytest.mark.usefixtures("stack")
def test_six_replicas_on_two_nodes_all_run_on_the_other_when_one_is_lost(api: Api, lose: Callable[[str], None]) -> None:
    assert set(running_by_node(api)) == {"pair-0", "pair-1"}
    lose("pair-0")
    eventually(lambda: running_by_node(api) == {"pair-1": 6}, timeout=60, what="six pods on the other node")
