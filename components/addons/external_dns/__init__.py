"""external-dns: names of load balancers as records in the cloud's DNS.

It sees Services that ask for a name by the annotation `external-dns.alpha.kubernetes.io/hostname`, which that of
ingress does for its hosts; and it changes only records that it made. Left out: other sources of names, and zones that
the cluster's cloud does not have. Upstream: kubernetes-sigs/external-dns 0.23, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.exempt import api_server_address
from components.addons.external_dns.spec import KUBERNETES, METRICS, NAMESPACE, PODS, VERSION, ExternalDnsSpec
from components.addons.health import Check, deployments
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.facilities import Dns
from components.platform.flows import Flow, to_api_server, to_credentials
from components.platform.place import Place


class ExternalDns(AddOn[ExternalDnsSpec]):
    """external-dns: names of load balancers as records in the cloud's DNS."""

    name = "external-dns"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.CONNECT
    spec_type = ExternalDnsSpec
    required_capabilities = frozenset({Dns.capability, Capability.WORKLOAD_IDENTITY})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=1, gibibytes=2)),)
    exemptions = (api_server_address("external-dns"),)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "external-dns")  # and to the cloud, at the same port
        yield Flow("external-dns.metrics", PROMETHEUS, PODS, (METRICS,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        yield from to_credentials(PODS, "external-dns", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.external_dns.resources import create_resources

        create_resources(self.spec, context.cluster, places[NAMESPACE])
