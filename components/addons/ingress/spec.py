"""What a stack file may say of hosts that are reached from outside, and what others know of their gateway."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from components.addons.key_pair import KeyPairSpec, certificate_findings
from components.addons.spec import AddOnSpec, unknown_tenants
from components.platform.flows import Pods
from components.platform.tenants import TenantSpec
from spec.invalid import valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName
from spec.values import PortNumber, SecretText

NAMESPACE: Final = "istio-ingress"
GATEWAY: Final = "ingress"
"""The Gateway, its pods and their Service; their label `istio` says so too."""
CLASS: Final = "ingress"  # istiod makes one called `istio` by itself, whenever it likes
GATEWAY_PODS: Final = Pods(NAMESPACE, {"istio": GATEWAY})
LISTENERS: Final = 64
"""Of one Gateway (gateway.networking.k8s.io/v1, maxItems of spec.listeners; kubernetes-sigs/gateway-api #2869)."""


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
        listeners = [2 if host.tls is not None else 1 for _, host in valid(self.hosts) if host.classic is False]
        if sum(listeners) > LISTENERS:
            plain, encrypted = listeners.count(1), listeners.count(2)
            found = f"{plain} plain hosts + 2 × {encrypted} with TLS = {sum(listeners)} listeners"
            remedy = "Have some of them routed by Ingress (classic: true), which no Gateway bounds."
            yield Finding(Code.OUT_OF_RANGE, found, f"at most {LISTENERS}, as a Gateway has", remedy, at=("hosts",))
        for index, host in valid(self.hosts):
            if self.class_ == "cloud" and host.classic is True:
                remedy = "Write class: istio, or remove classic and have its tenants write HTTPRoutes."
                at = ("hosts", index, "classic")
                yield Finding(Code.CANNOT, "classic", "no Ingress with class: cloud", remedy, at=at)

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        for index, host in enumerate(self.hosts):
            for finding in unknown_tenants(host.tenants, tenants):
                yield finding.below("hosts", index)

    @property
    def is_issued(self) -> bool:
        """Whether any host's certificate is."""
        return any(host.issuer for _, host in valid(self.hosts))

    @property
    def has_classic(self) -> bool:
        """Whether any host is routed by Ingress."""
        return any(host.classic for host in self.hosts)

    @property
    def ports_by_tenant(self) -> dict[str, tuple[int, ...]]:
        """The tenants that are reached, each with the ports of all of its hosts."""
        ports: dict[str, set[int]] = {}
        for host in self.hosts:
            for tenant in host.tenants:
                ports.setdefault(tenant, set()).update(host.ports)
        return {tenant: tuple(sorted(its)) for tenant, its in ports.items()}
