"""What Karpenter needs in AWS; Karpenter itself is an add-on.

The queue tells it of machines that AWS is about to take back (karpenter.sh/docs, version 1.8).
"""

from __future__ import annotations

from typing import Final

from pulumi_aws import cloudwatch, ec2, eks, sqs

from components.cloud import CloudPlace
from components.networks.aws_iam import document

_EVENTS: Final = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "health": ("aws.health", "AWS Health Event"),
}
_KEPT: Final = 300  # seconds; an older warning is of no use
DISCOVERY_TAG: Final = "karpenter.sh/discovery"


def make_karpenter_prerequisites(cluster: eks.Cluster, place: CloudPlace) -> None:
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
    sender = {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]}
    policy = queue.arn.apply(
        lambda arn: document({"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn})
    )
    sqs.QueuePolicy(name, queue_url=queue.id, policy=policy, opts=place.options())
    for event, (source, kind) in _EVENTS.items():
        pattern = f'{{"source": ["{source}"], "detail-type": ["{kind}"]}}'
        rule_name = f"{name}-{event}"
        rule = cloudwatch.EventRule(
            rule_name, event_pattern=pattern, tags=place.tagged(rule_name), opts=place.options()
        )
        cloudwatch.EventTarget(rule_name, rule=rule.name, arn=queue.arn, opts=place.options())
    group = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)
    ec2.Tag(name, resource_id=group, key=DISCOVERY_TAG, value=place.cluster, opts=place.options())
