"""Buckets for backups in Google Cloud."""

from __future__ import annotations

from typing import Final

from pulumi_gcp import storage

from components.cloud import CloudPlace
from components.contract import Grant, ObjectStore

_OLD_VERSIONS: Final = 30  # days in which an overwritten or deleted backup can be had back
_LEFTOVERS: Final = 7  # days after which an upload that was broken off is removed


def make_bucket(name: str, project: str, region: str, place: CloudPlace) -> ObjectStore:
    """A private, versioned bucket; Google encrypts all of them."""
    condition = storage.BucketLifecycleRuleConditionArgs
    bucket = storage.Bucket(
        f"{place.cluster}-{name}",
        project=project,
        location=region,
        force_destroy=not place.protect,  # or no stack with backups could be taken down
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning=storage.BucketVersioningArgs(enabled=True),
        lifecycle_rules=[
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=condition(days_since_noncurrent_time=_OLD_VERSIONS),
            ),
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
                condition=condition(age=_LEFTOVERS),
            ),
        ],
        labels=dict(place.tags),
        opts=place.options(keep=True),
    )
    grant = Grant("roles/storage.objectAdmin", on=bucket.name)
    return ObjectStore(bucket.name, "https://storage.googleapis.com", grant, "gcs")
