"""Ingress: hosts that are reached from outside, by the Gateway API and a gateway of Istio's or of the cloud's own.

The stack file says which hosts there are, with which certificates, and which tenants may route them; the routes are
the tenants' own (HTTPRoute). Certificates may be issued by cert-manager, and names kept by external-dns.
Upstream: gateway-api.sigs.k8s.io 1.6 and istio.io/latest/docs, 1.31, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from components.addons.base import GATEWAY_API, AddOnBase, AddOnSpec, Site, unknown_tenants
from components.addons.bundles import read_bundles
from components.addons.cert_manager import CertManager, CertManagerSpec
from components.addons.exempt import open_to_all
from components.addons.external_dns import ExternalDns
from components.addons.ingress.routing import NAME
from components.addons.istio import Istio, IstioSpec
from components.addons.key_pair import KeyPairSpec, certificate_findings
from components.addons.load_balancing import LoadBalancing
from components.addons.monitoring import Monitoring
from components.addons.tracing import Tracing
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.platform import flows
from components.platform.flows import ANY_ADDRESS, Addresses, Flow
from components.platform.tenants import TenantSpec
from spec.holes import solid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, listed, quoted
from spec.text import DnsName
from spec.values import PortNumber, SecretText

NAMESPACE: Final = "istio-ingress"
LISTENERS: Final = 64
"""Of one Gateway (gateway.networking.k8s.io/v1, maxItems of spec.listeners; kubernetes-sigs/gateway-api #2869)."""
_GATEWAY: Final = flows.Pods(NAMESPACE, {"istio": NAME})
_PROOFS: Final = flows.Pods(NAMESPACE, {"acme.cert-manager.io/http01-solver": "true"})
"""The pods that cert-manager makes beside a certificate to answer an authority (HTTP01)."""


class TlsSpec(StackModel):
    """The certificate of a host: issued, and renewed before it ends, or given with its key."""

    issuer: DnsName | None = Field(default=None, description="Who signs it: one of certManager's issuers.")
    certificate: str | None = Field(
        default=None, description="The certificate as PEM, its own first and then those up to the authority's."
    )
    key: SecretText | None = Field(default=None, description="Its private key as PEM, encrypted.")

    def findings(self) -> Iterator[Finding]:
        given = self.certificate is not None, self.key is not None
        if given not in ((True, True), (False, False)) or any(given) == (self.issuer is not None):
            allowed = "either issuer, or certificate and key"
            yield Finding(Code.EXACTLY_ONE, "something else", allowed, "Write issuer, or both of certificate and key.")
        elif self.certificate is not None:
            yield from certificate_findings(self.certificate)

    @property
    def pair(self) -> KeyPairSpec | None:
        """The certificate and its key, if they are given."""
        if self.certificate is None or self.key is None:
            return None
        return KeyPairSpec.model_construct(certificate=self.certificate, key=self.key)


class HostSpec(StackModel):
    """A name that clients ask for, and who answers."""

    name: DnsName = Field(description="The host: shop.example.com.")
    tenants: Annotated[Many[DnsName], Field(min_length=1)] = Field(
        description="Tenants whose HTTPRoutes count for it; what none of them routes is answered with 404."
    )
    ports: Annotated[Many[PortNumber], Field(min_length=1)] = Field(
        default=(8080,), description="Ports of these tenants' pods that the gateway may reach."
    )
    tls: TlsSpec | None = Field(
        default=None,
        description="Its certificate; plain HTTP is then sent to HTTPS. Without one the host is plain HTTP.",
    )
    classic: bool = Field(
        default=False,
        description="Whether tenants route it by Ingress (networking.k8s.io/v1, of the class `ingress`) instead of "
        "HTTPRoute. With `class: istio` only.",
    )

    @property
    def issuer(self) -> str | None:
        """Who signs its certificate, if it is issued."""
        issuer = self.tls.issuer if isinstance(self.tls, TlsSpec) else None
        return issuer if isinstance(issuer, str) else None


class IngressSpec(AddOnSpec):
    """Hosts that are reached from outside."""

    hosts: Many[HostSpec] = Field(default=(), description="The hosts. What asks for another is answered with 404.")
    class_: Literal["istio", "cloud"] = Field(
        default="istio",
        alias="class",
        description="Whose gateway it is: istio, the same in every cluster, or the cloud's own load balancer: that of "
        "GKE, or that of EKS, which needs loadBalancing.",
    )
    internal: bool = Field(
        default=False,
        description="Whether the load balancer has an address of the network's instead of the internet's.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("host", "hosts", self.hosts)
        listeners = [2 if host.tls is not None else 1 for _, host in solid(self.hosts) if host.classic is False]
        if sum(listeners) > LISTENERS:
            plain, encrypted = listeners.count(1), listeners.count(2)
            found = f"{plain} plain hosts + 2 × {encrypted} with TLS = {sum(listeners)} listeners"
            remedy = "Have some of them routed by Ingress (classic: true), which no Gateway bounds."
            yield Finding(Code.OUT_OF_RANGE, found, f"at most {LISTENERS}, as a Gateway has", remedy, at=("hosts",))
        for index, host in solid(self.hosts):
            if self.class_ == "cloud" and host.classic is True:
                remedy = "Write class: istio, or remove classic and have its tenants write HTTPRoutes."
                at = ("hosts", index, "classic")
                yield Finding(Code.CANNOT, "classic", "no Ingress with class: cloud", remedy, at=at)

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        for index, host in enumerate(self.hosts):
            for finding in unknown_tenants(host.tenants, tenants):
                yield finding.below("hosts", index)

    def findings_beside(self, others: Mapping[type[AddOnBase], AddOnSpec]) -> Iterator[Finding]:
        yield from self._issuer_findings(others.get(CertManager))
        yield from self._mesh_findings(others)

    @property
    def is_issued(self) -> bool:
        """Whether any host's certificate is."""
        return any(host.issuer for _, host in solid(self.hosts))

    @property
    def has_classic(self) -> bool:
        """Whether any host is routed by Ingress."""
        return any(host.classic for host in self.hosts)

    def _issuer_findings(self, authorities: AddOnSpec | None) -> Iterator[Finding]:
        """A finding for each issuer that there is not."""
        if not isinstance(authorities, CertManagerSpec):
            return
        known = [issuer.name for _, issuer in solid(authorities.issuers) if isinstance(issuer.name, str)]
        for index, host in solid(self.hosts):
            if host.issuer and host.issuer in authorities.by_http and (self.class_ == "cloud" or host.classic is True):
                found = f"{quoted(host.issuer)}, which asks for its proof by HTTP"
                remedy = f"Give {host.issuer} zones, or write class: istio and no classic."
                at = ("hosts", index, "tls", "issuer")
                yield Finding(Code.CANNOT, found, "an issuer with zones, or of one's own", remedy, at=at)
            if host.issuer and host.issuer not in known:
                remedy = "Write one of them, or add the issuer to certManager."
                allowed = listed(known) if known else "no issuer"
                at = ("hosts", index, "tls", "issuer")
                yield Finding(Code.NOT_ALLOWED, quoted(host.issuer), allowed, remedy, at=at)

    def _mesh_findings(self, others: Mapping[type[AddOnBase], AddOnSpec]) -> Iterator[Finding]:
        """A finding for each tenant that the cloud's gateway cannot reach."""
        mesh = others.get(Istio)
        if self.class_ == "istio" or not isinstance(mesh, IstioSpec):
            return
        for index, host in solid(self.hosts):
            for position, tenant in solid(host.tenants):
                if tenant in mesh.tenants:
                    remedy = f"Write class: istio, or take {tenant} out of istio's tenants."
                    found = f"{tenant}, whose pods are in the mesh and take requests from within it only"
                    at = ("hosts", index, "tenants", position)
                    yield Finding(Code.ADD_ONS_APART, found, "tenants outside the mesh", remedy, at=at)


class Ingress(AddOnBase):
    """Hosts with TLS, reached through one load balancer, and routed by tenants."""

    name = "ingress"
    version = read_bundles()["gateway-api"].version
    spec_type = IngressSpec
    bundles = ("gateway-api",)
    defines = GATEWAY_API
    after = (Istio, CertManager, ExternalDns, LoadBalancing)
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

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        assert isinstance(spec, IngressSpec)
        if spec.class_ == "cloud":
            return (Capability.GATEWAYS, *((Capability.GATEWAY_SECRETS,) if spec.is_issued else ()))
        return (Capability.LOAD_BALANCERS, *((Capability.INTERNAL_LOAD_BALANCERS,) if spec.internal is True else ()))

    @classmethod
    def needed(cls, spec: AddOnSpec) -> Collection[type[AddOnBase]]:
        assert isinstance(spec, IngressSpec)
        mesh = (Istio,) if spec.class_ == "istio" else ()
        return (*mesh, *((CertManager,) if spec.is_issued else ()))

    @classmethod
    def waits_for(cls, spec: AddOnSpec) -> Collection[type[AddOnBase]]:
        """Not for the mesh: a load balancer takes minutes, in which istiod can start."""
        assert isinstance(spec, IngressSpec)
        return (ExternalDns, LoadBalancing, *((CertManager,) if spec.is_issued else ()))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, IngressSpec)
        if spec.class_ == "cloud":
            return
        yield Flow("ingress.clients", ANY_ADDRESS, _GATEWAY, (80, 443))
        yield Flow("ingress.configuration", _GATEWAY, Istio.ISTIOD, (15012,))
        yield Flow("ingress.spans", _GATEWAY, Tracing.COLLECTOR, (Tracing.OTLP_GRPC,))
        yield Flow("ingress.metrics", Monitoring.PROMETHEUS, _GATEWAY, (15020,))
        if spec.is_issued:
            yield Flow("ingress.proofs", _GATEWAY, _PROOFS, (8089,))
        for tenant, ports in _routed(spec):
            yield Flow(f"ingress.{tenant}", _GATEWAY, flows.Pods(tenant), ports)

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        assert isinstance(spec, IngressSpec)
        if spec.class_ == "cloud":
            for tenant, ports in _routed(spec):
                for source in cluster.gateways(internal=spec.internal).sources:
                    name = f"ingress.{tenant}.{source.replace('/', '-')}"
                    yield Flow(name, Addresses(source, ()), flows.Pods(tenant), ports)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.ingress.parts import make_parts

        assert isinstance(spec, IngressSpec)
        self.foundation = make_parts(spec, site, self.places[NAMESPACE])


def _routed(spec: IngressSpec) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tenants that are reached, each with the ports of all of its hosts."""
    ports: dict[str, set[int]] = {}
    for host in spec.hosts:
        for tenant in host.tenants:
            ports.setdefault(tenant, set()).update(host.ports)
    return ((tenant, tuple(sorted(its))) for tenant, its in ports.items())
