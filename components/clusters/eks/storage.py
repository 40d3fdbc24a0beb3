"""What a cluster on AWS keeps data in besides disks: a shared file system, and buckets for backups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_aws import ec2, efs, eks, iam, s3, vpc

from components.cloud import CloudPlace
from components.contract import Grant, ObjectStore, Storage
from components.networks.aws import AwsNetwork
from components.networks.aws_iam import document, statement

_NFS: Final = 2049
_OLD_VERSIONS: Final = 30  # days in which an overwritten or deleted backup can be had back
_OBJECTS: Final = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
_BUCKET: Final = ("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation")
LEFTOVERS: Final = 7
"""Days after which an upload that was broken off is removed."""


def make_file_system(
    network: AwsNetwork, cluster: eks.Cluster, place: CloudPlace, after: Sequence[pulumi.Resource]
) -> Storage:
    """EFS that the nodes reach in each zone; a volume is a directory of it with an access point of its own."""
    name = f"{place.cluster}-shared"
    tags = place.tagged(name)
    files = efs.FileSystem(
        name,
        encrypted=True,
        throughput_mode="elastic",
        tags=tags,
        opts=place.options(keep=True, after=after),
    )
    group = ec2.SecurityGroup(
        name, description="NFS from the nodes", vpc_id=network.vpc.id, tags=tags, opts=place.options()
    )
    vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        referenced_security_group_id=cluster.vpc_config.apply(lambda config: config.cluster_security_group_id),
        ip_protocol="tcp",
        from_port=_NFS,
        to_port=_NFS,
        tags=tags,
        opts=place.options(),
    )
    for subnet in network.private_subnets:
        efs.MountTarget(
            f"{name}-{subnet.pulumi_resource_name}",
            file_system_id=files.id,
            subnet_id=subnet.id,
            security_groups=[group.id],
            opts=place.options(new_first=False),  # a zone has one
        )
    parameters: dict[str, pulumi.Input[str]] = {
        "provisioningMode": "efs-ap",
        "fileSystemId": files.id,
        "directoryPerms": "700",
    }
    return Storage("efs.csi.aws.com", parameters)


def make_bucket(name: str, region: str, place: CloudPlace) -> ObjectStore:
    """A private, versioned, encrypted bucket, and a policy that allows to read and write it."""
    name = f"{place.cluster}-{name}"
    bucket = make_private_bucket(name, _forget_old(), place)
    policy = iam.Policy(name, policy=bucket.arn.apply(bucket_policy), tags=place.tagged(name), opts=place.options())
    endpoint = f"https://s3.{region}.amazonaws.com"
    return ObjectStore(bucket.bucket, endpoint, Grant(policy.arn), "s3", {"region": region})


def make_private_bucket(name: str, rule: s3.BucketLifecycleConfigurationRuleArgs, place: CloudPlace) -> s3.Bucket:
    """A private, versioned, encrypted bucket, of which old things go by a rule."""
    bucket = s3.Bucket(
        name,
        force_destroy=not place.protect,  # or no stack with backups could be taken down
        tags=place.tagged(name),
        opts=place.options(keep=True),
    )
    s3.BucketVersioning(
        name,
        bucket=bucket.bucket,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=place.options(),
    )
    encryption = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms"
    )
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=encryption, bucket_key_enabled=True
            )
        ],
        opts=place.options(),
    )
    s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=place.options(),
    )
    s3.BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=[rule], opts=place.options())
    return bucket


def _forget_old() -> s3.BucketLifecycleConfigurationRuleArgs:
    return s3.BucketLifecycleConfigurationRuleArgs(
        id="forget-old",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=_OLD_VERSIONS
        ),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=LEFTOVERS
        ),
    )


def bucket_policy(bucket: str) -> str:
    """To read and write the objects of the bucket with this ARN."""
    return document(statement(_OBJECTS, f"{bucket}/*"), statement(_BUCKET, bucket))
