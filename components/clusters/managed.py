"""What the clouds' own kinds of cluster have in common: where they are, who gets in, what is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Annotated, ClassVar, TypeAlias

import pulumi
from pydantic import Field

from components import naming
from components.cloud import CloudPlace
from components.clusters.admission import PATIENCE, admitted
from components.clusters.base import ClusterBase, ClusterSpec, version_findings
from components.clusters.device_plugin import DevicePlugin
from components.clusters.names import Use, name_findings
from components.clusters.pools import CloudPoolSpec, MachineType, machine_warnings, over_budget, pool_findings
from components.contract import Capability, ObjectStore, Storage
from components.facilities import KarpenterConfig, LoadBalancerControllerConfig, PoolScaling
from components.propagation import Propagation
from spec.invalid import is_invalid, valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, KeyPath, listed, quoted
from spec.values import Cidr, Count, Ipv4Cidr

EVERYTHING = frozenset(Capability) - {
    Capability.GATEWAYS,
    Capability.GATEWAY_SECRETS,
    KarpenterConfig.capability,
    LoadBalancerControllerConfig.capability,
    PoolScaling.capability,
}
Days: TypeAlias = Annotated[Count, Field(ge=1, le=3653)]


class ApiEndpoint(StackModel):
    """From where the API server can be reached. What is not named here cannot."""

    private_from: Many[Ipv4Cidr] = Field(
        default=(),
        description="Networks that reach the cluster's own by peering, VPN or transit: 10.8.0.0/16. They are let "
        "through; connecting them is not this stack's business.",
    )
    public_from: Many[Cidr] = Field(
        default=(),
        description="Addresses on the internet: an office's, a runner's. Without any, the endpoint is private.",
    )

    def findings(self) -> Iterator[Finding]:
        whole = self._versions_let_in()
        for index, each in valid(self.public_from):
            widest = min(other.prefixlen for _, other in valid(self.public_from) if other.version == each.version)
            if each.version in whole and each.prefixlen == widest:
                remedy = "Name the addresses of those who administer the cluster."
                at = ("publicFrom", index)
                yield Finding(Code.OPEN_TO_ALL, str(each), "the addresses of an office or a runner", remedy, at=at)

    def _versions_let_in(self) -> set[int]:
        """The versions of IP (4, 6) of which every address is let in, be it in two halves."""
        ranges = [each for _, each in valid(self.public_from)]
        fours = collapse_addresses(each for each in ranges if isinstance(each, IPv4Network))
        sixes = collapse_addresses(each for each in ranges if isinstance(each, IPv6Network))
        return {
            *(each.version for each in fours if not each.prefixlen),
            *(each.version for each in sixes if not each.prefixlen),
        }

    @property
    def is_reachable(self) -> bool:
        return bool(self.private_from or self.public_from)


@dataclass(frozen=True)
class Facts:
    """What a cloud offered on a day: Kubernetes versions, oldest first, machine types, and zones by region."""

    dated: str
    versions: Sequence[str]
    machines: Mapping[str, MachineType]
    zones: Mapping[str, Sequence[str]]


class ManagedSpec(ClusterSpec):
    """A cluster whose control plane a cloud runs."""

    goes_up = True
    facts: ClassVar[Facts]
    name_uses: ClassVar[Sequence[Use]]  # what the cloud's names are made of the cluster's
    ways_in_at_first: ClassVar[tuple[str, ...]] = ()
    """What can be done about a first run that does not reach the API server, as remedies are written."""

    region: Annotated[str, Field(min_length=1)] = Field(description="The cloud's name of the region.")
    zones: Annotated[Many[Annotated[str, Field(min_length=1)]], Field(max_length=3)] = Field(
        default=(),
        description="Where nodes run, three zones at most. The default is three of the region.",
    )
    api_endpoint: ApiEndpoint = Field(default=ApiEndpoint(), description="From where the API server can be reached.")
    node_budget: Count | None = Field(
        default=None, description="What all pools together may grow to at most; a bound on what the cluster costs."
    )
    tags: Mapping[str, str] = Field(
        default={}, description="Tags (labels, on Google Cloud) of everything that the cluster is made of."
    )

    @property
    def capabilities(self) -> frozenset[Capability]:
        return EVERYTHING

    @property
    def pools(self) -> Sequence[CloudPoolSpec]:
        """The node pools; none where the cloud has none to declare."""
        raise NotImplementedError

    @property
    def wanted_nodes(self) -> Mapping[str, tuple[int, int]]:
        return {pool.name: (pool.nodes.min, pool.nodes.max) for pool in self.pools}

    @property
    def is_reachable(self) -> bool:
        """Whether anybody can reach the API server."""
        return self.api_endpoint.is_reachable

    @property
    def is_reachable_at_first(self) -> bool:
        """Whether the API server can be reached before anything is connected with the network that it is in."""
        return True

    def own_zones(self) -> tuple[str, ...]:
        """The zones that the cluster is in."""
        return self.zones or tuple(self.facts.zones[self.region][:3])

    def immutable_fields(self) -> dict[str, str]:
        return super().immutable_fields() | {"region": self.region}

    def findings(self) -> Iterator[Finding]:
        yield from name_findings(self.name, self.name_uses)
        yield from version_findings(self.version, self.facts.versions, self.facts.dated)
        yield from self._zone_findings()
        yield from pool_findings(self.pools, self.facts.machines)
        yield from over_budget(self.node_budget, self.pools)
        if not self.is_reachable:
            remedy = "Name a network in apiEndpoint.privateFrom, or addresses in apiEndpoint.publicFrom."
            yield Finding(Code.NO_WAY_IN, "nothing that reaches it", "some way in", remedy, at=("apiEndpoint",))

    def warnings(self) -> Iterator[Finding]:
        yield from super().warnings()
        yield from machine_warnings(self.pools, self.facts.machines, self.facts.dated)

    def tags_of(self) -> dict[str, str]:
        """The stack's tags, and those by which everything of the cluster is found again."""
        return {**self.tags, naming.MANAGED_BY_TAG: naming.PROJECT, naming.CLUSTER_TAG: self.name}

    def _zone_findings(self) -> Iterator[Finding]:
        known = self.facts.zones.get(self.region, ())
        yield from same_twice("zone", "zones", self.zones, str, key="")
        for index, zone in valid(self.zones):
            if known and zone not in known:
                remedy = f"Write zones of {self.region}, or remove zones to get three of them."
                yield Finding(Code.WRONG_ZONE, quoted(zone), listed(known), remedy, at=("zones", index))
        if not known and isinstance(self.region, str) and (meant := self._region_meant()):
            allowed = "the name that the cloud's API has for a region"
            yield Finding(Code.NOT_ALLOWED, quoted(self.region), allowed, f"Write {meant}.", at=("region",))
        elif not known and not self.zones and isinstance(self.region, str):
            allowed = "three zones, because our table does not have this region"
            yield Finding(Code.WRONG_ZONE, "none", allowed, f"Name zones of {self.region}.", at=("zones",))

    def _region_meant(self) -> str:
        """The region that a display name (West Europe), a zone (europe-west4-a) or a slip of the pen stands for."""
        spelt = self.region.lower().replace(" ", "")
        shorter = [region for region in self.facts.zones if region in {spelt, spelt.rpartition("-")[0], spelt[:-1]}]
        return shorter[0] if shorter else ""


