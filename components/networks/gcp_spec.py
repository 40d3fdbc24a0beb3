"""A VPC of Google Cloud in the stack file."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field

from spec.model import Many, StackModel
from spec.problems import KeyPath
from spec.values import Ipv4Cidr, PortNumber


class GcpNetworkSpec(StackModel):
    """A VPC with one subnet in the region: nodes in its own range, pods and Services in secondary ones."""

    nodes: Ipv4Cidr = Field(default=IPv4Network("10.0.0.0/20"), description="The nodes' addresses.")
    pods: Ipv4Cidr = Field(
        default=IPv4Network("10.4.0.0/14"),
        description="The pods' addresses; each node takes twice as many as it may run pods.",
    )
    services: Ipv4Cidr = Field(default=IPv4Network("10.8.0.0/20"), description="The addresses of Services.")
    proxies: Ipv4Cidr = Field(
        default=IPv4Network("10.9.0.0/23"),
        description="The addresses from which internal gateways of Google's own reach pods; made with the first one.",
    )
    flow_logs: bool = Field(default=True, description="Whether records of connections are kept (half of them).")
    webhook_ports: Many[PortNumber] = Field(
        default=(),
        description="Ports of pods that the API server calls as webhooks: 8443 or 9443 with many operators. It reaches "
        "443, 10250 and those of add-ons in any case.",
    )
    dataplane: Literal["v2", "iptables"] = Field(
        default="v2",
        description="What carries packets and enforces network policies: Dataplane V2, or iptables with Calico, which "
        "Windows nodes need. It is decided when the cluster is made.",
    )

    def by_place(self) -> dict[KeyPath, IPv4Network]:
        """The ranges by where they stand in the cluster's part of the stack file."""
        return {("network", key): getattr(self, key) for key in ("nodes", "pods", "services", "proxies")}
