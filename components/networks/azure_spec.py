"""A virtual network in the stack file, and what AKS and Azure refuse of one; learn.microsoft.com, November 2026."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import Field

from spec.invalid import is_invalid
from spec.model import StackModel
from spec.problems import Code, Finding, KeyPath
from spec.values import Count, Ipv4Cidr

# Of AKS, in all three ranges: aks/concepts-network-cni-overview; Azure/AKS#731, #2234.
_OF_AKS: Final = tuple(
    IPv4Network(each) for each in ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
)
# Of Azure, in a virtual network: virtual-network/virtual-networks-faq.
_OF_AZURE: Final = tuple(IPv4Network(each) for each in ("127.0.0.0/8", "168.63.129.16/32", "224.0.0.0/4"))
_LARGEST_SERVICES: Final = 12  # the prefix; aks/configure-azure-cni
_SMALLEST_SERVICES: Final = 28  # DNS has the tenth address, Azure/AKS takes the first and the last


class AzureNetworkSpec(StackModel):
    """A virtual network with a subnet for nodes and one for the API server; pods are in an overlay."""

    range: Ipv4Cidr = Field(default=IPv4Network("10.0.0.0/16"), description="The network; half of it is for nodes.")
    pods: Ipv4Cidr = Field(
        default=IPv4Network("10.244.0.0/16"),
        description="The pods' addresses, which are nobody else's business; each node takes 256.",
    )
    services: Ipv4Cidr = Field(default=IPv4Network("172.16.0.0/16"), description="The addresses of Services.")
    nat_addresses: Annotated[Count, Field(ge=1, le=16)] = Field(
        default=1, description="Public addresses for what goes out; each is good for 64,512 connections at a time."
    )

    dataplane: Literal["cilium", "azure"] = Field(
        default="cilium",
        description="What carries packets and enforces network policies: Cilium, or Azure's own with Calico, which "
        "Windows nodes need. It is decided when the cluster is made.",
    )

    def findings(self) -> Iterator[Finding]:
        if self.range.prefixlen > 24:  # noqa: PLR2004 - the smallest that has room for both subnets
            yield Finding(Code.BAD_CIDR, str(self.range), "/24 or larger", "Take a larger range.", at=("range",))
        yield from _services_findings(("services",), self.services)
        yield from _range_findings(("range",), self.range, in_network=True)
        for key in ("pods", "services"):
            yield from _range_findings((key,), getattr(self, key))

    def by_place(self) -> dict[KeyPath, IPv4Network]:
        """The ranges by where they stand in the cluster's part of the stack file."""
        return {("network", key): getattr(self, key) for key in ("range", "pods", "services")}


def _range_findings(at: KeyPath, network: IPv4Network, *, in_network: bool = False) -> Iterator[Finding]:
    """A finding for each range of Azure's own that `network` shares addresses with."""
    for taken in (*_OF_AKS, *(_OF_AZURE if in_network else ())):
        if not is_invalid(network) and network.overlaps(taken):
            allowed = f"a range apart from {taken}, which Azure keeps for itself"
            yield Finding(Code.OVERLAP, str(network), allowed, "Choose another range: 10.0.0.0/16, say.", at=at)


def _services_findings(at: KeyPath, services: IPv4Network) -> Iterator[Finding]:
    """A finding when the range of Services is larger than AKS takes, or has no place for DNS."""
    if not is_invalid(services) and not _LARGEST_SERVICES <= services.prefixlen <= _SMALLEST_SERVICES:
        allowed = f"/{_LARGEST_SERVICES} to /{_SMALLEST_SERVICES}: DNS takes the tenth address"
        yield Finding(Code.BAD_CIDR, str(services), allowed, "Write 172.16.0.0/16, say.", at=at)
