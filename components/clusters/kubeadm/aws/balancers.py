"""The load balancers before the API servers: one for the machines, and one on the internet where somebody is let in.

Both are network load balancers that hand connections on as they are; only an API server has the certificate. A machine
that reaches itself through its own balancer would get no answer if that kept the address of the client, so they do not
(docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html, November 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

import pulumi
from pulumi_aws import ec2, lb, vpc

from components.cloud import CloudPlace
from components.clusters.kubeadm.ports import PORT
from components.clusters.names import AUTOMATIC
from components.naming import shortened
from components.networks.aws import AwsNetwork

_LONGEST: Final = 32 - AUTOMATIC  # of a load balancer's or target group's name


@dataclass(frozen=True)
class ApiBalancer:
    """A balancer: its name in the DNS, the group of what it hands connections to, and what reaches those from it."""

    host: pulumi.Output[str]
    targets: pulumi.Output[str]
    group: ec2.SecurityGroup


def make_balancer(
    side: str, from_: Sequence[IPv4Network | IPv6Network], network: AwsNetwork, place: CloudPlace
) -> ApiBalancer:
    """The balancer on a `side`, private or public, that takes connections from these addresses; `firewalls` lets it
    reach the API servers. The private one is kept: its name is what machines were told."""
    internal = side == "private"
    name = f"{place.cluster}-api-{side}"
    tags = place.tagged(name)
    group = _make_group(name, from_, network, place)
    subnets = network.private_subnets if internal else network.public_subnets
    balancer = lb.LoadBalancer(
        shortened(name, _LONGEST),
        load_balancer_type="network",
        internal=internal,
        subnets=[subnet.id for subnet in subnets],
        security_groups=[group.id],
        enable_cross_zone_load_balancing=True,
        enable_deletion_protection=place.protect and internal,
        tags=tags,
        opts=place.options(keep=internal),
    )
    targets = lb.TargetGroup(
        shortened(name, _LONGEST),
        port=PORT,
        protocol="TCP",
        vpc_id=network.vpc.id,
        preserve_client_ip="false",
        deregistration_delay=30,
        health_check=lb.TargetGroupHealthCheckArgs(
            protocol="HTTPS", path="/readyz", interval=10, healthy_threshold=2, unhealthy_threshold=2
        ),
        tags=tags,
        opts=place.options(),
    )
    forward = lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
    listener = lb.Listener(
        name,
        load_balancer_arn=balancer.arn,
        port=PORT,
        protocol="TCP",
        default_actions=[forward],
        tags=tags,
        opts=place.options(),
    )
    # Machines come when there is somebody who hands connections on to them.
    arn = pulumi.Output.all(targets.arn, listener.arn).apply(lambda both: str(both[0]))
    return ApiBalancer(balancer.dns_name, arn, group)


def _make_group(
    name: str, from_: Sequence[IPv4Network | IPv6Network], network: AwsNetwork, place: CloudPlace
) -> ec2.SecurityGroup:
    tags = place.tagged(name)
    description = "Who reaches the API servers"
    group = ec2.SecurityGroup(name, description=description, vpc_id=network.vpc.id, tags=tags, opts=place.options())
    for each in from_:
        vpc.SecurityGroupIngressRule(
            f"{name}-{each.network_address}-{each.prefixlen}",
            security_group_id=group.id,
            cidr_ipv4=str(each),
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            tags=tags,
            opts=place.options(),
        )
    return group
