"""A virtual network for an AKS cluster: a subnet for nodes, which go out by NAT, and one for the API server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_azure_native as azure

from components.cloud import CloudPlace
from components.naming import component_type
from components.networks.address_plan import halves
from components.networks.azure_spec import AzureNetworkSpec
from spec.values import Ipv4Cidr

_API_PREFIX: Final = 28  # the smallest that AKS takes for the API server
_NETWORK_SHORTEST: Final = 2  # characters of a virtual network's name
_HTTPS: Final = "443"
_ANY_BUT_SSH: Final = ("1-21", "23-65535")
_STORAGE: Final = "Microsoft.Storage"
_AKS: Final = "Microsoft.ContainerService/managedClusters"


class AzureNetwork(pulumi.ComponentResource):
    """A cluster's network in a resource group; `clients` reach the API server from outside of it."""

    def __init__(
        self,
        spec: AzureNetworkSpec,
        region: str,
        group: pulumi.Output[str],
        place: CloudPlace,
        *,
        clients: Sequence[Ipv4Cidr],
    ) -> None:
        super().__init__(component_type("networks", "Azure"), place.cluster, opts=place.options())
        self._region, self._group, self._place = region, group, place.inside(self)
        self._clients = clients
        name = place.cluster
        nodes, rest = halves(spec.range)
        self.network = azure.network.VirtualNetwork(
            name,
            virtual_network_name=name if len(name) >= _NETWORK_SHORTEST else f"{name}-network",
            resource_group_name=group,
            location=region,
            address_space=azure.network.AddressSpaceArgs(address_prefixes=[str(spec.range)]),
            tags=place.tags,
            opts=self._place.options(keep=True),
        )
        # Azure's driver of NFS shares adds the endpoint where there is none, and a program that does not have it would
        # take it away again (kubernetes-sigs/azurefile-csi-driver#2277).
        self.nodes = self._subnet("nodes", str(nodes), nat=self._make_nat(spec.nat_addresses), reaches=[_STORAGE])
        api = next(rest.subnets(new_prefix=_API_PREFIX))
        # Azure changes one subnet of a network at a time.
        self.api = self._subnet("api", str(api), delegated_to=_AKS, after=self.nodes)
        self.register_outputs({})

    def _make_nat(self, number: int) -> azure.network.NatGateway:
        """NAT through `number` public addresses."""
        addresses = [self._public_address(index) for index in range(number)]
        return azure.network.NatGateway(
            f"{self._place.cluster}-nat",
            nat_gateway_name=f"{self._place.cluster}-nat",
            resource_group_name=self._group,
            location=self._region,
            sku=azure.network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[azure.network.SubResourceArgs(id=address.id) for address in addresses],
            tags=self._place.tags,
            opts=self._place.options(),
        )

    def _public_address(self, index: int) -> azure.network.PublicIPAddress:
        name = f"{self._place.cluster}-nat-{index}"
        return azure.network.PublicIPAddress(
            name,
            public_ip_address_name=name,
            resource_group_name=self._group,
            location=self._region,
            sku=azure.network.PublicIPAddressSkuArgs(name="Standard"),
            public_ip_allocation_method="Static",
            tags=self._place.tags,
            opts=self._place.options(),
        )

    def _subnet(
        self,
        role: str,
        addresses: str,
        *,
        nat: azure.network.NatGateway | None = None,
        delegated_to: str = "",
        reaches: Sequence[str] = (),
        after: pulumi.Resource | None = None,
    ) -> azure.network.Subnet:
        name = f"{self._place.cluster}-{role}"
        delegation = azure.network.DelegationArgs(name=role, service_name=delegated_to)
        return azure.network.Subnet(
            name,
            subnet_name=role,
            virtual_network_name=self.network.name,
            resource_group_name=self._group,
            address_prefix=addresses,
            nat_gateway=azure.network.SubResourceArgs(id=nat.id) if nat else None,
            network_security_group=azure.network.NetworkSecurityGroupArgs(id=self._firewall(role).id),
            delegations=[delegation] if delegated_to else None,
            service_endpoints=[azure.network.ServiceEndpointPropertiesFormatArgs(service=each) for each in reaches]
            or None,
            default_outbound_access=False,
            opts=self._place.options(keep=True, after=[after] if after else ()),
        )

    def _firewall(self, role: str) -> azure.network.NetworkSecurityGroup:
        """Azure's own rules let the network talk within itself; the named networks reach the API server besides.

        The internet is let through to the nodes' own firewall, which AKS opens for each load balancer and for nothing
        else; that of the subnet is ours, and AKS leaves it alone (Azure/AKS#674).
        """
        name = f"{self._place.cluster}-{role}"
        named = [str(each) for each in self._clients]
        rules = {
            "nodes": [_let_in("load-balancers", ["Internet"], _ANY_BUT_SSH, protocol="*")],
            "api": [_let_in("api-server", named, [_HTTPS])] if named else None,
        }
        return azure.network.NetworkSecurityGroup(
            name,
            network_security_group_name=name,
            resource_group_name=self._group,
            location=self._region,
            security_rules=rules[role],
            tags=self._place.tags,
            opts=self._place.options(),
        )


def _let_in(
    name: str, sources: Sequence[str], ports: Sequence[str], protocol: str = "Tcp"
) -> azure.network.SecurityRuleArgs:
    one_port, tag = len(ports) == 1, sources == ["Internet"]
    return azure.network.SecurityRuleArgs(
        name=name,
        access="Allow",
        direction="Inbound",
        priority=100,
        protocol=protocol,
        source_address_prefix=sources[0] if tag else None,  # tags of Azure's stand by themselves
        source_address_prefixes=None if tag else list(sources),
        source_port_range="*",
        destination_address_prefix="*",
        destination_port_range=ports[0] if one_port else None,
        destination_port_ranges=None if one_port else list(ports),
    )
