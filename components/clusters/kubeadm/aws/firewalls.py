"""Who reaches whom on the machines' network: nothing but what a cluster needs.

Of Kubernetes: kubernetes.io/docs/reference/networking/ports-and-protocols, 1.36; of the network plugin:
docs.cilium.io/en/v1.20/operations/system_requirements, firewall rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import ec2, vpc

from components.cloud import CloudPlace
from components.clusters.kubeadm.etcd import CLIENTS, PEERS
from components.clusters.kubeadm.ports import PORT
from components.control_plane import CONTROLLER_MANAGER, ETCD, MOST_MEMBERS, SCHEDULER

_EVERYWHERE: Final = "0.0.0.0/0"
_TUNNELS: Final = {"vxlan": 8472, "geneve": 6081}
_NODE_PORTS: Final = (30000, 32767)
_HEALTH: Final = 4240  # of the network plugin
_KUBELET: Final = 10250
_PING: Final = (8, -1)  # type and code of ICMP, where other protocols have ports

Ports = tuple[int, int]


@dataclass(frozen=True)
class Firewalls:
    """The groups: `nodes` of every node, `control_planes` of those with an API server besides, `etcd` of its members
    on other machines (of the control planes', where there are none); `rules` have to be there before machines are."""

    nodes: ec2.SecurityGroup
    control_planes: ec2.SecurityGroup
    etcd: ec2.SecurityGroup
    rules: Sequence[pulumi.Resource]


def make_firewalls(
    network: ec2.Vpc,
    encapsulation: str,
    balancers: Mapping[str, ec2.SecurityGroup],
    range_: str,
    place: CloudPlace,
    *,
    external_etcd: bool,
) -> Firewalls:
    """The groups of machines in a network whose addresses are `range_`; `balancers` reach the API servers."""
    owned = {f"kubernetes.io/cluster/{place.cluster}": "owned"}  # by which the cloud's controller knows its own
    nodes = _make_group("nodes", "Every machine of the cluster", network, place, owned)
    planes = _make_group("control-planes", "The machines of the control plane", network, place, {})
    rules = Rules(place)
    tunnel = _TUNNELS[encapsulation]
    rules.let_in("nodes-kubelet", nodes, planes, "tcp", (_KUBELET, _KUBELET))
    rules.let_in("nodes-kubelet-metrics", nodes, nodes, "tcp", (_KUBELET, _KUBELET))
    rules.let_in("nodes-tunnel", nodes, nodes, "udp", (tunnel, tunnel))
    rules.let_in("nodes-health", nodes, nodes, "tcp", (_HEALTH, _HEALTH))
    rules.let_in("nodes-ping", nodes, nodes, "icmp", _PING)
    rules.let_in("nodes-services", nodes, range_, "tcp", _NODE_PORTS)
    rules.let_in("control-planes-api", planes, nodes, "tcp", (PORT, PORT))
    rules.let_in("control-planes-metrics", planes, nodes, "tcp", (CONTROLLER_MANAGER, SCHEDULER))
    rules.let_in("control-planes-etcd-metrics", planes, nodes, "tcp", (ETCD, ETCD + MOST_MEMBERS - 1))
    for side, balancer in balancers.items():
        rules.let_in(f"control-planes-api-{side}", planes, balancer, "tcp", (PORT, PORT))
        rules.let_out(f"api-{side}-out", balancer, planes)
    rules.let_out("nodes-out", nodes, _EVERYWHERE)
    if not external_etcd:
        rules.let_in("control-planes-etcd", planes, planes, "tcp", (CLIENTS, PEERS))
        return Firewalls(nodes, planes, planes, rules.made)
    etcd = _make_group("etcd", "The members of etcd", network, place, {})
    rules.let_in("etcd-clients", etcd, planes, "tcp", (CLIENTS, CLIENTS))
    rules.let_in("etcd-members", etcd, etcd, "tcp", (CLIENTS, PEERS))
    rules.let_out("etcd-out", etcd, _EVERYWHERE)
    return Firewalls(nodes, planes, etcd, rules.made)


def _make_group(
    what: str, description: str, network: ec2.Vpc, place: CloudPlace, more: Mapping[str, str]
) -> ec2.SecurityGroup:
    name = f"{place.cluster}-{what}"
    tags = {**place.tagged(name), **more}
    return ec2.SecurityGroup(name, description=description, vpc_id=network.id, tags=tags, opts=place.options())


@dataclass(frozen=True)
class Rules:
    """The rules of one place; `made` are those that there are."""

    place: CloudPlace
    made: list[pulumi.Resource] = field(default_factory=list)

    def let_in(
        self, name: str, group: ec2.SecurityGroup, who: ec2.SecurityGroup | str, protocol: str, ports: Ports
    ) -> None:
        """Let a group or a range reach these ports of a group."""
        first, last = ports
        name = f"{self.place.cluster}-{name}"
        rule = vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            cidr_ipv4=who if isinstance(who, str) else None,
            referenced_security_group_id=None if isinstance(who, str) else who.id,
            ip_protocol=protocol,
            from_port=first,
            to_port=last,
            tags=self.place.tagged(name),
            opts=self.place.options(),
        )
        self.made.append(rule)

    def let_out(self, name: str, group: ec2.SecurityGroup, where: ec2.SecurityGroup | str) -> None:
        """Let a group reach the API servers of another one, or all ports of a range."""
        name, anywhere = f"{self.place.cluster}-{name}", isinstance(where, str)
        rule = vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group.id,
            cidr_ipv4=where if isinstance(where, str) else None,
            referenced_security_group_id=None if isinstance(where, str) else where.id,
            ip_protocol="-1" if anywhere else "tcp",
            from_port=None if anywhere else PORT,
            to_port=None if anywhere else PORT,
            tags=self.place.tagged(name),
            opts=self.place.options(),
        )
        self.made.append(rule)
