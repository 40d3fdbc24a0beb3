"""Snapshots of etcd in the stack file."""

from typing import Annotated, TypeAlias

from pydantic import Field

from components.addons.store import RetentionDays, StoreSpec
from spec.cron import Cron
from spec.model import StackModel
from spec.problems import Code
from spec.text import TextRule

SnapshotName: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "the name of a snapshot, which says when it was taken: year, month, day, hour and minute",
        "[0-9]{4}(-[0-9]{2}){4}",
        "2026-12-01-06-00",
        longest=16,
        meant=lambda text: text.rpartition("/")[2].removesuffix(".db"),
    ),
]


class EtcdSnapshotsSpec(StackModel):
    """Snapshots of etcd, with all objects of the cluster in them."""

    schedule: Cron = Field(
        default="0 */6 * * *", description="When one is taken, in UTC: minute, hour, day, month, weekday."
    )
    retention_days: RetentionDays = Field(
        default=30, description="Days that each is kept. 30, so that a loss may be noticed late."
    )
    restore_from: SnapshotName | None = Field(
        default=None,
        description="The snapshot from which etcd begins when everything was lost: 2026-12-01-06-00. While anything of "
        "the cluster answers, it does nothing.",
    )


class StoredEtcdSnapshotsSpec(EtcdSnapshotsSpec):
    """Snapshots of etcd in a bucket that is there already."""

    store: StoreSpec = Field(
        description="Where they go. The key has to allow to read, write, list and delete what is in the bucket."
    )
