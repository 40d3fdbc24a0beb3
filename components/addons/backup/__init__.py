"""Backup: Velero, which copies the cluster's objects and volumes to a store outside, and puts them back.

Volumes are copied by snapshots of their own driver beside csi-snapshotter, and file by file otherwise. Left out:
backups of what runs outside, and copies in a second region.
Upstream: velero.io/docs, 1.18, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.backup.spec import KUBERNETES, METRICS, NAMESPACE, PODS, VERSION, BackupSpec
from components.addons.csi_snapshotter.spec import CsiSnapshotterSpec
from components.addons.exempt import (
    administers_the_cluster,
    api_server_address,
    reads_the_node,
    rights_as_upstream_has_them,
)
from components.addons.health import BackedUp, Check, daemon_sets, deployments
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.spec import SpecType
from components.addons.store import HTTPS
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.platform.flows import ANY_ADDRESS, Flow, to_api_server, to_credentials
from components.platform.place import Place


class Backup(AddOn[BackupSpec]):
    """Velero: backups of objects and volumes by schedule, in a store outside of the cluster."""

    name = "backup"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.PRESERVE
    spec_type = BackupSpec
    defines = MappingProxyType(
        {
            "velero.io": "Backup BackupRepository BackupStorageLocation DataDownload DataUpload DeleteBackupRequest "
            "DownloadRequest PodVolumeBackup PodVolumeRestore Restore Schedule ServerStatusRequest "
            "VolumeSnapshotLocation"
        }
    )
    required_capabilities = frozenset({Capability.NODE_DIRECTORIES})
    namespaces = (
        Namespace(
            NAMESPACE,
            PodSecurity.PRIVILEGED,
            {  # an agent for each of 5,000 nodes, which is what Kubernetes is made for, and a pod for each volume
                "pods": "10k",
                "requests.cpu": "1k",
                "requests.memory": "4Ti",
                "limits.cpu": "4k",
                "limits.memory": "8Ti",
                "persistentvolumeclaims": "5k",
            },
        ),
    )
    exemptions = (
        api_server_address("Velero's pods"),
        *reads_the_node("Velero's node agent"),
        *rights_as_upstream_has_them("Velero reads, and on a restore makes, objects of every kind"),
        *administers_the_cluster("Velero reads, and on a restore makes, objects of every kind"),
    )

    def capabilities(self) -> Collection[Capability]:
        if self.spec.store:
            return self.required_capabilities
        return self.required_capabilities | {Capability.OBJECT_STORE}

    def install_after(self) -> Collection[SpecType]:
        return (CsiSnapshotterSpec,)

    def bundles(self) -> Collection[str]:
        return ("velero",)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, "velero")
        yield from daemon_sets(NAMESPACE, "node-agent")
        for schedule, cron in self.spec.crons.items():
            yield BackedUp(NAMESPACE, schedule, cron)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "velero")
        yield Flow("velero.store", PODS, ANY_ADDRESS, (self.spec.store.port if self.spec.store else HTTPS,))
        yield Flow("velero.metrics", PROMETHEUS, PODS, (METRICS,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        if not self.spec.store:
            yield from to_credentials(PODS, "velero", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.backup.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
