"""Ingress: hosts that are reached from outside, by the Gateway API and a gateway of Istio's or of the cloud's own.

The stack file says which hosts there are, with which certificates, and which tenants may route them; the routes are
the tenants' own (HTTPRoute). Certificates may be issued by cert-manager, and names kept by external-dns.
Upstream: gateway-api.sigs.k8s.io 1.6 and istio.io/latest/docs, 1.31, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from components.addons.addon import AddOn, Created, InstallContext, Purpose
from components.addons.cert_manager.spec import CertManagerSpec
from components.addons.exempt import open_to_all
from components.addons.external_dns.spec import ExternalDnsSpec
from components.addons.gateway_api.spec import KINDS, KUBERNETES, VERSION, GatewayApiSpec
from components.addons.health import Check, deployments
from components.addons.ingress.findings import issuer_findings, mesh_findings
from components.addons.ingress.spec import GATEWAY, GATEWAY_PODS, NAMESPACE, IngressSpec
from components.addons.istio.spec import ISTIOD, IstioSpec
from components.addons.load_balancing.spec import LoadBalancingSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.spec import Selection, SpecType
from components.addons.tracing.spec import COLLECTOR, OTLP_GRPC
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.platform.flows import ANY_ADDRESS, Addresses, Flow, Pods
from components.platform.place import Place
from spec.problems import Finding

_PROOFS: Final = Pods(NAMESPACE, {"acme.cert-manager.io/http01-solver": "true"})
"""The pods that cert-manager makes beside a certificate to answer an authority (HTTP01)."""


class Ingress(AddOn[IngressSpec]):
    """Hosts with TLS, reached through one load balancer, and routed by tenants."""

    name = "ingress"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.CONNECT
    spec_type = IngressSpec
    defines = KINDS
    before_tenants = True
    namespaces = (
        Namespace(
            NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "30",  # two proxies, one more in an update; the others prove for a minute whose a host is
                "requests.cpu": "8",
                "requests.memory": "16Gi",
                "limits.cpu": "32",
                "limits.memory": "16Gi",
                "services.loadbalancers": "1",
                "services.nodeports": "3",
            },
        ),
    )
    exemptions = (open_to_all("the gateway is where clients from anywhere come in, by HTTP and HTTPS only"),)

    def capabilities(self) -> Collection[Capability]:
        if self.spec.class_ == "cloud":
            return (Capability.GATEWAYS, *((Capability.GATEWAY_SECRETS,) if self.spec.is_issued else ()))
        internal = (Capability.INTERNAL_LOAD_BALANCERS,) if self.spec.internal is True else ()
        return (Capability.LOAD_BALANCERS, *internal)

    def depends_on(self) -> Collection[SpecType]:
        mesh = (IstioSpec,) if self.spec.class_ == "istio" else ()
        return (GatewayApiSpec, *mesh, *((CertManagerSpec,) if self.spec.is_issued else ()))

    def install_after(self) -> Collection[SpecType]:
        """Not after the mesh: a load balancer takes minutes, in which istiod can start."""
        return (ExternalDnsSpec, LoadBalancingSpec, *((CertManagerSpec,) if self.spec.is_issued else ()))

    def findings(self, selection: Selection) -> Iterator[Finding]:
        if authorities := selection.get(CertManagerSpec):
            yield from issuer_findings(self.spec, authorities)
        if mesh := selection.get(IstioSpec):
            yield from mesh_findings(self.spec, mesh)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        if self.spec.class_ == "istio":
            yield from deployments(NAMESPACE, GATEWAY)

    def flows(self) -> Iterator[Flow]:
        if self.spec.class_ == "cloud":
            return
        yield Flow("ingress.clients", ANY_ADDRESS, GATEWAY_PODS, (80, 443))
        yield Flow("ingress.configuration", GATEWAY_PODS, ISTIOD, (15012,))
        yield Flow("ingress.spans", GATEWAY_PODS, COLLECTOR, (OTLP_GRPC,))
        yield Flow("ingress.metrics", PROMETHEUS, GATEWAY_PODS, (15020,))
        if self.spec.is_issued:
            yield Flow("ingress.proofs", GATEWAY_PODS, _PROOFS, (8089,))
        for tenant, ports in self.spec.ports_by_tenant.items():
            yield Flow(f"ingress.{tenant}", GATEWAY_PODS, Pods(tenant), ports)

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        if self.spec.class_ == "cloud":
            for tenant, ports in self.spec.ports_by_tenant.items():
                for source in cluster.gateways(internal=self.spec.internal).sources:
                    name = f"ingress.{tenant}.{source.replace('/', '-')}"
                    yield Flow(name, Addresses(source, ()), Pods(tenant), ports)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> Created:
        from components.addons.ingress.resources import create_resources

        services = context.components([GatewayApiSpec, IstioSpec, CertManagerSpec])
        return create_resources(self.spec, context, places[NAMESPACE], services)
