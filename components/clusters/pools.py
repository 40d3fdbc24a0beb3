"""Node pools of the clouds: what they have in common in the stack file, and the checks over all of a cluster's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, TypeVar

from pydantic import Field

from common.quantity import Quantity, parse
from components import naming
from components.clusters.names import Use, name_findings
from components.clusters.node_pools import TaintSpec
from components.contract import NodePool
from spec.invalid import is_invalid, valid
from spec.model import Many, StackModel, did_you_mean, same_twice
from spec.problems import Code, Finding, KeyPath, quoted
from spec.text import DnsLabel, LabelKey, LabelValue
from spec.values import Bytes, Count

Architecture: TypeAlias = Literal["amd64", "arm64"]
WINDOWS: Final = "windows-2022"
"""The image of Windows Server 2022, as every cloud's pools call it."""
WINDOWS_TAINT: Final = TaintSpec(key="node.kubernetes.io/os", value="windows", effect="NoSchedule")
"""On every Windows node of every cloud, so that pods that say nothing of an operating system stay on Linux."""
_GIB: Final = 2**30 * 10**9  # in the billionths of common.quantity
_DISK: Final = parse("50Gi")
_WINDOWS_DISK: Final = parse("128Gi")  # Azure's default; the system and its base images take three times Linux'


@dataclass(frozen=True)
class MachineType:
    """A cloud's machine type: CPUs, GiB of memory, architecture, and GPUs with the cloud's name of their model."""

    cpus: int
    memory: float
    architecture: Architecture = "amd64"
    gpus: int = 0
    gpu_model: str = ""


class NodeCount(StackModel):
    """How many nodes a pool has. Where both bounds are equal nothing scales it."""

    min: Annotated[Count, Field(le=1000)] = Field(description="The fewest; 0 for a pool that is often empty.")
    max: Annotated[Count, Field(ge=1, le=1000)] = Field(description="The most, which also bounds what it costs.")

    def findings(self) -> Iterator[Finding]:
        if self.min > self.max:
            remedy = "Lower it, or raise max."
            yield Finding(Code.OUT_OF_ORDER, str(self.min), f"at most max, {self.max}", remedy, at=("min",))


class CloudPoolSpec(StackModel):
    """Nodes of one machine type; each cloud adds what only it has, and says which images it has."""

    system_taint: ClassVar[str] = "CriticalAddonsOnly"  # the taint that the cloud's own pods tolerate
    name_uses: ClassVar[Sequence[Use]] = ()  # what the cloud's names are made of the pool's

    name: DnsLabel = Field(description="Unique in the cluster.")
    machine_type: Annotated[str, Field(min_length=1)] = Field(description="The cloud's name of the machine type.")
    architecture: Architecture | None = Field(
        default=None,
        description="The machine type's. It is known for the types of our table; state it for another one.",
    )
    image: str = Field(description="The nodes' operating system.")
    nodes: NodeCount = Field(description="How many nodes.")
    spot: bool = Field(default=False, description="Whether the cloud may take the machines back; they cost less.")
    disk_size: Bytes | None = Field(
        default=None,
        description="The disk of each node, for images, logs and emptyDir. The default is 50Gi, and 128Gi for Windows.",
    )
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels of each node, for pods to select.")
    taints: Many[TaintSpec] = Field(default=(), description="Taints of each node; unique by key and effect.")

    def findings(self) -> Iterator[Finding]:
        yield from name_findings(self.name, self.name_uses)
        yield from same_twice("taint", "taints", self.taints, lambda taint: (taint.key, taint.effect), "key")

    @property
    def scales(self) -> bool:
        """Whether an autoscaler changes the number of nodes."""
        return self.nodes.min != self.nodes.max

    @property
    def is_windows(self) -> bool:
        """Whether the nodes run Windows, where none of the system's own pods can be."""
        return self.image == WINDOWS

    @property
    def all_taints(self) -> tuple[TaintSpec, ...]:
        """The taints, with those that come with what the pool is."""
        own = [WINDOWS_TAINT] if self.is_windows else []
        return (*self.taints, *(taint for taint in own if taint not in self.taints))

    @property
    def needs_device_plugin(self) -> bool:
        """Whether the machines have GPUs that nothing on their nodes offers to pods."""
        return False

    @property
    def is_for_system(self) -> bool:
        """Whether the pool is set aside for the system's pods."""
        return not self.is_windows and any(taint.key == self.system_taint for taint in self.taints)

    @property
    def takes_system_pods(self) -> bool:
        """Whether there is always a node that the system's own pods run on."""
        hard = [taint for taint in self.all_taints if taint.effect != "PreferNoSchedule"]
        return not self.spot and self.nodes.min > 0 and all(taint.key == self.system_taint for taint in hard)

    @property
    def disk_gib(self) -> int:
        """The disk's size in whole GiB, rounded up."""
        return in_gib(self.disk_size or (_WINDOWS_DISK if self.is_windows else _DISK))

    @property
    def node_labels(self) -> dict[str, str]:
        """The labels, with the one that says the pool."""
        return {**self.labels, naming.NODE_POOL_LABEL: self.name}

    def as_contract(self) -> NodePool:
        """The pool as the rest of the program knows it."""
        taints = [taint.as_contract() for taint in self.all_taints]
        return NodePool(self.name, self.nodes.min, self.nodes.max, self.node_labels, taints)


