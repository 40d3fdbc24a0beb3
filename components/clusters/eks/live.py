"""What a run has to know of AWS at this moment: how large node groups are, where the one NAT gateway is, and which logs
an earlier cluster has left.

The number that an autoscaler has chosen must stay when a run changes something else, and must fit when a run changes
the bounds: the provider sends the desired size with them, and the engine's `ignoreChanges` would have it send what the
last run knew, which AWS refuses outside of the new bounds, or which ends nodes that are in use
(hashicorp/terraform-provider-aws, internal/service/eks/node_group.go; terraform-aws-modules/terraform-aws-eks #944,
#3306, #3521). So it is looked up, once a run, and ignored only while the bounds are as they are to be.

A network's one NAT gateway stays in its zone when there are more of them: in another it would have another address,
which others allow in their firewalls, and nodes would be cut off while it moves.

A control plane writes its last logs when its log group is deleted already, and AWS creates the group again for them,
whatever the cluster's role may do (terraform-aws-modules/terraform-aws-eks #920, #2446, #2763). The next cluster of the
name takes it over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pulumi
from pulumi_aws import cloudwatch, ec2, eks

from components.clusters.pools import NodeCount
from components.naming import CLUSTER_TAG
from components.networks.aws import nat_name


@dataclass(frozen=True)
class Scaling:
    """The size that a node group is to have; `is_kept` where what scales it goes on to decide that."""

    desired: int
    is_kept: bool


@dataclass(frozen=True)
class Size:
    """The bounds of a node group, and how many nodes it wants at this moment."""

    bounds: tuple[int, int]
    desired: int


def scaling(pool: str, group: str, wanted: NodeCount, live: Mapping[str, Size]) -> Scaling:
    """The size of the node group `group` of a pool, where the cluster has the groups `live` by name.

    A new generation begins as large as the one that it replaces, for the pods of that one have to find room.
    """
    earlier = (size for name, size in live.items() if re.fullmatch(rf"{re.escape(pool)}-[0-9a-f]{{6}}", name))
    size = live.get(group) or next(earlier, None)
    if size is None:
        return Scaling(wanted.min, is_kept=False)
    kept = group in live and size.bounds == (wanted.min, wanted.max)
    return Scaling(max(wanted.min, min(size.desired, wanted.max)), kept)


@dataclass(frozen=True)
class Live:
    """What there is of the cluster by the name `cluster`."""

    cluster: str
    options: pulumi.InvokeOptions

    @cached_property
    def exists(self) -> bool:
        """Whether there is such a cluster."""
        return self.cluster in eks.get_clusters(opts=self.options).names

    def sizes(self) -> Mapping[str, Size]:
        """The node groups, by name; none before there is the cluster."""
        if not self.exists:
            return {}
        groups = eks.get_node_groups(cluster_name=self.cluster, opts=self.options).names
        return {name: _size(eks.get_node_group(self.cluster, name, opts=self.options)) for name in groups}

    def nat_zone(self, zones: Sequence[str]) -> str:
        """The zone whose NAT gateway all of `zones` go through: where there is one already, else the first by name."""
        alive = ec2.GetNatGatewaysFilterArgs(name="state", values=["pending", "available"])
        ours = ec2.GetNatGatewaysFilterArgs(name=f"tag:{CLUSTER_TAG}", values=[self.cluster])
        ids = ec2.get_nat_gateways(filters=[alive, ours], opts=self.options).ids
        names = {ec2.get_nat_gateway(id=each, opts=self.options).tags.get("Name") for each in ids}
        return next((zone for zone in sorted(zones) if nat_name(self.cluster, zone) in names), min(zones))

    def has_left(self, log_group: str) -> bool:
        """Whether an earlier cluster has left its log group."""
        if self.exists:
            return False
        return log_group in cloudwatch.get_log_groups(log_group, opts=self.options).log_group_names


def _size(group: eks.GetNodeGroupResult) -> Size:
    (found,) = group.scaling_configs
    return Size((found.min_size, found.max_size), found.desired_size)