def with_endpoint(own: Mapping[KeyPath, IPv4Network], endpoint: ApiEndpoint) -> dict[KeyPath, IPv4Network]:
    """The cluster's own ranges and the networks that reach it, by their place; they may share no address.

    A network around one of the cluster's own (a company's 10.0.0.0/8) is left out: the cluster is a part of it, and
    letting in the rest takes nothing from anybody.
    """
    ranges = dict(own)
    for index, each in valid(endpoint.private_from):
        if not any(_is_around(each, range_) for range_ in own.values()):
            ranges["apiEndpoint", "privateFrom", index] = each
    return ranges


def _is_around(network: IPv4Network, own: IPv4Network) -> bool:
    return not is_invalid(own) and network != own and network.supernet_of(own)


class ManagedCluster(ClusterBase):
    """The part of a cloud's kind that does not depend on the cloud."""

    admission_patience: ClassVar[float] = PATIENCE
    """Seconds until the API server has to let in whoever runs the program."""

    def __init__(self, spec: ManagedSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self.node_pools = tuple(pool.as_contract() for pool in spec.pools)
        self._needs_device_plugin = [pool.name for pool in spec.pools if pool.needs_device_plugin]
        self._shared: Storage | None = None
        self._stores: dict[str, ObjectStore] = {}

    def connect(
        self,
        kubeconfig: pulumi.Input[str],
        identifier: pulumi.Input[str],
        context: str | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        """As for every cluster, and with what its GPUs need."""
        super().connect(kubeconfig, identifier, context, after)
        if self._needs_device_plugin:
            options = pulumi.ResourceOptions.merge(self.in_cluster(), pulumi.ResourceOptions(parent=self))
            DevicePlugin(self.name, self._needs_device_plugin, options)

    def admitted(self, kubeconfig: pulumi.Output[str], rights: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        """The kubeconfig, once the rights count in the cluster."""
        return admitted(kubeconfig, rights, self.admission_patience)

    def place(self, spec: ManagedSpec, provider: pulumi.ProviderResource) -> CloudPlace:
        """Where everything of the cluster goes."""
        hooks = pulumi.ResourceHookBinding(on_error=[Propagation(self.name).hook()])
        return CloudPlace(self.name, self, provider, spec.tags_of(), self.protect, hooks=hooks)

    def shared_storage(self) -> Storage:
        """The cloud's shared file system and its driver, made on first use."""
        if self._shared is None:
            self._shared = self.make_shared_storage()
        return self._shared

    def object_store(self, name: str) -> ObjectStore:
        """A bucket of the cluster's own, made on first use."""
        if name not in self._stores:
            self._stores[name] = self.make_object_store(name)
        return self._stores[name]

    def make_shared_storage(self) -> Storage:
        """Register what `shared_storage` is made of."""
        raise NotImplementedError

    def make_object_store(self, name: str) -> ObjectStore:
        """Register what the object store `name` is made of."""
        raise NotImplementedError
