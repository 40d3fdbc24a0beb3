"""What a stack file may say of volume snapshots, and what others know of their controller."""

from typing import Final, Literal

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = read_bundles()["snapshots"].version
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
