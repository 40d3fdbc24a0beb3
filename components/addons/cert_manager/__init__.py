"""cert-manager: certificates that are issued, kept in Secrets, and renewed before they end.

Issuers are the cluster's (ClusterIssuer): an ACME authority by DNS01 or HTTP01, one of one's own, or each certificate
its own. Upstream: cert-manager.io/docs, 1.21, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded, credential_flows
from components.addons.bundles import read_bundles
from components.addons.dns import ZoneSpec
from components.addons.exempt import api_server_address, rights_as_upstream_has_them
from components.addons.key_pair import KeyPairSpec
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.platform import flows
from components.platform.flows import ANY_ADDRESS, Flow
from spec.holes import solid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName, Email, HttpsUrl

NAMESPACE: Final = "cert-manager"


class AcmeSpec(StackModel):
    """An authority that everybody trusts, and that asks for proof of who controls a name: in its DNS (DNS01), or where
    it leads (HTTP01)."""

    email: Email = Field(description="Whom the authority tells of what goes wrong.")
    server: HttpsUrl = Field(
        default="https://acme-v02.api.letsencrypt.org/directory",
        description="The authority. Let's Encrypt; for tries it has https://acme-staging-v02.api.letsencrypt.org/directory.",
    )
    zones: Many[ZoneSpec] = Field(
        default=(),
        description="Zones of the cluster's cloud in which names may be: the proof is a record (DNS01). Without any, "
        "names are those of ingress' hosts, and its gateway answers for them by plain HTTP (HTTP01).",
    )

    @property
    def by_http(self) -> bool:
        """Whether ingress gives the proof."""
        return not self.zones

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("zone", "zones", self.zones)


class IssuerSpec(StackModel):
    """Who signs certificates."""

    name: DnsName = Field(description="What certificates call it.")
    authority: KeyPairSpec | None = Field(
        default=None, description="An authority of one's own signs; clients have to trust its certificate."
    )
    acme: AcmeSpec | None = Field(default=None, description="An authority that everybody trusts signs.")
    self_signed: bool = Field(
        default=False, description="Each certificate signs itself: for tests, and for authorities."
    )

    def findings(self) -> Iterator[Finding]:
        given = sum((self.authority is not None, self.acme is not None, self.self_signed is True))
        if given != 1:
            found = "several" if given else "none"
            yield Finding(Code.EXACTLY_ONE, found, "authority, acme or selfSigned: true", "Write one of them.")


class CertManagerSpec(AddOnSpec):
    """Certificates that renew themselves."""

    issuers: Many[IssuerSpec] = Field(
        default=(), description="Issuers for everyone in the cluster. Tenants may make their own besides (Issuer)."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("issuer", "issuers", self.issuers)

    def findings_beside(self, others: Mapping[type[AddOnBase], AddOnSpec]) -> Iterator[Finding]:
        if "ingress" not in {each.name for each in others}:
            for index, issuer in solid(self.issuers):
                if issuer.name in self.by_http:
                    at = ("issuers", index, "acme")
                    remedy = "Write the zones in which names are, or add ingress with the hosts."
                    yield Finding(Code.ADD_ONS_APART, "neither zones nor ingress", "one of them", remedy, at=at)

    @property
    def zones(self) -> list[str]:
        """The ids of the zones of all issuers."""
        return list(dict.fromkeys(str(zone.id) for acme in self._acme.values() for _, zone in solid(acme.zones)))

    @property
    def by_http(self) -> Collection[str]:
        """The issuers to which ingress gives the proof."""
        return [name for name, acme in self._acme.items() if acme.by_http]

    @property
    def _acme(self) -> dict[str, AcmeSpec]:
        return {each.name: each.acme for _, each in solid(self.issuers) if isinstance(each.acme, AcmeSpec)}


class CertManager(AddOnBase):
    """cert-manager: certificates that are issued into Secrets, and renewed."""

    name = "cert-manager"
    version = read_bundles()["cert-manager"].version
    spec_type = CertManagerSpec
    bundles = ("cert-manager", "gateway-api")
    defines = MappingProxyType(
        {
            "cert-manager.io": "Certificate CertificateRequest ClusterIssuer Issuer",
            "acme.cert-manager.io": "Challenge Order",
        }
    )
    before_tenants = True
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=20, cpu=4, gibibytes=16)),)
    exemptions = (
        api_server_address("cert-manager's controllers"),
        *rights_as_upstream_has_them("cert-manager keeps certificates in Secrets of any namespace, and signs requests"),
    )
    ports_from_control_plane = frozenset({10250})

    PODS: ClassVar = flows.Pods(NAMESPACE)

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        assert isinstance(spec, CertManagerSpec)
        return (Capability.WORKLOAD_IDENTITY,) if spec.zones else ()

    @classmethod
    def loads(cls, spec: AddOnSpec) -> Collection[str]:
        assert isinstance(spec, CertManagerSpec)
        return cls.bundles if spec.by_http else cls.bundles[:1]

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        assert isinstance(spec, CertManagerSpec)
        if spec.zones:
            yield from credential_flows("cert-manager", cls.PODS, cluster)

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, CertManagerSpec)
        yield flows.to_api_server(cls.PODS, "cert-manager")
        if spec.by_http:  # it looks itself before it asks the authority to
            yield Flow("cert-manager.proofs", cls.PODS, ANY_ADDRESS, (80,))
        yield Flow("cert-manager.metrics", Monitoring.PROMETHEUS, cls.PODS, (9402,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.cert_manager.parts import make_parts

        assert isinstance(spec, CertManagerSpec)
        make_parts(spec, site, self.places[NAMESPACE])
