"""How large the node groups of a cluster are at this moment, which only AWS knows where something scales them.

The number that an autoscaler has chosen must stay when a run changes something else, and must fit when a run changes
the bounds: the provider sends the desired size with them, and the engine's `ignoreChanges` would have it send what the
last run knew, which AWS refuses outside of the new bounds, or which ends nodes that are in use
(hashicorp/terraform-provider-aws, internal/service/eks/node_group.go; terraform-aws-modules/terraform-aws-eks #944,
#3306, #3521). So it is looked up, once a run, and ignored only while the bounds are as they are to be.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.clusters.pools import NodeCount


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


def live_sizes(cluster: str, options: pulumi.InvokeOptions) -> Mapping[str, Size]:
    """The node groups that a cluster has, by name; none before there is the cluster."""
    if cluster not in eks.get_clusters(opts=options).names:
        return {}
    groups = eks.get_node_groups(cluster_name=cluster, opts=options).names
    return {name: _size(eks.get_node_group(cluster, name, opts=options)) for name in groups}


def _size(group: eks.GetNodeGroupResult) -> Size:
    (found,) = group.scaling_configs
    return Size((found.min_size, found.max_size), found.desired_size)
