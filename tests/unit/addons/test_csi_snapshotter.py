"""Snapshots whose API is put beside the cloud's own, or that are taken by another driver than the volumes'."""

import pytest

from tests.support.stack_files import of_add_on

pytestmark = pytest.mark.usefixtures("bundles")

CLASS = "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass::default"
DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
CONTROLLER = "kubernetes:apps/v1:Deployment::csi-snapshotter/snapshot-controller"


@pytest.mark.parametrize(
    ("stack", "driver"), [("gke-dev", "pd.csi.storage.gke.io"), ("aks-prod", "disk.csi.azure.com")]
)
def test_where_the_cloud_keeps_the_api_only_the_class_is_ours(stack: str, driver: str) -> None:
    made = of_add_on(stack, "csiSnapshotter")
    assert made[CLASS].inputs["driver"] == driver
    assert not [each for each in made if "CustomResourceDefinition" in each or "Deployment" in each]


def test_elsewhere_the_class_waits_for_the_controller_and_that_for_the_api() -> None:
    made = of_add_on("eks-prod", "csiSnapshotter", deletionPolicy="Retain")
    assert made[CLASS].inputs["deletionPolicy"] == "Retain"
    assert made[CONTROLLER].inputs["spec"]["replicas"] == 2
    definitions = {each.urn for each in made.values() if each.type == DEFINITION}
    assert len(definitions) == 3
    assert definitions <= made[CONTROLLER].after
    assert made[CONTROLLER].urn in made[CLASS].after
