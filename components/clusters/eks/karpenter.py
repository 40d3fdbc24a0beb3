"""What Karpenter needs in AWS; Karpenter itself is an add-on.

The queue tells it of machines that AWS is about to take back, and its rights are those that upstream lists, without
those to make instance profiles (karpenter.sh/docs/reference/cloudformation, version 1.15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch, ec2, eks, iam, sqs

from components.cloud import CloudPlace
from components.clusters.names import AUTOMATIC, EVENT_RULE
from components.contract import Grant
from components.facilities import KarpenterConfig
from components.naming import shortened
from components.networks.aws_iam import document, statement

_EVENTS: Final = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "health": ("aws.health", "AWS Health Event"),
}
_KEPT: Final = 300  # seconds; an older warning is of no use
_HOPS: Final = 1  # pods are two hops away, and so cannot take the node's role
_SEEN: Final = (
    "CapacityReservations",
    "Images",
    "InstanceStatus",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "Instances",
    "LaunchTemplates",
    "PlacementGroups",
    "SecurityGroups",
    "SpotPriceHistory",
    "Subnets",
)
DISCOVERY_TAG: Final = "karpenter.sh/discovery"
_OWNER: Final = "kubernetes.io/cluster"
_CLUSTER_NAME: Final = "eks:eks-cluster-name"


def make_karpenter_prerequisites(cluster: eks.Cluster, place: CloudPlace) -> sqs.Queue:
    """The queue with its events, and the tag by which the nodes' security group is found.

    Karpenter's nodes take the role of the pools' nodes, which EKS lets in already.
    """
    name = f"{place.cluster}-karpenter"
    queue = sqs.Queue(
        name,
        name=name,
        message_retention_seconds=_KEPT,
        sqs_managed_sse_enabled=True,
        tags=place.tagged(name),
        opts=place.options(),
    )
    sqs.QueuePolicy(name, queue_url=queue.id, policy=queue.arn.apply(queue_policy), opts=place.options())
    for event, (source, kind) in _EVENTS.items():
        pattern = f'{{"source": ["{source}"], "detail-type": ["{kind}"]}}'
        rule_name = shortened(f"{name}-{event}", EVENT_RULE.longest - AUTOMATIC)
        rule = cloudwatch.EventRule(
            rule_name, event_pattern=pattern, tags=place.tagged(rule_name), opts=place.options()
        )
        cloudwatch.EventTarget(rule_name, rule=rule.name, arn=queue.arn, opts=place.options())
    group = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)
    ec2.Tag(name, resource_id=group, key=DISCOVERY_TAG, value=place.cluster, opts=place.options())
    return queue


def make_karpenter_config(
    cluster: eks.Cluster, queue: sqs.Queue, role: iam.Role, subnets: Sequence[ec2.Subnet], place: CloudPlace
) -> KarpenterConfig:
    """Rights to make, and to end, machines of this cluster; they take `role` and are in `subnets`.

    The instance profile is made here, so that Karpenter needs no rights to give roles away.
    """
    name = f"{place.cluster}-karpenter"
    profile = iam.InstanceProfile(name, role=role.name, tags=place.tagged(name), opts=place.options())
    known = pulumi.Output.all(cluster.arn, queue.arn, role.arn, profile.arn)
    policy = iam.Policy(
        name,
        policy=known.apply(lambda arns: controller_policy(place.cluster, *arns)),
        tags=place.tagged(name),
        opts=place.options(),
    )
    node = {
        "instanceProfile": profile.name,
        "subnetSelectorTerms": [{"id": subnet.id} for subnet in subnets],
        "securityGroupSelectorTerms": [{"tags": {DISCOVERY_TAG: place.cluster}}],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": _HOPS},
        "tags": dict(place.tags),
    }
    return KarpenterConfig([Grant(policy.arn)], queue.name, node)


def controller_policy(name: str, cluster: str, queue: str, role: str, profile: str) -> str:
    """What the controller may do, to machines with the tags of the cluster `name` only; the others are ARNs."""
    region = cluster.split(":")[3]
    here = {"StringEquals": {"aws:RequestedRegion": region}}
    to_machines = {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}}
    return document(
        *_on_machines(name, region),
        statement([f"ec2:Describe{what}" for what in _SEEN], "*", here),
        statement(("pricing:GetProducts", "iam:ListInstanceProfiles"), "*"),
        statement(("ssm:GetParameter",), f"arn:aws:ssm:{region}::parameter/aws/service/*"),
        statement(("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"), queue),
        statement(("iam:PassRole",), role, to_machines),
        statement(("iam:GetInstanceProfile",), profile),
        statement(("eks:DescribeCluster",), cluster),
    )


def _on_machines(name: str, region: str) -> Iterator[dict[str, Any]]:
    """Rights to make, tag and end machines: new tags only on what is being made, or on what has the cluster's."""

    def arns(*kinds: str) -> list[str]:
        return [f"arn:aws:ec2:{region}:*:{kind}/*" for kind in kinds]

    new = arns("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
    given = arns("security-group", "subnet", "capacity-reservation", "placement-group")
    images = [f"arn:aws:ec2:{region}::{kind}/*" for kind in ("image", "snapshot")]
    pool = "karpenter.sh/nodepool"
    its_own = {"StringEquals": {f"aws:ResourceTag/{_OWNER}/{name}": "owned"}}
    owned = {**its_own, "StringLike": {f"aws:ResourceTag/{pool}": "*"}}
    for_itself = {f"aws:RequestTag/{_OWNER}/{name}": "owned", f"aws:RequestTag/{_CLUSTER_NAME}": name}
    asked = {"StringEquals": for_itself, "StringLike": {f"aws:RequestTag/{pool}": "*"}}
    # Without it, a tag could be put on any machine, which would then be the cluster's to end.
    while_making = {"ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]}
    start = ("ec2:RunInstances", "ec2:CreateFleet")
    yield statement(start, [*images, *given])
    yield statement(start, arns("launch-template"), owned)
    yield statement((*start, "ec2:CreateLaunchTemplate"), new, asked)
    yield statement(("ec2:CreateTags",), new, {**asked, "StringEquals": {**for_itself, **while_making}})
    yield statement(("ec2:CreateTags",), arns("instance"), {**owned, **_own_tags_only(name)})
    yield statement(("ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"), arns("instance", "launch-template"), owned)


def _own_tags_only(name: str) -> dict[str, Any]:
    """The tags that a running machine may get."""
    return {
        "StringEqualsIfExists": {f"aws:RequestTag/{_CLUSTER_NAME}": name},
        "ForAllValues:StringEquals": {"aws:TagKeys": [_CLUSTER_NAME, "karpenter.sh/nodeclaim", "Name"]},
    }


def queue_policy(queue: str) -> str:
    """AWS may send to the queue with this ARN, and nobody does anything to it but over TLS."""
    sender = {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]}
    in_clear = {"Bool": {"aws:SecureTransport": "false"}}
    return document(
        {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": queue},
        {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue, "Condition": in_clear},
    )
