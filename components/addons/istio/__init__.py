"""Istio: TLS between the pods of tenants, and what a proxy beside each of them can tell and mend.

Proxies are sidecars, put into pods as these are made, or (ambient) one on every node; a network plugin leads traffic
through them, so that pods need no more rights than before. Several clusters can be one mesh. Left out: gateways for
clients (those are of ingress). Upstream: istio.io/latest/docs, 1.31, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, Created, InstallContext, Purpose
from components.addons.exempt import (
    api_server_address,
    changes_the_node,
    reached_from_outside,
    rights_as_upstream_has_them,
)
from components.addons.health import Answers, Check, daemon_sets, deployments
from components.addons.ingress.spec import IngressSpec
from components.addons.istio import ambient, clusters
from components.addons.istio.spec import AGENTS, ISTIOD, KUBERNETES, NAMESPACE, VERSION, WEBHOOK, IstioSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.spec import Selection
from components.contract import BuiltIn, Capability, Namespace, PodSecurity
from components.platform.flows import TENANTS, Flow, Pods, to_api_server
from components.platform.place import Place
from components.platform.tenants import TenantAdditions
from spec.problems import Code, Finding


class Istio(AddOn[IstioSpec]):
    """Istio, with sidecars or ambient: TLS between pods, resilience, metrics, traces and logs of every request."""

    name = "istio"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.CONNECT
    spec_type = IstioSpec
    defines = MappingProxyType(
        {
            "extensions.istio.io": "TrafficExtension WasmPlugin",
            "networking.istio.io": "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar "
            "VirtualService WorkloadEntry WorkloadGroup",
            "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
            "telemetry.istio.io": "Telemetry",
        }
    )
    required_capabilities = frozenset({Capability.NETWORK_PLUGINS})
    before_tenants = True
    namespaces = (
        Namespace(
            NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "20",
                "requests.cpu": "32",
                "requests.memory": "64Gi",
                "limits.cpu": "128",
                "limits.memory": "64Gi",
                "services.loadbalancers": "1",  # of an east-west gateway
                "services.nodeports": "1",
            },
        ),
        Namespace(
            AGENTS,
            PodSecurity.PRIVILEGED,
            {  # two agents for each of 5,000 nodes, which is what Kubernetes is made for
                "pods": "10k",
                "requests.cpu": "1500",
                "requests.memory": "4Ti",
                "limits.cpu": "6k",
                "limits.memory": "4Ti",
            },
        ),
    )
    exemptions = (
        api_server_address("istiod and the network plugin"),
        reached_from_outside("other clusters of the mesh come in by the east-west gateway, by mutual TLS to its pods"),
        *changes_the_node("Istio's network plugin"),
        *rights_as_upstream_has_them(
            "istiod puts its certificate into its own webhooks, and reads and reports on every kind of its own API"
        ),
    )
    ports_from_control_plane = frozenset({WEBHOOK})

    def capabilities(self) -> Collection[Capability]:
        if not self.spec.mesh:
            return self.required_capabilities
        internal = {Capability.INTERNAL_LOAD_BALANCERS} if self.spec.mesh.internal is True else frozenset()
        return self.required_capabilities | {Capability.LOAD_BALANCERS} | internal

    def bundles(self) -> Collection[str]:
        return self.spec.bundles

    def findings(self, selection: Selection) -> Iterator[Finding]:
        if self.spec.waypoints and IngressSpec not in selection:
            remedy = "Add `ingress: {}`, which brings the Gateway API, or remove waypoints."
            yield Finding(Code.ADD_ONS_APART, "no ingress", "ingress", remedy, at=("waypoints",))

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        istiods = ("istiod", *(("istiod-canary",) if self.spec.canary else ()))
        gateways = ("east-west",) if self.spec.mesh else ()
        yield from deployments(NAMESPACE, *istiods, *gateways)
        yield from daemon_sets(AGENTS, "istio-cni-node", *(("ztunnel",) if self.spec.mode == "ambient" else ()))
        for istiod in istiods:
            yield Answers(NAMESPACE, istiod)

    def flows(self) -> Iterator[Flow]:
        plugin = Pods(AGENTS, {"k8s-app": "istio-cni-node"})
        yield to_api_server(ISTIOD, "istiod")
        yield to_api_server(plugin, "istio-cni")
        yield Flow("istio.sidecars", Pods(TENANTS), ISTIOD, (15012,))
        yield Flow("istio.metrics", PROMETHEUS, ISTIOD, (15014,))
        yield Flow("istio-cni.metrics", PROMETHEUS, plugin, (15014,))
        if self.spec.mode == "ambient":
            yield from ambient.flows(self.spec.tenants, self.spec.waypoints)
        if self.spec.mesh:
            yield from clusters.flows(self.spec.mesh, self.spec.tenants)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        mesh = self.spec.mesh
        return {clusters.NETWORK_LABEL: mesh.network} if mesh and namespace == NAMESPACE else {}

    def tenant_additions(self, tenant: str) -> TenantAdditions:
        if tenant not in self.spec.tenants:
            return TenantAdditions()
        if self.spec.mode == "ambient":
            return ambient.tenant_additions(waypoint=tenant in self.spec.waypoints)
        if self.spec.canary and tenant in self.spec.canary.tenants:
            return TenantAdditions({"istio.io/rev": "canary"})
        return TenantAdditions({"istio-injection": "enabled"})

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> Created:
        from components.addons.istio.resources import create_resources

        return create_resources(self.spec, context, places[NAMESPACE], places[AGENTS])
