"""A cluster of kubeadm's in AWS that gets another version, or another image of its control planes, while it runs.

Guards against two control planes that go at once, workers that are newer than an API server, and pods that lose their
budget. The tests are steps of one life, in this order.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import pytest
import yaml

from tests.support.api import Api
from tests.support.cloud_life import Life, begin

STACK: Final = "kubeadm-aws"
GROUPS: Final = ["control-plane-0", "control-plane-1", "control-plane-2"]
BY_GROUP: Final = [(what, group) for group in GROUPS for what in ("ready", "gone")]
MADE_WITH: Final = {"version": "1.34"}
DEPLOYMENT: Final = "/apis/apps/v1/namespaces/default/deployments/web"
RUNNING: Final = list(
    yaml.safe_load_all("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {polykube.dev/node-pool: general}
      containers: [{name: web, image: example.com/web}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
""")
)


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with begin(STACK) as life:
        life.rehearsal.project.take(life.write(MADE_WITH))
        life.step("up")
        with life.api() as api:
            api.apply(*RUNNING)
            api.until(DEPLOYMENT, lambda found: found.get("status", {}).get("readyReplicas") == 2)
        yield life


def moved(life: Life, after: int) -> list[tuple[str, str]]:
    """What became of nodes, in order, and of which group; several in a row are one step."""
    events = [each for each in life.events(after=after) if each.type == "node"]
    return [step for step, _ in groupby((each.operation, group(each.id)) for each in events)]


def group(node: str) -> str:
    """A control plane, or the pool of a worker; a node's name is the cluster's, the group's, and two parts more."""
    name = node.removeprefix(f"{STACK}-").rsplit("-", 2)[0]
    return name if name in GROUPS else name.rpartition("-")[0]


def versions(api: Api) -> set[str]:
    return {node["status"]["nodeInfo"]["kubeletVersion"][:5] for node in api.list("/api/v1/nodes")}


def test_two_minor_versions_at_once_are_refused_before_anything_happens(life: Life) -> None:
    before = life.events()
    (problem,) = life.refused("upgrade=1.36").problems
    assert (problem.code, problem.where) == ("PK405", "polykube:cluster.version")
    assert life.events() == before


def test_control_planes_go_up_one_by_one_and_workers_after_them(life: Life) -> None:
    began = len(life.events())
    changes = life.step("upgrade=1.35")
    found = moved(life, began)
    assert found[:6] == BY_GROUP
    assert set(found[6:]) == {(what, pool) for pool in ("general", "system") for what in ("ready", "gone")}
    assert [what for what, _ in found[6:]].index("gone") >= 2
    assert changes["delete"] == 0
    with life.api() as api:
        assert versions(api) == {"v1.35"}
        assert not any(node["spec"].get("unschedulable") for node in api.list("/api/v1/nodes"))
        assert api.get(DEPLOYMENT)["status"]["readyReplicas"] == 2
        kept = api.get("/api/v1/namespaces/kube-system/configmaps/kubeadm-config")["data"]["ClusterConfiguration"]
    assert yaml.safe_load(kept)["kubernetesVersion"].startswith("v1.35.")


def test_a_version_does_not_go_down(life: Life) -> None:
    assert [problem.code for problem in life.refused("upgrade=1.34").problems] == ["PK405"]


def test_another_image_of_control_planes_replaces_them_one_by_one_and_no_worker(life: Life) -> None:
    began = len(life.events())
    life.step(f"change={life.write({'version': '1.35', 'controlPlanes.image': 'debian-13'})}")
    assert moved(life, began) == BY_GROUP


def test_nothing_is_left(life: Life) -> None:
    life.step("destroy")
    assert life.store.all() == []
