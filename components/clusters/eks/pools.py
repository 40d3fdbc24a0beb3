"""EKS's node pools: managed node groups, each with a launch template for its disks and its metadata service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_aws import ec2, eks

from components.cloud import CloudPlace
from components.clusters.eks.live import Size, scaling
from components.clusters.eks.pool_scaling import discovery_tags
from components.clusters.pools import generation
from components.networks.aws import AwsNetwork
from components.networks.aws_iam import MANAGED, ServiceRole, service_role

if TYPE_CHECKING:
    from components.clusters.eks.spec import EksPoolSpec

_NODE_POLICIES: Final = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKS_CNI_Policy",  # of the node: the CNI starts before the agent that gives pods roles of their own
    "AmazonSSMManagedInstanceCore",  # a shell on a node without SSH or open ports
)
_EFFECTS: Final = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
_HOPS: Final = 1  # pods are two hops away, and so cannot take the node's role
_SYSTEM_DISK_GIB: Final = 4  # Bottlerocket's own, which it never writes to


def make_node_roles(pools: Sequence[EksPoolSpec], place: CloudPlace) -> dict[bool, ServiceRole]:
    """What nodes may do, by whether they run Windows: to EKS, all nodes of a role run the same system."""
    policies = [MANAGED + policy for policy in _NODE_POLICIES]
    names = {False: f"{place.cluster}-node", True: f"{place.cluster}-node-windows"}
    wanted = {False} | {pool.is_windows for pool in pools}
    return {windows: service_role(names[windows], "ec2.amazonaws.com", place, policies) for windows in sorted(wanted)}


@dataclass(frozen=True)
class EksNodePools:
    """What the node groups of a cluster have in common; `after` has to be there before the first node.

    `zones` are those of the network, `roles` are as `make_node_roles` makes them, and `sizes` as AWS has them now.
    """

    cluster: eks.Cluster
    zones: Sequence[str]
    network: AwsNetwork
    roles: Mapping[bool, ServiceRole]
    place: CloudPlace
    after: Sequence[pulumi.Resource]
    sizes: Mapping[str, Size]

    def make(self, pool: EksPoolSpec, version: str) -> eks.NodeGroup:
        """The node group of a pool. What cannot be changed in place is in its name: the new one comes up first."""
        name = f"{self.place.cluster}-{pool.name}"
        types = [pool.machine_type, *pool.alternatives]
        made_of = generation(types=types, image=pool.ami_type, spot=pool.spot, zones=sorted(self.zones))
        size = scaling(pool.name, f"{pool.name}-{made_of}", pool.nodes, self.sizes if pool.scales else {})
        template = _make_launch_template(pool, name, self.place)
        return eks.NodeGroup(
            name,
            node_group_name=f"{pool.name}-{made_of}",
            cluster_name=self.cluster.name,
            version=version,
            node_role_arn=self.roles[pool.is_windows].arn,
            subnet_ids=[subnet.id for subnet in self.network.private_subnets],
            instance_types=types,
            ami_type=pool.ami_type,
            capacity_type="SPOT" if pool.spot else "ON_DEMAND",
            launch_template=eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=pool.nodes.min, max_size=pool.nodes.max, desired_size=size.desired
            ),
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=pool.max_unavailable_percentage),
            node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            labels=pool.node_labels,
            taints=[
                eks.NodeGroupTaintArgs(key=taint.key, value=taint.value or None, effect=_EFFECTS[taint.effect])
                for taint in pool.all_taints
            ],
            tags=self._tags(pool, name),
            opts=self.place.options(
                after=[*self.after, self.network, *self.roles[pool.is_windows].rights],
                ignore_changes=["scalingConfig.desiredSize"] if size.is_kept else (),
                new_first=True,
            ),
        )

    def _tags(self, pool: EksPoolSpec, name: str) -> dict[str, str]:
        """The place's tags, and those by which the cluster autoscaler finds what it may scale."""
        return {**self.place.tagged(name), **(discovery_tags(self.place.cluster) if pool.scales else {})}


def _make_launch_template(pool: EksPoolSpec, name: str, place: CloudPlace) -> ec2.LaunchTemplate:
    tags = place.tagged(name)
    return ec2.LaunchTemplate(
        name,
        description=f"Nodes of the pool {pool.name}",
        update_default_version=True,
        block_device_mappings=_disks(pool),
        metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=_HOPS
        ),
        tag_specifications=[
            ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
            for kind in ("instance", "volume", "network-interface")
        ],
        tags=tags,
        opts=place.options(),
    )


def _disks(pool: EksPoolSpec) -> list[ec2.LaunchTemplateBlockDeviceMappingArgs]:
    devices = {
        "al2023": {"/dev/xvda": pool.disk_gib},
        "bottlerocket": {"/dev/xvda": _SYSTEM_DISK_GIB, "/dev/xvdb": pool.disk_gib},
        "windows-2022": {"/dev/sda1": pool.disk_gib},
    }
    return [
        ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=device,
            ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_type="gp3", volume_size=size, encrypted="true", delete_on_termination="true"
            ),
        )
        for device, size in devices[pool.image].items()
    ]
