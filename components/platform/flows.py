"""Flows: who opens connections to whom, said once, and opened at both ends.

Tenants write rules of their own (`network`); flows are what add-ons need. A flow that has an end in a
namespace becomes a NetworkPolicy there, so each namespace holds all that is open in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pulumi
import pulumi_kubernetes as kubernetes

from components.contract import Cluster
from components.naming import TENANT_LABEL
from components.platform.network import make_network_policy
from components.platform.place import Place

TENANTS: Final = "*tenants"
"""As the namespace of `Pods`: every tenant's."""


@dataclass(frozen=True)
class Pods:
    """Pods of a namespace that have all of `labels`."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def peer(self) -> "kubernetes.networking.v1.NetworkPolicyPeerArgs":
        """The pods as the other end of a rule."""
        of_tenant = kubernetes.meta.v1.LabelSelectorRequirementArgs(key=TENANT_LABEL, operator="Exists")
        namespaces = (
            kubernetes.meta.v1.LabelSelectorArgs(match_expressions=[of_tenant])
            if self.namespace == TENANTS
            else kubernetes.meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": self.namespace})
        )
        pods = kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(self.labels)) if self.labels else None
        return kubernetes.networking.v1.NetworkPolicyPeerArgs(namespace_selector=namespaces, pod_selector=pods)


@dataclass(frozen=True)
class Addresses:
    """Addresses that are no pods': the API server, nodes, what is outside. The clouds' metadata never is."""

    cidr: str = "0.0.0.0/0"
    exceptions: tuple[str, ...] = ("169.254.0.0/16",)

    def peer(self) -> "kubernetes.networking.v1.NetworkPolicyPeerArgs":
        """The addresses as the other end of a rule."""
        block = kubernetes.networking.v1.IPBlockArgs(cidr=self.cidr, except_=list(self.exceptions))
        return kubernetes.networking.v1.NetworkPolicyPeerArgs(ip_block=block)


Side: TypeAlias = Pods | Addresses

ANY_ADDRESS: Final = Addresses()


@dataclass(frozen=True)
class Flow:
    """Connections from `source` to TCP `ports` of `destination`; `name` is unique in the stack."""

    name: str
    source: Side
    destination: Side
    ports: tuple[int, ...]

    @property
    def namespaces(self) -> frozenset[str]:
        """Where its ends are."""
        return frozenset(side.namespace for side in (self.source, self.destination) if isinstance(side, Pods))


def to_api_server(pods: Pods, name: str) -> Flow:
    """What pods that talk to the API server need: its address is known only to the cluster, its ports are these."""
    return Flow(f"{name}.api", pods, ANY_ADDRESS, (443, 6443))


def to_credentials(pods: Pods, name: str, cluster: Cluster) -> Iterator[Flow]:
    """What pods that act in the cloud need to get their credentials from their node."""
    for cidr, port in cluster.credential_sources:
        yield Flow(f"{name}.credentials-{port}", pods, Addresses(cidr, ()), (port,))


def make_flow_policies(flows: Iterable[Flow], place: Place, here: str = "") -> Iterator[pulumi.Resource]:
    """A NetworkPolicy for each end of `flows` that is in the place; `here` is another name that flows have for it."""
    names = {here, place.namespace}
    for flow in flows:
        ports = [kubernetes.networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in flow.ports]
        if isinstance(flow.source, Pods) and flow.source.namespace in names:
            egress = kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(to=[flow.destination.peer()], ports=ports)
            yield make_network_policy(f"{flow.name}-egress", flow.source.labels, place, egress=(egress,))
        if isinstance(flow.destination, Pods) and flow.destination.namespace in names:
            ingress = kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(from_=[flow.source.peer()], ports=ports)
            yield make_network_policy(f"{flow.name}-ingress", flow.destination.labels, place, ingress=(ingress,))
