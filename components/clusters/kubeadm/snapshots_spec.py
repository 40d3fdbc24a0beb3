"""Snapshots of etcd in the stack file."""

from pydantic import Field

from components.addons.store import RetentionDays, StoreSpec
from spec.cron import Cron
from spec.model import StackModel


class EtcdSnapshotsSpec(StackModel):
    """Snapshots of etcd, with all objects of the cluster in them."""

    schedule: Cron = Field(
        default="0 */6 * * *", description="When one is taken, in UTC: minute, hour, day, month, weekday."
    )
    retention_days: RetentionDays = Field(
        default=30, description="Days that each is kept. 30, so that a loss may be noticed late."
    )


class StoredEtcdSnapshotsSpec(EtcdSnapshotsSpec):
    """Snapshots of etcd in a bucket that is there already."""

    store: StoreSpec = Field(
        description="Where they go. The key has to allow to read, write, list and delete what is in the bucket."
    )
