"""An AKS cluster in the stack file, and what can be wrong with it before Azure is asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from components.clusters.aks import limits
from components.clusters.aks.facts import FACTS, LOCAL_DISK_GIB, POD_BLOCK, STORAGE_CLASSES, TAKEN_BY_AZURE
from components.clusters.maintenance import Maintenance
from components.clusters.managed import Facts, ManagedSpec, with_endpoint
from components.clusters.names import DNS_PREFIX, Use
from components.clusters.node_pools import TaintSpec
from components.clusters.pools import CloudPoolSpec, all_whole, no_windows, why_no_system_pods
from components.contract import BuiltIn
from components.networks.address_plan import halves, overlaps, too_small
from components.networks.azure_spec import AzureNetworkSpec
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, quoted
from spec.text import TextRule
from spec.values import Count

SPOT_TAINT: Final = TaintSpec(key="kubernetes.azure.com/scalesetpriority", value="spot", effect="NoSchedule")
"""What Azure puts on every spot node; stated, so that nothing differs from what there is."""

Uuid: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "an id of Azure or Entra: 00000000-0000-0000-0000-000000000000",
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "7b4a6f2e-1111-4c2d-9a55-0123456789ab",
        longest=36,
        meant=str.lower,
    ),
]
PoolName: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "lower-case letters and digits, a letter first, 8 at most: Azure has 12, of which four tell a pool from the "
        "one that replaces it",
        "[a-z][a-z0-9]{0,7}",
        "general",
        longest=8,
    ),
]


# learn.microsoft.com/azure/virtual-machines/sizes/overview, November 2026; NVv4 and MI300X are AMD's, NP has FPGAs.
_GPU_FAMILY: Final = re.compile(r"Standard_N(?!V\d+as_v4|.*(MI300X|V620))[CDGV]")
_WINDOWS_NAME: Final = 3  # characters; Azure has six for a pool of Windows, of which three tell generations apart


class Principal(StackModel):
    """Somebody in Entra."""

    id: Uuid = Field(description="The object id.")
    type: Literal["Group", "User", "ServicePrincipal"] = Field(default="Group", description="What it is the id of.")


class AksPoolSpec(CloudPoolSpec):
    """A node pool of AKS, over all zones of the cluster."""

    name: PoolName = Field(description="Unique in the cluster; 8 characters at most, and 3 for Windows.")
    image: Literal["azure-linux", "ubuntu", "windows-2022"] = Field(
        default="azure-linux", description="The nodes' operating system."
    )
    max_pods: Annotated[Count, Field(ge=10, le=250)] = Field(default=110, description="Pods that a node may run.")
    max_surge_percentage: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, description="Nodes that an upgrade adds at a time, of a hundred."
    )

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        if self.is_windows and isinstance(self.name, str) and len(self.name) > _WINDOWS_NAME:
            allowed = f"{_WINDOWS_NAME} characters at most for Windows: Azure has six, of which three tell a pool from "
            remedy = "Shorten it: win."
            yield Finding(Code.BAD_NAME, quoted(self.name), f"{allowed}the one that replaces it", remedy, at=("name",))
        yield from limits.pool_findings(self, self.max_pods)
        yield from limits.taint_findings(self, SPOT_TAINT)

    @property
    def all_taints(self) -> tuple[TaintSpec, ...]:
        spot = self.spot and SPOT_TAINT not in self.taints
        return (*super().all_taints, SPOT_TAINT) if spot else super().all_taints

    @property
    def mode(self) -> Literal["System", "User"]:
        """System where the pool is set aside for the system's pods; Azure refuses any other taint there (AKS#2578)."""
        return "System" if self.is_for_system and self.takes_system_pods else "User"

    @property
    def needs_device_plugin(self) -> bool:
        """Whether the machines have GPUs of NVIDIA's: by our table, or for a size that it lacks by its family."""
        known = FACTS.machines.get(self.machine_type)
        has_gpus = bool(known.gpus) if known else _GPU_FAMILY.match(self.machine_type) is not None
        return has_gpus and not self.is_windows

    @property
    def disk_type(self) -> Literal["Ephemeral", "Managed"]:
        """The machine's own disk where it is large enough."""
        return "Ephemeral" if self.disk_gib <= LOCAL_DISK_GIB.get(self.machine_type, 0) else "Managed"

    @property
    def surge(self) -> int:
        """Nodes that an upgrade adds at most; none to spot pools."""
        return 0 if self.spot else -(-self.nodes.max * self.max_surge_percentage // 100)


SYSTEM: Final = "system"
"""The pool that the cluster is made with, and that is part of it. One name for good, since Azure takes no other."""
_DEFAULT_SYSTEM_POOL: Final = AksPoolSpec.model_validate(
    {"name": SYSTEM, "machineType": "Standard_D2ds_v5", "nodes": {"min": 1, "max": 3}}
)


class AksSpec(ManagedSpec):
    """Azure Kubernetes Service: the control plane is Azure's, nodes are in a virtual network of the cluster's own."""

    cloud = "azure-native"
    facts: ClassVar[Facts] = FACTS
    name_uses: ClassVar[Sequence[Use]] = (Use(DNS_PREFIX),)

    ways_in_at_first = (
        "name the runner's address in apiEndpoint.publicFrom, and remove it when the network is connected",
    )

    kind: Literal["aks"] = Field(description="Azure Kubernetes Service.")
    subscription: Uuid = Field(description="The subscription's id.")
    tenant: Uuid = Field(description="The id of the Entra tenant that the subscription trusts.")
    network: AzureNetworkSpec = Field(default=AzureNetworkSpec(), description="The virtual network.")
    administrators: Many[Principal] = Field(
        default=(),
        description="Who may do everything: at least one, who is there when all other ways in are broken. Whoever runs "
        "this program is among them.",
    )
    members: Many[Principal] = Field(
        default=(), description="Who may get a kubeconfig; what they may do, tenants say by the groups' object ids."
    )
    tier: Literal["Free", "Standard", "Premium"] = Field(
        default="Standard", description="Free has no promise of availability; Premium has long-term support."
    )
    log_days: Annotated[Count, Field(ge=30, le=730)] = Field(
        default=90, description="How long the control plane's logs are kept."
    )
    maintenance: Maintenance = Field(default=Maintenance(), description="When Azure may upgrade.")
    node_pools: Annotated[Many[AksPoolSpec], Field(min_length=1)] = Field(
        description="The cluster's nodes. The pool named `system` is part of the cluster itself, for good. Where none "
        "is named so, there is one of 1 to 3 Standard_D2ds_v5 besides."
    )

    @property
    def built_in(self) -> frozenset[BuiltIn]:
        return frozenset(BuiltIn) - {BuiltIn.GATEWAY_API}

    @property
    def own_storage_classes(self) -> Mapping[str, bool]:
        return STORAGE_CLASSES

    @property
    def is_reachable_at_first(self) -> bool:
        return bool(self.api_endpoint.public_from)

    @property
    def pools(self) -> Sequence[AksPoolSpec]:
        if self.system_pool is _DEFAULT_SYSTEM_POOL:
            return (*self.node_pools, _DEFAULT_SYSTEM_POOL)
        return self.node_pools

    @property
    def system_pool(self) -> AksPoolSpec:
        """The pool that the cluster is made with."""
        return next((pool for pool in self.node_pools if pool.name == SYSTEM), _DEFAULT_SYSTEM_POOL)

    def immutable_fields(self) -> dict[str, str]:
        pool = self.system_pool
        own = {"machineType": pool.machine_type, "maxPods": str(pool.max_pods), "diskSize": f"{pool.disk_gib}Gi"}
        return (
            super().immutable_fields()
            | {"zones": ", ".join(self.own_zones()), "subscription": self.subscription}
            | {"network.dataplane": self.network.dataplane}
            | {".".join(map(str, place)): str(addresses) for place, addresses in self.network.by_place().items()}
            | {f"nodePools.{pool.name}.{key}": value for key, value in own.items()}
        )

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        for key, principals in (("administrators", self.administrators), ("members", self.members)):
            yield from same_twice("principal", key, principals, lambda principal: principal.id, key="id")
        if not self.administrators:
            remedy = "Add the group of whoever runs this program, and one that is there for emergencies."
            yield Finding(Code.NO_ADMINISTRATOR, "nobody", "a group of Entra", remedy, at=("administrators",))
        yield from self._system_findings()
        yield from limits.authorized_findings(self.api_endpoint.public_from)
        yield from limits.size_findings(all_whole(self.pools), self.tier)
        yield from limits.tag_findings(self.tags)
        if self.network.is_whole and self.network.dataplane == "cilium":
            yield from no_windows(self.node_pools, "Cilium", "azure")
        if self.is_whole and self.network.is_whole:
            yield from overlaps(with_endpoint(self.network.by_place(), self.api_endpoint))
            yield from self._room_findings()

    def _system_findings(self) -> Iterator[Finding]:
        for index, pool in enumerate(all_whole(self.node_pools)):
            if pool.name == SYSTEM and not pool.takes_system_pods:
                allowed = f"no spot, no Windows, at least one node, no taint but {pool.system_taint}"
                remedy = "Mend that, or give the pool another name."
                at = ("nodePools", index)
                yield Finding(Code.NO_SYSTEM_POOL, f"{SYSTEM}: {why_no_system_pods(pool)}", allowed, remedy, at=at)

    def _room_findings(self) -> Iterator[Finding]:
        subnet, _ = halves(self.network.range)
        room = subnet.num_addresses - TAKEN_BY_AZURE
        counts = {pool.name: pool.nodes.max + pool.surge for pool in all_whole(self.pools)}
        needed = sum(counts.values())
        sums = " + ".join(f"{count} ({name})" for name, count in counts.items())
        arithmetic = f"its half {subnet} holds {room} nodes, and pools have with their surge {sums} = {needed}"
        yield from too_small(("network", "range"), self.network.range, needed, room, arithmetic)
        pods = self.network.pods
        sums = " + ".join(f"{count} × {POD_BLOCK} ({name})" for name, count in counts.items())
        needed *= POD_BLOCK
        arithmetic = f"it holds {pods.num_addresses} addresses, and nodes with their surge take {sums} = {needed}"
        yield from too_small(("network", "pods"), pods, needed, pods.num_addresses, arithmetic)
