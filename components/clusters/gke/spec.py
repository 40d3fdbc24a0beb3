"""A GKE cluster in the stack file, and what can be wrong with it before Google Cloud is asked."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field

from components.clusters.gke.facts import FACTS, STORAGE_CLASSES, disk_type, node_room, pod_block
from components.clusters.gke.limits import (
    LABEL_DOMAINS,
    disk_findings,
    endpoint_findings,
    freeze_findings,
    label_findings,
    memory_findings,
    range_findings,
    security_group_findings,
    surge_findings,
)
from components.clusters.maintenance import Maintenance
from components.clusters.managed import EVERYTHING, Facts, ManagedSpec, with_endpoint
from components.clusters.names import GKE_CLUSTER, GKE_POOL, POOL, Use
from components.clusters.node_labels import label_findings as node_label_findings
from components.clusters.pools import CloudPoolSpec, all_whole, no_windows
from components.contract import BuiltIn, Capability
from components.networks.address_plan import overlaps, too_small
from components.networks.gcp_spec import GcpNetworkSpec
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import Email, TextRule
from spec.values import Bytes, Count

_NOT_IN_AUTOPILOT: Final = {Capability.NODE_POOLS, Capability.NETWORK_PLUGINS, Capability.NODE_DIRECTORIES}
_LABEL: Final = "lower-case letters, digits, - and _, 63 at most"
LabelKey: TypeAlias = Annotated[str, TextRule(Code.BAD_LABEL, _LABEL, "[a-z][-_a-z0-9]*", "team", longest=63)]
LabelValue: TypeAlias = Annotated[str, TextRule(Code.BAD_LABEL, _LABEL, "[-_a-z0-9]*", "platform", longest=63)]
ProjectId: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "a project's id: 6 to 30 lower-case letters, digits and -",
        "[a-z][-a-z0-9]{4,28}[a-z0-9]",
        "shop-production",
        longest=30,
    ),
]
ProjectNumber: TypeAlias = Annotated[
    str, TextRule(Code.BAD_NAME, "a project's number, in quotes", "[0-9]{6,20}", "123456789012", longest=20)
]
Member: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "a member as IAM writes it: group:…, user:… or serviceAccount:…",
        r"(group|user|serviceAccount):[^\s@]+@[^\s@]+",
        "group:platform@example.com",
    ),
]


class Upgrade(StackModel):
    """How a pool's nodes are replaced in an upgrade."""

    strategy: Literal["surge", "blue-green"] = Field(
        default="surge",
        description="surge adds a few nodes at a time; blue-green a whole second set, with a way back.",
    )
    max_surge: Annotated[Count, Field(le=20)] = Field(default=1, description="Nodes that are added at a time.")
    max_unavailable: Annotated[Count, Field(le=20)] = Field(default=0, description="Nodes that may miss at a time.")

    def findings(self) -> Iterator[Finding]:
        if self.strategy == "surge":
            yield from surge_findings(self.max_surge, self.max_unavailable)

    def max_nodes(self, pool: int) -> int:
        """How many nodes there are at most while a pool of so many is upgraded."""
        return 2 * pool if self.strategy == "blue-green" else pool + self.max_surge


class Spread(NamedTuple):
    """In how many zones a pool begins, and with how many nodes in each."""

    zones: int
    nodes: int