def in_gib(size: Quantity) -> int:
    """A size in whole GiB, rounded up."""
    return -(-size.nanos // _GIB)


AnyPool = TypeVar("AnyPool", bound=CloudPoolSpec)


def generation(**immutable: Any) -> str:
    """Six characters that change with what the cloud cannot change in place, to be part of a pool's name.

    So the pool that replaces another has a name of its own, and can be there before that one goes.
    """
    return naming.digest(immutable)


def all_whole(pools: Sequence[AnyPool]) -> Sequence[AnyPool]:
    """The pools, or none when something is wrong with one of them, so that they make no sense together."""
    return pools if all(not is_invalid(pool) and pool.is_whole and pool.nodes.is_whole for pool in pools) else ()


def pool_findings(pools: Sequence[CloudPoolSpec], machines: Mapping[str, MachineType]) -> Iterator[Finding]:
    """What is wrong with a cluster's pools together, and with their machines, relative to the cluster."""
    yield from same_twice("node pool", "nodePools", pools)
    checked = all_whole(pools)
    if checked and not any(pool.takes_system_pods for pool in checked):
        taint = checked[0].system_taint
        found = ", ".join(f"{pool.name}: {why_no_system_pods(pool)}" for pool in checked)
        allowed = f"one pool that is not spot, has at least one node, and no taint but {taint}"
        remedy = f"Add a pool for them, with the taint {taint} if it is for nothing else."
        yield Finding(Code.NO_SYSTEM_POOL, found, allowed, remedy, at=("nodePools",))
    for index, pool in valid(pools):
        known = machines.get(pool.machine_type)
        if wrong := list(architecture_findings(pool.machine_type, pool.architecture, machines)):
            yield from (each.below("nodePools", index) for each in wrong)
        elif pool.is_windows and (pool.architecture or (known.architecture if known else "")) == "arm64":
            remedy = "Choose a machine type of amd64."
            at = ("nodePools", index, "machineType")
            yield Finding(Code.ARCHITECTURE, f"{pool.machine_type}, which is arm64", "amd64 for Windows", remedy, at=at)


def architecture_findings(
    machine_type: str, stated: Architecture | None, machines: Mapping[str, MachineType]
) -> Iterator[Finding]:
    """A finding when the architecture of a machine type is not known, or is stated and another one."""
    known = machines.get(machine_type)
    if not known and stated is None and isinstance(machine_type, str):
        yield unknown_architecture(machine_type, machines, at=("machineType",))
    elif known and stated in ("amd64", "arm64") and stated != known.architecture:
        allowed = f"{known.architecture}, which {machine_type} is"
        remedy = "Remove architecture, or choose another machine type."
        yield Finding(Code.ARCHITECTURE, str(stated), allowed, remedy, at=("architecture",))


def unknown_architecture(machine_type: str, machines: Mapping[str, MachineType], at: KeyPath) -> Finding:
    """A machine type whose architecture nobody has said: with an image of another one, no node would ever start."""
    near = did_you_mean(machine_type, machines)
    remedy = f"Write {near}, if that is meant, or else state" if near else "State"
    return Finding(
        Code.ARCHITECTURE,
        f"{quoted(machine_type)}, whose architecture our table does not know",
        "a type of the table, or the pool's architecture beside it",
        f"{remedy} `architecture: arm64` or `architecture: amd64`.",
        at=at,
    )


def no_windows(pools: Sequence[CloudPoolSpec], dataplane: str, other: str) -> Iterator[Finding]:
    """A finding for each Windows pool of a cluster whose `dataplane` has no Windows, where `other` has it."""
    for index, pool in valid(pools):
        if pool.is_windows:
            remedy = f"Write network.dataplane: {other}; a cluster that is there already is replaced by that."
            at = ("nodePools", index, "image")
            yield Finding(Code.CANNOT, quoted(pool.image), f"Linux, which is where {dataplane} runs", remedy, at=at)


def why_no_system_pods(pool: CloudPoolSpec) -> str:
    """Why there is not always a node of `pool` that takes the system's own pods."""
    if pool.is_windows:
        return "Windows"
    if pool.spot:
        return "spot"
    return "can be empty" if pool.nodes.min == 0 else "tainted"


def machine_warnings(
    pools: Sequence[CloudPoolSpec], machines: Mapping[str, MachineType], dated: str
) -> Iterator[Finding]:
    """A finding for each machine type that is not in the table `machines`, relative to the cluster."""
    for index, pool in enumerate(pools):
        if pool.machine_type not in machines:
            near = did_you_mean(pool.machine_type, machines)
            remedy = f"Write {near}, if that is meant." if near else "See whether the region has it."
            at = ("nodePools", index, "machineType")
            yield Finding(
                Code.UNKNOWN_MACHINE, quoted(pool.machine_type), f"one of our table of {dated}", remedy, at=at
            )


def over_budget(budget: int | None, pools: Sequence[CloudPoolSpec]) -> Iterator[Finding]:
    """A finding when all pools at their largest have more nodes than `budget`."""
    largest = [pool.nodes.max for pool in all_whole(pools)]
    if budget is not None and budget < sum(largest):
        found = f"{' + '.join(map(str, largest))} = {sum(largest)} nodes"
        remedy = "Lower what pools may grow to, or raise the budget."
        yield Finding(Code.OVER_BUDGET, found, f"at most {budget}", remedy, at=("nodeBudget",))
