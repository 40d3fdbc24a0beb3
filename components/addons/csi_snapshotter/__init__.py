"""Snapshots of volumes: their API, the controller behind it, and a class for the cluster's own driver.

Where the cloud keeps the API and the controller in every cluster, only the class is made. Left out: snapshots of groups
of volumes, and the sidecar of the drivers, which comes with each of them. Upstream:
kubernetes-csi.github.io/docs/snapshot-controller.html, 8.7, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.csi_snapshotter.spec import (
    CONTROLLER,
    KUBERNETES,
    METRICS,
    NAMESPACE,
    PODS,
    VERSION,
    CsiSnapshotterSpec,
)
from components.addons.exempt import api_server_address
from components.addons.health import Check, deployments
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.contract import BuiltIn, Capability, Namespace, PodSecurity
from components.platform.flows import Flow, to_api_server
from components.platform.place import Place


class CsiSnapshotter(AddOn[CsiSnapshotterSpec]):
    """Snapshots of volumes, with a class for the cluster's own driver."""

    name = "csi-snapshotter"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.PRESERVE
    spec_type = CsiSnapshotterSpec
    defines = MappingProxyType({"snapshot.storage.k8s.io": "VolumeSnapshot VolumeSnapshotClass VolumeSnapshotContent"})
    required_capabilities = frozenset({Capability.BLOCK_STORAGE, Capability.VOLUME_SNAPSHOTS})
    before_tenants = True
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=1, gibibytes=2)),)
    exemptions = (api_server_address("the controller of snapshots"),)

    def bundles(self) -> Collection[str]:
        return ("snapshots", "snapshot-controller")

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        if BuiltIn.SNAPSHOTS not in built_in:
            yield from deployments(NAMESPACE, CONTROLLER)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, CONTROLLER)
        yield Flow(f"{CONTROLLER}.metrics", PROMETHEUS, PODS, (METRICS,))

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.csi_snapshotter.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
