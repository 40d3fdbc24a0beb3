"""Snapshots of volumes: their API, the controller behind it, and a class for the cluster's own driver.

Where the cloud keeps the API and the controller in every cluster, only the class is made. Left out: snapshots of groups
of volumes, and the sidecar of the drivers, which comes with each of them. Upstream:
kubernetes-csi.github.io/docs/snapshot-controller.html, 8.7, as of November 2026.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded
from components.addons.bundles import read_bundles
from components.addons.exempt import api_server_address
from components.addons.monitoring import Monitoring
from components.contract import Capability, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow

_NAMESPACE: Final = "csi-snapshotter"


class CsiSnapshotterSpec(AddOnSpec):
    """Snapshots of volumes."""

    deletion_policy: Literal["Delete", "Retain"] = Field(
        default="Delete",
        description="What becomes of a snapshot in the cloud when its VolumeSnapshot is deleted. Delete, because what "
        "nobody refers to costs money.",
    )


class CsiSnapshotter(AddOnBase):
    """Snapshots of volumes, with a class for the cluster's own driver."""

    name = "csi-snapshotter"
    version = read_bundles()["snapshots"].version
    spec_type = CsiSnapshotterSpec
    bundles = ("snapshots", "snapshot-controller")
    defines = MappingProxyType({"snapshot.storage.k8s.io": "VolumeSnapshot VolumeSnapshotClass VolumeSnapshotContent"})
    requires = frozenset({Capability.BLOCK_STORAGE})
    before_tenants = True
    namespaces = (Namespace(_NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=1, gibibytes=2)),)
    exemptions = (api_server_address("the controller of snapshots"),)

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        controller = flows.Pods(_NAMESPACE, selector("snapshot-controller"))
        yield flows.to_api_server(controller, "snapshot-controller")
        yield Flow("snapshot-controller.metrics", Monitoring.PROMETHEUS, controller, (8080,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.csi_snapshotter.parts import make_parts

        assert isinstance(spec, CsiSnapshotterSpec)
        make_parts(spec, site, self.places[_NAMESPACE])
