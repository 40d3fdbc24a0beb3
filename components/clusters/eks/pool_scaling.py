"""What the autoscaler of Kubernetes needs in AWS: to see what there is, and to resize the pools of one cluster.

EKS puts both tags on the scaling group of every managed node group by itself
(docs.aws.amazon.com/eks/latest/best-practices/cas.html; rights: cloudprovider/aws/README.md, cluster-autoscaler 1.36).
"""

from __future__ import annotations

from typing import Final

from pulumi_aws import eks, iam

from components.cloud import CloudPlace
from components.contract import Grant
from components.facilities import PoolScaling
from components.networks.aws_iam import document, statement

_TAG: Final = "k8s.io/cluster-autoscaler"
_SEES: Final = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)
_CHANGES: Final = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")


def discovery_tags(cluster: str) -> dict[str, str]:
    """The tags by which the autoscaler finds what it may scale, of the cluster by that name."""
    return {f"{_TAG}/enabled": "true", f"{_TAG}/{cluster}": "owned"}


def make_pool_scaling(cluster: eks.Cluster, region: str, place: CloudPlace) -> PoolScaling:
    """Rights to resize the pools of `cluster`, and the words by which they are found."""
    name = f"{place.cluster}-cluster-autoscaler"
    policy = iam.Policy(
        name,
        policy=cluster.arn.apply(lambda arn: autoscaler_policy(place.cluster, arn)),
        tags=place.tagged(name),
        opts=place.options(),
    )
    found_by = ",".join(discovery_tags(place.cluster))
    arguments = ("--cloud-provider=aws", f"--node-group-auto-discovery=asg:tag={found_by}")
    return PoolScaling([Grant(policy.arn)], arguments, {"AWS_REGION": region})


def autoscaler_policy(name: str, cluster: str) -> str:
    """What it may do, to scaling groups with the tags of the cluster `name` only, whose ARN is `cluster`."""
    region, account = cluster.split(":")[3:5]
    owned = {f"aws:ResourceTag/{tag}": value for tag, value in discovery_tags(name).items()}
    groups = f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*"
    return document(
        statement(_SEES, "*", {"StringEquals": {"aws:RequestedRegion": region}}),
        statement(_CHANGES, groups, {"StringEquals": owned}),
        # Labels and taints of a pool that has no node to see them on.
        statement(["eks:DescribeNodegroup"], f"arn:aws:eks:{region}:{account}:nodegroup/{name}/*/*"),
    )
