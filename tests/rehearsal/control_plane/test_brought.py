"""What clouds bring into a cluster: devices of nodes, storage classes.

Guards against GPUs that pods get though nothing offers them, and against classes whose names are free in rehearsals
alone.
"""

from collections.abc import Iterator

import pytest

from rehearsal.control_plane import ControlPlane
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.api import Api as CloudApi
from rehearsal.providers.clouds.devices import offer
from rehearsal.providers.clouds.machines import InstanceType
from rehearsal.providers.clouds.nodes import Node
from rehearsal.providers.clouds.storage_classes import BroughtClass, bring
from tests.support.api import Api, takes_pods
from tests.support.objects import pod

GPUS = "nvidia.com/gpu"
SOCKETS = {"name": "sockets", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}


@pytest.fixture
def cloud(control_plane: ControlPlane) -> Iterator[CloudApi]:
    """The API server as the clouds reach it."""
    with clusters.api(control_plane.name) as api:
        assert api is not None
        yield api


@pytest.mark.parametrize("brings", [True, False], ids=["image with plugin", "image without"])
def test_gpus_are_offered_only_where_something_provides_them(
    brings: bool, cloud: CloudApi, api: Api, namespace: str
) -> None:
    machine = InstanceType("g5.xlarge", 4, 16, "amd64", gpus=1)
    made = Node(namespace, "a", "r", machine, "1.36.0", "x:///y", brings_devices=brings)
    path = f"/api/v1/nodes/{namespace}"
    cloud.apply(path, made.manifest())
    try:
        api.until(path, takes_pods)
        offer(cloud)
        assert (GPUS in api.get(path)["status"]["capacity"]) is brings
        plugin = pod(namespace, "plugin", nodeName=namespace, volumes=[SOCKETS])
        plugin["spec"]["containers"][0]["image"] = "nvcr.io/nvidia/k8s-device-plugin:v0.18.2"
        api.apply(plugin)
        created = api.path(plugin)
        api.until(created, lambda it: it["status"]["phase"] == "Running")
        offer(cloud)
        api.until(path, lambda it: it["status"]["allocatable"].get(GPUS) == "1")
        api.delete(created)
        api.until_gone(created)
        offer(cloud)
        api.until(path, lambda it: (GPUS in it["status"]["allocatable"]) is brings)
    finally:
        api.delete(path)


def test_a_class_that_a_cloud_brings_takes_its_name_and_stays_as_somebody_changed_it(
    cloud: CloudApi, api: Api, namespace: str
) -> None:
    path = f"/apis/storage.k8s.io/v1/storageclasses/{namespace}"
    brought = BroughtClass(namespace, "ebs.csi.aws.com", {"type": "gp3"}, default=True)
    try:
        bring(cloud, [brought])
        annotations = api.get(path)["metadata"]["annotations"]
        assert annotations["storageclass.kubernetes.io/is-default-class"] == "true"
        mark = {"storageclass.kubernetes.io/is-default-class": "false"}
        api.merge(path, {"metadata": {"annotations": mark}})
        bring(cloud, [brought])
        assert api.get(path)["metadata"]["annotations"] == mark
    finally:
        api.delete(path)
