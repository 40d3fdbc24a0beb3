"""What a stack file may say of backups, and what others know of Velero."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec, unknown_tenants
from components.addons.store import RetentionDays, StoreSpec
from components.kubernetes_versions import KubernetesVersions
from components.platform.flows import Pods
from components.platform.tenants import TenantSpec
from spec.cron import Cron
from spec.model import Many, StackModel, same_twice
from spec.problems import Finding
from spec.text import DnsName

VERSION: Final = read_bundles()["velero"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=18,
    newest=None,
    tested=35,
    source="velero-io/velero, README.md of 2026-08-21: 1.18, expected to be compatible",
)
NAMESPACE: Final = "velero"
SERVICE_ACCOUNT: Final = "velero"
METRICS: Final = 8085
PODS: Final = Pods(NAMESPACE)
"""All of Velero's: what moves a volume is a pod of its own."""
EVERYTHING: Final = "everything"
"""The schedule of backups of the whole cluster."""


def schedule_of(tenant: str) -> str:
    """The schedule of a tenant's own backups."""
    return f"tenant-{tenant}"


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

    @property
    def crons(self) -> Mapping[str, str]:
        """When each of the schedules makes a backup, by its name."""
        return {EVERYTHING: self.schedule, **{schedule_of(each.tenant): each.schedule for each in self.tenants}}

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("tenant", "tenants", self.tenants, lambda each: each.tenant, key="tenant")

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        for finding in unknown_tenants((each.tenant for each in self.tenants), tenants):
            yield Finding(finding.code, finding.found, finding.allowed, finding.remedy, (*finding.at, "tenant"))
