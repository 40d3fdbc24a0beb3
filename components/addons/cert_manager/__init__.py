"""cert-manager: certificates that are issued, kept in Secrets, and renewed before they end.

Issuers are the cluster's (ClusterIssuer): an authority of one's own, or each certificate its own. Left out: HTTP01,
which needs the Gateway API before cert-manager starts, where here it comes with ingress. Upstream:
cert-manager.io/docs, 1.21, as of November 2026.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded
from components.addons.bundles import read_bundles
from components.addons.exempt import api_server_address, rights_as_upstream_has_them
from components.addons.key_pair import KeyPairSpec
from components.addons.monitoring import Monitoring
from components.contract import Namespace, PodSecurity
from components.platform import flows
from components.platform.flows import Flow
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName

NAMESPACE: Final = "cert-manager"


class IssuerSpec(StackModel):
    """Who signs certificates."""

    name: DnsName = Field(description="What certificates call it.")
    authority: KeyPairSpec | None = Field(
        default=None, description="An authority of one's own signs; clients have to trust its certificate."
    )
    self_signed: bool = Field(
        default=False, description="Each certificate signs itself: for tests, and for authorities."
    )

    def findings(self) -> Iterator[Finding]:
        if (self.authority is not None) == self.self_signed:
            found = "both" if self.self_signed else "neither"
            remedy = "Write one of them."
            yield Finding(Code.EXACTLY_ONE, found, "either authority or selfSigned: true", remedy)


class CertManagerSpec(AddOnSpec):
    """Certificates that renew themselves."""

    issuers: Many[IssuerSpec] = Field(
        default=(), description="Issuers for everyone in the cluster. Tenants may make their own besides (Issuer)."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("issuer", "issuers", self.issuers)


class CertManager(AddOnBase):
    """cert-manager: certificates that are issued into Secrets, and renewed."""

    name = "cert-manager"
    version = read_bundles()["cert-manager"].version
    spec_type = CertManagerSpec
    bundles = ("cert-manager",)
    before_tenants = True
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=20, cpu=4, gibibytes=16)),)
    exemptions = (
        api_server_address("cert-manager's controllers"),
        *rights_as_upstream_has_them("cert-manager keeps certificates in Secrets of any namespace, and signs requests"),
    )
    ports_from_control_plane = frozenset({10250})

    PODS: ClassVar = flows.Pods(NAMESPACE)

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "cert-manager")
        yield Flow("cert-manager.metrics", Monitoring.PROMETHEUS, cls.PODS, (9402,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.cert_manager.parts import make_parts

        assert isinstance(spec, CertManagerSpec)
        make_parts(spec, site, self.places[NAMESPACE])
