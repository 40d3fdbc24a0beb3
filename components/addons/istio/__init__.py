"""Istio: TLS between the pods of tenants, and what a proxy beside each of them can tell and mend.

Proxies are sidecars, put into pods as these are made, or (ambient) one on every node; a network plugin leads traffic
through them, so that pods need no more rights than before. Several clusters can be one mesh. Left out: gateways for
clients (those are of ingress). Upstream: istio.io/latest/docs, 1.31, as of November 2026.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, unknown_tenants
from components.addons.bundles import read_bundles
from components.addons.exempt import (
    api_server_address,
    changes_the_node,
    reached_from_outside,
    rights_as_upstream_has_them,
)
from components.addons.istio import ambient, clusters
from components.addons.istio.clusters import MeshSpec
from components.addons.monitoring import Monitoring
from components.contract import Capability, Namespace, PodSecurity
from components.platform import flows
from components.platform.flows import TENANTS, Flow
from components.platform.tenants import TenantSpec
from spec.holes import is_hole, solid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, KeyPath, listed
from spec.text import DnsName
from spec.values import Bytes, Cpu

NAMESPACE: Final = "istio-system"
AGENTS: Final = ambient.AGENTS


class SidecarSpec(StackModel):
    """What each proxy of a tenant gets: beside its pod, or as its waypoint."""

    cpu: Cpu = Field(
        default="100m", validate_default=True, description="CPU that is requested; four times of it may be used."
    )
    memory: Bytes = Field(
        default="128Mi",
        validate_default=True,
        description="Memory, requested and at most. 128Mi does for about a hundred Services; more need more.",
    )


class ResilienceSpec(StackModel):
    """What every proxy does when a Service fails, unless the tenant says otherwise for its own."""

    connect_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = Field(
        default=5, description="How long a connection may take to be made."
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        default=2, description="Further tries of a request that did not get to the Service. 2, as Istio has it."
    )
    ejection_errors: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="Errors in a row (5xx) after which a pod gets no requests for a while."
    )
    ejection_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=30, description="For how long, times how often it was; at most half of a Service's pods at once."
    )


class CanarySpec(StackModel):
    """A second istiod beside the first, of the version that comes next, for tenants that try it before the others."""

    tenants: Many[DnsName] = Field(
        default=(), description="Those of `tenants` whose pods get their sidecars from it when they are made anew."
    )


class IstioSpec(AddOnSpec):
    """The mesh, and who is in it."""

    mode: Literal["sidecar", "ambient"] = Field(
        default="sidecar",
        description="Where proxies are: one beside every pod, or one on every node for TLS alone, and a waypoint for "
        "tenants that want more.",
    )
    tenants: Many[DnsName] = Field(
        default=(),
        description="Tenants whose pods are in the mesh. With sidecars, their quotas must have room for one beside "
        "every pod; pods that run already get theirs when they are made anew.",
    )
    waypoints: Many[DnsName] = Field(
        default=(),
        description="Ambient only: those of `tenants` that get a proxy of their own, for retries, traces, access logs "
        "and routes. It counts against their quota.",
    )
    canary: CanarySpec | None = Field(default=None, description="The version that comes next, beside this one.")
    mesh: MeshSpec | None = Field(default=None, description="Other clusters in the same mesh. Sidecars only.")
    sidecar: SidecarSpec = Field(default=SidecarSpec(), description="What each proxy of a tenant gets, a waypoint too.")
    resilience: ResilienceSpec = Field(default=ResilienceSpec(), description="What proxies do about failures.")
    access_logs: bool = Field(default=True, description="Whether each request is a line in its sidecar's log, as JSON.")
    trace_sampling: Annotated[float, Field(ge=0, le=100)] = Field(
        default=1.0, description="Percent of the requests that are traced, if tracing is on. 1, as Istio has it."
    )

    @property
    def bundles(self) -> tuple[str, ...]:
        """The bundles with what is installed."""
        return ("istio-ambient" if self.mode == "ambient" else "istio", *(("istio-canary",) if self.canary else ()))

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("tenant", "tenants", self.tenants, str, key="")
        yield from same_twice("tenant", "waypoints", self.waypoints, str, key="")
        yield from self._not_in_the_mesh(("waypoints",), self.waypoints)
        if self.mode == "sidecar" and self.waypoints:
            remedy = "Write mode: ambient, or remove waypoints: a sidecar does all that they do."
            yield Finding(Code.CANNOT, "waypoints", "no waypoints with sidecars", remedy, at=("waypoints",))
        if self.mesh and self.mode == "ambient":
            remedy = "Write mode: sidecar, or remove mesh."
            yield Finding(Code.CANNOT, "mesh", "one cluster in ambient mode", remedy, at=("mesh",))
        if self.canary:
            yield from self._not_in_the_mesh(("canary", "tenants"), self.canary.tenants)
            if self.mode == "ambient":
                remedy = "Write mode: sidecar, or remove canary: ambient proxies are upgraded node by node."
                yield Finding(Code.CANNOT, "canary", "no canary in ambient mode", remedy, at=("canary",))

    def _not_in_the_mesh(self, at: KeyPath, names: Sequence[str]) -> Iterator[Finding]:
        for index, name in solid(names):
            if name not in self.tenants and not is_hole(self.tenants):
                remedy = f"Add {name} to tenants, or remove it here."
                yield Finding(Code.CANNOT, name, listed(self.tenants), remedy, at=(*at, index))

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        yield from unknown_tenants(self.tenants, tenants)
        known = {tenant.name: tenant for _, tenant in solid(tenants)}
        key, with_proxies = ("waypoints", self.waypoints) if self.mode == "ambient" else ("tenants", self.tenants)
        for index, name in solid(with_proxies):
            if name in known:
                for finding in self._too_much_for(known[name]):
                    yield finding.below(key, index)

    def findings_beside(self, others: Mapping[type[AddOnBase], AddOnSpec]) -> Iterator[Finding]:
        from components.addons.ingress import Ingress

        if self.waypoints and Ingress not in others:
            remedy = "Add `ingress: {}`, which brings the Gateway API, or remove waypoints."
            yield Finding(Code.ADD_ONS_APART, "no ingress", "ingress", remedy, at=("waypoints",))

    def _too_much_for(self, tenant: TenantSpec) -> Iterator[Finding]:
        """A finding for each quota of `tenant` that not even a single proxy fits into."""
        needed = self.sidecar.memory
        for side, compute in (("requests", tenant.quota.requests), ("limits", tenant.quota.limits)):
            if compute.memory is not None and compute.memory < needed:
                found = f"{tenant.name} has {compute.memory} of {side}.memory, and a proxy takes {needed}"
                remedy = f"Raise quota.{side}.memory of {tenant.name}, lower sidecar.memory, or leave the tenant out."
                yield Finding(Code.NO_ROOM, found, f"at least {needed}", remedy)


class Istio(AddOnBase):
    """Istio, with sidecars or ambient: TLS between pods, resilience, metrics, traces and logs of every request."""

    name = "istio"
    version = read_bundles()["istio"].version
    spec_type = IstioSpec
    bundles = ("istio", "istio-ambient", "istio-canary")
    defines = MappingProxyType(
        {
            "extensions.istio.io": "TrafficExtension WasmPlugin",
            "networking.istio.io": "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar "
            "VirtualService WorkloadEntry WorkloadGroup",
            "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
            "telemetry.istio.io": "Telemetry",
        }
    )
    requires = frozenset({Capability.NETWORK_PLUGINS})
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
    ports_from_control_plane = frozenset({15017})

    ISTIOD: ClassVar = flows.Pods(NAMESPACE, {"app": "istiod"})
    """Who tells proxies what to do: the destination of the flow of every add-on that has one."""

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        assert isinstance(spec, IstioSpec)
        if not spec.mesh:
            return cls.requires
        internal = {Capability.INTERNAL_LOAD_BALANCERS} if spec.mesh.internal is True else frozenset()
        return cls.requires | {Capability.LOAD_BALANCERS} | internal

    @classmethod
    def loads(cls, spec: AddOnSpec) -> Collection[str]:
        assert isinstance(spec, IstioSpec)
        return spec.bundles

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, IstioSpec)
        plugin = flows.Pods(AGENTS, {"k8s-app": "istio-cni-node"})
        yield flows.to_api_server(cls.ISTIOD, "istiod")
        yield flows.to_api_server(plugin, "istio-cni")
        yield Flow("istio.sidecars", flows.Pods(TENANTS), cls.ISTIOD, (15012,))
        yield Flow("istio.metrics", Monitoring.PROMETHEUS, cls.ISTIOD, (15014,))
        yield Flow("istio-cni.metrics", Monitoring.PROMETHEUS, plugin, (15014,))
        if spec.mode == "ambient":
            yield from ambient.flows(spec.tenants, spec.waypoints)
        if spec.mesh:
            yield from clusters.flows(spec.mesh, spec.tenants)

    @classmethod
    def namespace_labels(cls, spec: AddOnSpec, namespace: str) -> Mapping[str, str]:
        assert isinstance(spec, IstioSpec)
        return {clusters.NETWORK_LABEL: spec.mesh.network} if spec.mesh and namespace == NAMESPACE else {}

    @classmethod
    def tunnels(cls, spec: AddOnSpec, tenant: str) -> Collection[int]:
        assert isinstance(spec, IstioSpec)
        return (ambient.TUNNEL,) if spec.mode == "ambient" and tenant in spec.tenants else ()

    @classmethod
    def tenant_labels(cls, spec: AddOnSpec, tenant: str) -> Mapping[str, str]:
        assert isinstance(spec, IstioSpec)
        if tenant not in spec.tenants:
            return {}
        if spec.mode == "ambient":
            return ambient.labels(waypoint=tenant in spec.waypoints)
        if spec.canary and tenant in spec.canary.tenants:
            return {"istio.io/rev": "canary"}
        return {"istio-injection": "enabled"}

    @classmethod
    def tenant_objects(cls, spec: AddOnSpec, tenant: str) -> Iterable[Mapping[str, Any]]:
        assert isinstance(spec, IstioSpec)
        return (ambient.waypoint(),) if tenant in spec.waypoints else ()

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.istio.parts import make_parts

        assert isinstance(spec, IstioSpec)
        self.outputs = make_parts(spec, site, self.places[NAMESPACE], self.places[AGENTS])
