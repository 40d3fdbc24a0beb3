"""Backup: Velero, which copies the cluster's objects and volumes to a store outside, and puts them back.

Volumes are copied by snapshots of their own driver beside csi-snapshotter, and file by file otherwise. Left out:
backups of what runs outside, and copies in a second region.
Upstream: velero.io/docs, 1.18, as of November 2026.
"""

from collections.abc import Collection, Iterator, Sequence
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, credential_flows, unknown_tenants
from components.addons.bundles import read_bundles
from components.addons.csi_snapshotter import CsiSnapshotter
from components.addons.exempt import (
    administers_the_cluster,
    api_server_address,
    reads_the_node,
    rights_as_upstream_has_them,
)
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.platform.flows import ANY_ADDRESS, Flow, Pods, to_api_server
from components.platform.tenants import TenantSpec
from spec.cron import Cron
from spec.model import Many, StackModel, same_twice
from spec.problems import Finding
from spec.text import DnsName, HttpsAddress
from spec.values import SecretText

NAMESPACE: Final = "velero"
_METRICS: Final = 8085
_HTTPS: Final = 443
_SERVICE_ACCOUNT: Final = f"{NAMESPACE}/velero"

RetentionDays: TypeAlias = Annotated[int, Field(ge=1, le=3650)]


class StoreSpec(StackModel):
    """A bucket that is there already, in a store that speaks S3 with TLS."""

    endpoint: HttpsAddress = Field(description="Where the store answers: https://s3.example.com:9000.")
    bucket: DnsName = Field(description="The bucket. What is of this cluster is below the cluster's name in it.")
    region: Annotated[str, Field(min_length=1)] = Field(
        default="us-east-1", description="The store's name of its region; most stores take any."
    )
    access_key: Annotated[str, Field(min_length=1)] = Field(description="The name of the key that may read and write.")
    secret_key: SecretText = Field(description="The key, encrypted.")
    certificate_authority: str | None = Field(
        default=None, description="Who signed the store's certificate, as PEM, unless everybody trusts them."
    )

    @property
    def port(self) -> int:
        """Where its connections go."""
        return urlsplit(self.endpoint).port or _HTTPS


class TenantBackupSpec(StackModel):
    """Backups of one tenant's namespace, besides those of everything."""

    tenant: DnsName = Field(description="The tenant.")
    schedule: Cron = Field(description="When, in UTC.")
    retention_days: RetentionDays = Field(description="Days that these are kept.")


class BackupSpec(AddOnSpec):
    """Backups of the whole cluster, and of tenants by themselves."""

    schedule: Cron = Field(
        default="0 7 * * *", description="When everything is backed up, in UTC: minute, hour, day, month, weekday."
    )
    retention_days: RetentionDays = Field(
        default=30, description="Days that backups are kept. 30, so that a loss may be noticed late."
    )
    tenants: Many[TenantBackupSpec] = Field(
        default=(), description="Tenants that are backed up more often, or kept longer, than everything is."
    )
    store: StoreSpec | None = Field(
        default=None,
        description="Where backups go. The default is a bucket of the cluster's cloud, made for it; kinds of clusters "
        "without one need this.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("tenant", "tenants", self.tenants, lambda each: each.tenant, key="tenant")

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        for finding in unknown_tenants((each.tenant for each in self.tenants), tenants):
            yield Finding(finding.code, finding.found, finding.allowed, finding.remedy, (*finding.at, "tenant"))


class Backup(AddOnBase):
    """Velero: backups of objects and volumes by schedule, in a store outside of the cluster."""

    name = "backup"
    version = read_bundles()["velero"].version
    spec_type = BackupSpec
    bundles = ("velero",)
    defines = MappingProxyType(
        {
            "velero.io": "Backup BackupRepository BackupStorageLocation DataDownload DataUpload DeleteBackupRequest "
            "DownloadRequest PodVolumeBackup PodVolumeRestore Restore Schedule ServerStatusRequest "
            "VolumeSnapshotLocation"
        }
    )
    requires = frozenset({Capability.NODE_DIRECTORIES})
    after = (CsiSnapshotter,)
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

    PODS: ClassVar = Pods(NAMESPACE)
    """All of Velero's: what moves a volume is a pod of its own."""

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, BackupSpec)
        yield to_api_server(cls.PODS, "velero")
        yield Flow("velero.store", cls.PODS, ANY_ADDRESS, (spec.store.port if spec.store else _HTTPS,))
        yield Flow("velero.metrics", Monitoring.PROMETHEUS, cls.PODS, (_METRICS,))

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        assert isinstance(spec, BackupSpec)
        return cls.requires if spec.store else cls.requires | {Capability.OBJECT_STORE}

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        assert isinstance(spec, BackupSpec)
        if not spec.store:
            yield from credential_flows("velero", cls.PODS, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.backup.parts import make_parts
        from components.addons.backup.store import cloud_store, given_store

        assert isinstance(spec, BackupSpec)
        place = self.places[NAMESPACE]
        store = given_store(spec.store, place) if spec.store else cloud_store(site.cluster, _SERVICE_ACCOUNT)
        make_parts(spec, site, store, place)
