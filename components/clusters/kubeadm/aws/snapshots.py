"""The bucket for snapshots of etcd: private, encrypted, and with nothing in it for longer than it is to be kept.

Control planes may add to it and read it. None deletes: whoever has taken one over destroys no snapshot, and of what is
overwritten the version before is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_aws import s3

from components.clusters.eks.storage import LEFTOVERS, make_private_bucket
from components.clusters.kubeadm.snapshots import FOLDER, SnapshotStore, restoring_files
from components.networks.aws_iam import document, statement

if TYPE_CHECKING:
    from components.cloud import CloudPlace
    from components.clusters.kubeadm.snapshots_spec import EtcdSnapshotsSpec

READ: Final = "s3:GetObject"
_OVERWRITTEN: Final = 7  # days in which the version before, or an expired snapshot, can still be had


class SnapshotBucket:
    """The bucket as the script knows it, and policies of machines: of those that take snapshots, and of those that only
    restore from one."""

    def __init__(self, spec: EtcdSnapshotsSpec, region: str, place: CloudPlace) -> None:
        bucket = make_private_bucket(f"{place.cluster}-etcd-snapshots", _expire(spec.retention_days), place)
        self.url: pulumi.Output[str] = bucket.bucket.apply(lambda name: f"https://{name}.s3.{region}.amazonaws.com")
        self.store = SnapshotStore(self.url, region, FOLDER)
        self.policy: pulumi.Output[str] = bucket.arn.apply(lambda arn: snapshot_policy(arn, READ, "s3:PutObject"))
        self.reading: pulumi.Output[str] = bucket.arn.apply(lambda arn: snapshot_policy(arn, READ))
        self.restore_from = spec.restore_from

    @property
    def settings(self) -> dict[str, str]:
        """What machines of the control plane are told."""
        return {"RESTORE": self.restore_from} if self.restore_from else {}

    def restoring_files(self, url: str, *, external: bool) -> dict[str, tuple[str, str]]:
        """What a machine with a member of etcd has to bring it back, when the bucket's `url` is known."""
        return restoring_files(self.store, url, external=external)


def snapshot_policy(bucket: str, *actions: str) -> str:
    """To do so with the snapshots in the bucket with this ARN, and to list them."""
    within = {"StringLike": {"s3:prefix": f"{FOLDER}*"}}
    return document(
        statement(actions, f"{bucket}/{FOLDER}*"),
        statement(("s3:ListBucket",), bucket, within),
    )


def _expire(days: int) -> s3.BucketLifecycleConfigurationRuleArgs:
    """A snapshot becomes a version that is not current any more, and that goes, and then its mark of deletion.

    docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html, November 2026.
    """
    return s3.BucketLifecycleConfigurationRuleArgs(
        id="expire",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=_OVERWRITTEN
        ),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=LEFTOVERS
        ),
    )
