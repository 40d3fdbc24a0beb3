"""cert-manager: certificates that are issued, kept in Secrets, and renewed before they end.

Issuers are the cluster's (ClusterIssuer): an ACME authority by DNS01 or HTTP01, one of one's own, or each certificate
its own. Upstream: cert-manager.io/docs, 1.21, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.cert_manager.spec import KUBERNETES, METRICS, NAMESPACE, PODS, VERSION, WEBHOOK, CertManagerSpec
from components.addons.exempt import api_server_address, rights_as_upstream_has_them
from components.addons.gateway_api.spec import GatewayApiSpec
from components.addons.health import Answers, CertificatesHold, Check, deployments
from components.addons.ingress.spec import IngressSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.addons.spec import Selection, SpecType
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.facilities import Dns
from components.platform.flows import ANY_ADDRESS, Flow, to_api_server, to_credentials
from components.platform.place import Place
from spec.invalid import valid
from spec.problems import Code, Finding


class CertManager(AddOn[CertManagerSpec]):
    """cert-manager: certificates that are issued into Secrets, and renewed."""

    name = "cert-manager"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.CONNECT
    spec_type = CertManagerSpec
    defines = MappingProxyType(
        {
            "cert-manager.io": "Certificate CertificateRequest ClusterIssuer Issuer",
            "acme.cert-manager.io": "Challenge Order",
        }
    )
    before_tenants = True
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=20, cpu=4, gibibytes=16)),)
    exemptions = (
        api_server_address("cert-manager's controllers"),
        *rights_as_upstream_has_them("cert-manager keeps certificates in Secrets of any namespace, and signs requests"),
    )
    ports_from_control_plane = frozenset({WEBHOOK})

    def capabilities(self) -> Collection[Capability]:
        return (Dns.capability,) if self.spec.zones else ()

    def depends_on(self) -> Collection[SpecType]:
        return (GatewayApiSpec,) if self.spec.by_http else ()

    def bundles(self) -> Collection[str]:
        return ("cert-manager",)

    def findings(self, selection: Selection) -> Iterator[Finding]:
        if IngressSpec in selection:
            return
        for index, issuer in valid(self.spec.issuers):
            if issuer.name in self.spec.by_http:
                at = ("issuers", index, "acme")
                remedy = "Write the zones in which names are, or add ingress with the hosts."
                yield Finding(Code.ADD_ONS_APART, "neither zones nor ingress", "one of them", remedy, at=at)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, "cert-manager", "cert-manager-cainjector", "cert-manager-webhook")
        yield Answers(NAMESPACE, "cert-manager-webhook")
        yield CertificatesHold()

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        if self.spec.zones:
            yield from to_credentials(PODS, "cert-manager", cluster)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "cert-manager")
        if self.spec.by_http:  # it looks itself before it asks the authority to
            yield Flow("cert-manager.proofs", PODS, ANY_ADDRESS, (80,))
        yield Flow("cert-manager.metrics", PROMETHEUS, PODS, (METRICS,))

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.cert_manager.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
