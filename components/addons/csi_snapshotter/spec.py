"""What a stack file may say of volume snapshots, and what others know of their controller."""

from typing import Final, Literal

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = read_bundles()["snapshots"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=25,
    newest=None,
    tested=34,
    source="kubernetes-csi/docs, book/src/snapshot-controller.md of 2026-05-22, up to 8.2; "
    "kubernetes-csi/external-snapshotter v8.7.0, release-tools/prow.sh",
)
NAMESPACE: Final = "csi-snapshotter"
METRICS: Final = 8080
CONTROLLER: Final = "snapshot-controller"
PODS: Final = Pods(NAMESPACE, selector(CONTROLLER))


class CsiSnapshotterSpec(AddOnSpec):
    """Snapshots of volumes."""

    deletion_policy: Literal["Delete", "Retain"] = Field(
        default="Delete",
        description="What becomes of a snapshot in the cloud when its VolumeSnapshot is deleted. Delete, because what "
        "nobody refers to costs money.",
    )
