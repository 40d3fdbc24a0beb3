"""Which images offer GPUs to pods by themselves, and which leave that to a device plugin.

Guards against pools whose GPUs no pod ever gets.
"""

from typing import Any

import pytest

from rehearsal.providers.clouds.aws import eks, network
from rehearsal.providers.clouds.azure_native import aks, pools
from rehearsal.providers.clouds.gcp import gke
from rehearsal.providers.clouds.nodes import Node
from rehearsal.providers.clouds.store import Resource, Store


def of_eks(store: Store, image: str) -> Node:
    """A node of EKS."""
    store.add(Resource(network.SUBNET, "subnet-1", "a", {}, {"availabilityZone": "eu-central-1a"}))
    inputs = {"subnetIds": ["subnet-1"], "instanceTypes": ["g5.xlarge"], "amiType": image, "clusterName": "c"}
    group = Resource(
        eks.NODE_GROUP, "c:g", "g", {**inputs, "scalingConfig": {"desiredSize": 1}}, {"nodeGroupName": "g"}
    )
    return next(eks._nodes(group, Resource(eks.CLUSTER, "c", "c", {}, {"version": "1.36"}), store))


def of_aks(_: Store, image: str) -> Node:
    """A node of AKS."""
    cluster = Resource(aks.CLUSTER, "c", "c", {}, {"location": "westeurope", "currentKubernetesVersion": "1.36.1"})
    inputs = {"vmSize": "Standard_NC4as_T4_v3", "osSKU": image, "orchestratorVersion": "1.36.1"}
    return next(pools._nodes("gpu", {**inputs, "count": 1}, cluster))


def of_gke(_: Store, driver: str) -> Node:
    """A node of GKE."""
    installation: dict[str, Any] = {"gpuDriverInstallationConfig": {"gpuDriverVersion": driver}} if driver else {}
    accelerator = {"type": "nvidia-l4", "count": 1, **installation}
    config = {"machineType": "g2-standard-4", "guestAccelerators": [accelerator]}
    return next(gke._nodes("gpu", config, "1.36.0-gke.1000", ["europe-west3-a"], 1))


@pytest.mark.parametrize(
    ("made", "image", "brings"),
    [
        (of_eks, "BOTTLEROCKET_x86_64_NVIDIA", True),
        (of_eks, "AL2023_x86_64_NVIDIA", False),
        (of_eks, "AL2023_x86_64_STANDARD", False),
        (of_aks, "AzureLinux", False),
        (of_aks, "Ubuntu", False),
        (of_gke, "DEFAULT", True),
        (of_gke, "", True),
        (of_gke, "INSTALLATION_DISABLED", False),
    ],
)
def test_an_image_offers_gpus_when_it_brings_a_device_plugin(
    made: Any, image: str, brings: bool, tmp_path: Any
) -> None:
    node = made(Store(tmp_path), image).manifest()
    assert ("nvidia.com/gpu" in node["metadata"]["annotations"]["polykube.dev/capacity"]) is brings
    assert ("nvidia.com/gpu" in node["metadata"]["annotations"].get("polykube.dev/devices", "")) is not brings
