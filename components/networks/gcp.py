"""A VPC for a GKE cluster: one subnet in the region, private nodes, and Cloud NAT for what goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_gcp import compute

from components.cloud import CloudPlace
from components.naming import component_type
from components.networks.gcp_spec import GcpNetworkSpec

PODS: Final = "pods"
SERVICES: Final = "services"
_SAMPLED: Final = 0.5  # of all connections; Google's own proposal


class GcpNetwork(pulumi.ComponentResource):
    """A cluster's network in a region; Google spreads its one subnet and its NAT over the zones by itself."""

    def __init__(self, spec: GcpNetworkSpec, region: str, place: CloudPlace) -> None:
        super().__init__(component_type("networks", "Gcp"), place.cluster, opts=place.options())
        here = self._here = place.inside(self)
        self._spec, self._region = spec, region
        self._inside = [str(spec.nodes), str(spec.pods)]
        name = place.cluster
        self.network = compute.Network(
            name, name=name, auto_create_subnetworks=False, routing_mode="REGIONAL", opts=here.options(keep=True)
        )
        self.subnet = self._make_subnet(here)
        router = compute.Router(name, name=name, network=self.network.id, region=region, opts=here.options())
        self.nat = compute.RouterNat(
            name,
            name=name,
            router=router.name,
            region=region,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            enable_dynamic_port_allocation=True,  # or a busy node runs out of the 64 that it gets
            enable_endpoint_independent_mapping=False,  # the two exclude each other
            log_config=compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
            # It goes first: a subnet is in use as long as it is translated (terraform-provider-google #26776, #28572).
            opts=here.options(after=[self.subnet]),
        )
        self.register_outputs({})

    def let_api_server_in(self, ports: Sequence[int], nodes: pulumi.Input[str]) -> compute.Firewall:
        """Open `ports` of the nodes that run as the service account `nodes`, and of their pods, to the API server.

        Its calls come from within: from its endpoint in the subnet, or through agents in the cluster
        (cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#add_firewall_rules).
        """
        name = f"{self._here.cluster}-webhooks"
        return compute.Firewall(
            name,
            name=name,
            description="The API server calls webhooks",
            network=self.network.id,
            direction="INGRESS",
            allows=[compute.FirewallAllowArgs(protocol="tcp", ports=[str(port) for port in ports])],
            source_ranges=self._inside,
            target_service_accounts=[nodes],
            opts=self._here.options(),
        )

    def make_proxy_subnet(self) -> compute.Subnetwork:
        """Addresses for the proxies of internal gateways, which run outside the cluster; nothing else may use them."""
        name = f"{self._here.cluster}-proxies"
        return compute.Subnetwork(
            name,
            name=name,
            network=self.network.id,
            region=self._region,
            ip_cidr_range=str(self._spec.proxies),
            purpose="REGIONAL_MANAGED_PROXY",
            role="ACTIVE",
            opts=self._here.options(),
        )

    def _make_subnet(self, here: CloudPlace) -> compute.Subnetwork:
        logs = compute.SubnetworkLogConfigArgs(
            aggregation_interval="INTERVAL_30_SEC", flow_sampling=_SAMPLED, metadata="INCLUDE_ALL_METADATA"
        )
        ranges = {PODS: self._spec.pods, SERVICES: self._spec.services}
        return compute.Subnetwork(
            here.cluster,
            name=here.cluster,
            network=self.network.id,
            region=self._region,
            ip_cidr_range=str(self._spec.nodes),
            secondary_ip_ranges=[
                compute.SubnetworkSecondaryIpRangeArgs(range_name=name, ip_cidr_range=str(addresses))
                for name, addresses in ranges.items()
            ],
            private_ip_google_access=True,  # Google's own services without NAT
            log_config=logs if self._spec.flow_logs else None,
            opts=here.options(keep=True),
        )
