"""What a stack file may say of the mesh, and what others know of it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec, unknown_tenants
from components.kubernetes_versions import KubernetesVersions
from components.platform.flows import Pods
from components.platform.tenants import TenantSpec
from spec.invalid import is_invalid, valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, KeyPath, listed
from spec.text import DnsLabel, DnsName, StackName
from spec.values import Bytes, Cpu, Ipv4Cidr

VERSION: Final = read_bundles()["istio"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=32,
    newest=36,
    source="istio/istio.io, content/en/news/releases/1.31.x/announcing-1.31/_index.md of 2026-08-20",
)
NAMESPACE: Final = "istio-system"
AGENTS: Final = "istio-cni"
"""Namespace of what runs on every node."""
WEBHOOK: Final = 15017
ISTIOD: Final = Pods(NAMESPACE, {"app": "istiod"})
"""Who tells proxies what to do: the destination of the flow of every add-on that has one."""


class MeshSpec(StackModel):
    """This cluster as one of several that are one mesh, each with its own istiod."""

    id: DnsLabel = Field(description="Names the mesh, in all of its clusters the same.")
    network: DnsLabel = Field(
        description="The cluster's network, another in each cluster: pods of others are reached through their gateways."
    )
    authority: StackName | None = Field(
        default=None,
        description="The stack whose root authority signs this cluster's. One stack of the mesh leaves it out: that "
        "one makes the root, and keeps its key as a secret.",
    )
    peers: Many[StackName] = Field(
        default=(),
        description="Stacks of the other clusters, which have to be up: what runs there is found here under the same "
        "names.",
    )
    addresses: Annotated[Many[Ipv4Cidr], Field(min_length=1)] = Field(
        description="The addresses of the other clusters: those that their pods come from, and those of their gateways."
    )
    internal: bool = Field(
        default=True, description="Whether the other clusters come by the network instead of the internet."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("stack", "peers", self.peers, str, key="")


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
        default=(), description="Those of `tenants` whose pods get their sidecars from it when they are recreated."
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
        "every pod; pods that run already get theirs when they are recreated.",
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
        for index, name in valid(names):
            if name not in self.tenants and not is_invalid(self.tenants):
                remedy = f"Add {name} to tenants, or remove it here."
                yield Finding(Code.CANNOT, name, listed(self.tenants), remedy, at=(*at, index))

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
        yield from unknown_tenants(self.tenants, tenants)
        known = {tenant.name: tenant for _, tenant in valid(tenants)}
        key, with_proxies = ("waypoints", self.waypoints) if self.mode == "ambient" else ("tenants", self.tenants)
        for index, name in valid(with_proxies):
            if name in known:
                for finding in self._too_much_for(known[name]):
                    yield finding.below(key, index)

    def _too_much_for(self, tenant: TenantSpec) -> Iterator[Finding]:
        """A finding for each quota of `tenant` that not even a single proxy fits into."""
        needed = self.sidecar.memory
        for side, compute in (("requests", tenant.quota.requests), ("limits", tenant.quota.limits)):
            if compute.memory is not None and compute.memory < needed:
                found = f"{tenant.name} has {compute.memory} of {side}.memory, and a proxy takes {needed}"
                remedy = f"Raise quota.{side}.memory of {tenant.name}, lower sidecar.memory, or leave the tenant out."
                yield Finding(Code.NO_ROOM, found, f"at least {needed}", remedy)