class GkePoolSpec(CloudPoolSpec):
    """A node pool of GKE, over all zones of the cluster, if it may have so many nodes; its counts are of the whole
    pool."""

    system_taint: ClassVar[str] = "components.gke.io/gke-managed-components"
    name_uses: ClassVar[Sequence[Use]] = (Use(GKE_POOL, POOL),)

    image: Literal["cos", "ubuntu", "windows-2022"] = Field(
        default="cos",
        description="The nodes' operating system: Google's Container-Optimized OS, Ubuntu, or Windows Server.",
    )
    max_pods: Annotated[Count, Field(ge=8, le=256)] = Field(default=110, description="Pods that a node may run.")
    upgrade: Upgrade = Field(default=Upgrade(), description="How nodes are replaced in an upgrade.")

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        if self.is_whole:
            yield from disk_findings(self.image, self.disk_gib)
        yield from node_label_findings(self.labels, LABEL_DOMAINS)

    @property
    def disk_type(self) -> str:
        return disk_type(self.machine_type)

    @property
    def is_arm(self) -> bool:
        """Whether the nodes are Arm's: as stated, or as our table has it."""
        known = FACTS.machines.get(self.machine_type)
        return (self.architecture or (known.architecture if known else "amd64")) == "arm64"

    def spread(self, zones: int) -> Spread:
        """GKE makes as many nodes in each zone as in another (`initialNodeCount`, `nodeCount`)."""
        used = min(zones, self.nodes.max)
        return Spread(used, -(-self.nodes.min // used))


class AutoProvisioning(StackModel):
    """Pools that GKE makes by itself for pods that fit into none; these are the bounds of all nodes together."""

    max_cpus: Annotated[Count, Field(ge=1)] = Field(description="CPUs of all nodes, those of pools included.")
    max_memory: Bytes = Field(description="Memory of all nodes, those of pools included.")

    def findings(self) -> Iterator[Finding]:
        yield from memory_findings(self.max_memory)


class GkeSpec(ManagedSpec):
    """Google Kubernetes Engine: Standard, with node pools, or Autopilot, where Google brings the nodes."""

    cloud = "gcp"
    facts: ClassVar[Facts] = FACTS
    name_uses: ClassVar[Sequence[Use]] = (Use(GKE_CLUSTER),)

    ways_in_at_first = (
        "write dnsEndpoint: true, which lets in by a name of Google's whom IAM lets in",
        "name the runner's address in apiEndpoint.publicFrom, and remove it when the network is connected",
    )

    kind: Literal["gke"] = Field(description="Google Kubernetes Engine.")
    mode: Literal["standard", "autopilot"] = Field(
        default="standard",
        description="Autopilot has no node pools to declare, bills by pod, and lets no pod touch its node.",
    )
    project: ProjectId = Field(description="The project's id.")
    project_number: ProjectNumber = Field(
        description="The project's number, in quotes: GKE's own account, which encrypts Secrets, is named by it."
    )
    network: GcpNetworkSpec = Field(default=GcpNetworkSpec(), description="The VPC.")
    dns_endpoint: bool = Field(
        default=True,
        description="Whether the API server can be reached by a name that Google answers, for whoever IAM lets in: "
        "without VPN or bastion.",
    )
    administrators: Many[Member] = Field(
        default=(),
        description="Who may do everything: at least one, who is there when all other ways in are broken. They get it "
        "by IAM, in the whole project.",
    )
    security_group: Email | None = Field(
        default=None,
        description="gke-security-groups@YOUR-DOMAIN, which holds the groups that tenants name. Without it, tenants' "
        "groups are known to nobody.",
    )
    maintenance: Maintenance = Field(default=Maintenance(), description="When Google may upgrade.")
    auto_provisioning: AutoProvisioning | None = Field(
        default=None, description="Pools that GKE makes by itself, besides those here."
    )
    node_pools: Many[GkePoolSpec] = Field(default=(), description="The cluster's nodes; none in Autopilot.")
    tags: Mapping[LabelKey, LabelValue] = Field(
        default={}, description="Labels of everything that the cluster is made of."
    )

    @property
    def is_autopilot(self) -> bool:
        return self.mode == "autopilot"

    @property
    def capabilities(self) -> frozenset[Capability]:
        theirs = EVERYTHING | {Capability.GATEWAYS, Capability.GATEWAY_SECRETS}
        return theirs - _NOT_IN_AUTOPILOT if self.is_autopilot else theirs

    @property
    def built_in(self) -> frozenset[BuiltIn]:
        return frozenset(BuiltIn)

    @property
    def own_storage_classes(self) -> Mapping[str, bool]:
        return STORAGE_CLASSES

    @property
    def pools(self) -> Sequence[GkePoolSpec]:
        return self.node_pools

    @property
    def volume_type(self) -> str:
        """The disks of volumes: those that every pool's machines can mount, and the older kind where they differ."""
        types = {pool.disk_type for pool in self.node_pools}
        return types.pop() if len(types) == 1 else "pd-balanced"

    @property
    def is_reachable(self) -> bool:
        return bool(self.dns_endpoint) or super().is_reachable

    @property
    def is_reachable_at_first(self) -> bool:
        return bool(self.dns_endpoint or self.api_endpoint.public_from)

    def immutable_fields(self) -> dict[str, str]:
        own = {"mode": self.mode, "project": self.project, "network.dataplane": self.network.dataplane}
        ranges = {f"network.{key}": str(getattr(self.network, key)) for key in ("nodes", "pods", "services")}
        return super().immutable_fields() | own | ranges

    def keeps(self, key: str, had: str) -> bool:
        """The nodes' range may grow, which takes in what there is (vpc/docs/create-modify-vpc-networks)."""
        if key == "network.nodes":
            return IPv4Network(had).subnet_of(self.network.nodes)
        return super().keeps(key, had)

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from same_twice("administrator", "administrators", self.administrators, str, key="")
        if not self.administrators:
            remedy = "Add the account that runs this program, and one that is there for emergencies."
            yield Finding(Code.NO_ADMINISTRATOR, "nobody", "a member of IAM", remedy, at=("administrators",))
        yield from self._mode_findings()
        yield from self._spread_findings()
        yield from endpoint_findings(self.api_endpoint)
        yield from label_findings(self.tags)
        yield from freeze_findings(self.maintenance)
        yield from security_group_findings(self.security_group)
        if self.network.is_whole and self.network.dataplane == "v2":
            yield from no_windows(self.node_pools, "Dataplane V2", "iptables")
        if self.network.is_whole:
            yield from range_findings(self.network.by_place())
        if self.is_whole and self.network.is_whole:
            yield from overlaps(with_endpoint(self.network.by_place(), self.api_endpoint))
            yield from self._room_findings()

    def _mode_findings(self) -> Iterator[Finding]:
        if self.is_autopilot:
            for key, value in (("nodePools", self.node_pools), ("autoProvisioning", self.auto_provisioning)):
                if value:
                    remedy = f"Remove {key}, or write mode: standard."
                    allowed = "nothing, because GKE Autopilot brings the nodes"
                    yield Finding(Code.CANNOT, key, allowed, remedy, at=(key,))
            if self.network.is_whole and self.network.dataplane != "v2":
                at = ("network", "dataplane")
                remedy = "Remove dataplane, or write mode: standard."
                yield Finding(Code.CANNOT, self.network.dataplane, "v2, as Autopilot always has", remedy, at=at)
        elif self.mode == "standard" and not self.node_pools:
            remedy = "Add a pool, or write mode: autopilot."
            yield Finding(Code.MISSING_KEY, "no nodePools", "one pool or more", remedy, at=("nodePools",))

    def _spread_findings(self) -> Iterator[Finding]:
        zones = len(self.zones or self.facts.zones.get(self.region, ())[:3])
        for index, pool in enumerate(self._whole() if zones else ()):
            used, nodes = pool.spread(zones)
            if used * nodes > pool.nodes.max:
                allowed = (
                    f"{used * nodes} or more, as GKE makes {nodes} nodes in each of {used} zones for {pool.nodes.min}"
                )
                remedy = f"Raise max, or write a min that {used} divides."
                at = ("nodePools", index, "nodes", "max")
                yield Finding(Code.OUT_OF_RANGE, str(pool.nodes.max), allowed, remedy, at=at)

    def _room_findings(self) -> Iterator[Finding]:
        pools = {
            pool.name: (pool.upgrade.max_nodes(pool.nodes.max), pod_block(pool.max_pods)) for pool in self._whole()
        }
        nodes, pods = self.network.nodes, self.network.pods
        needed = sum(count for count, _ in pools.values())
        sums = " + ".join(f"{count} ({name})" for name, (count, _) in pools.items())
        arithmetic = (
            f"it holds {node_room(nodes.num_addresses)} nodes, and pools have with their surge {sums} = {needed}"
        )
        yield from too_small(("network", "nodes"), nodes, needed, node_room(nodes.num_addresses), arithmetic)
        needed = sum(count * block for count, block in pools.values())
        sums = " + ".join(f"{count} × {block} ({name})" for name, (count, block) in pools.items())
        arithmetic = f"it holds {pods.num_addresses} addresses, and nodes with their surge take {sums} = {needed}"
        yield from too_small(("network", "pods"), pods, needed, pods.num_addresses, arithmetic)

    def _whole(self) -> Sequence[GkePoolSpec]:
        pools = all_whole(self.node_pools)
        return pools if all(pool.upgrade.is_whole for pool in pools) else ()
