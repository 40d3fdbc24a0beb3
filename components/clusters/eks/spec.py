"""An EKS cluster in the stack file, and what can be wrong with it before AWS is asked."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from components import naming
from components.clusters.eks import facts
from components.clusters.eks.facts import FACTS, PREFIX, pods_per_node
from components.clusters.eks.limits import (
    LABEL_LENGTH,
    LARGEST_DISK,
    SMALLEST_DISKS,
    public_range_findings,
    tag_findings,
)
from components.clusters.managed import EVERYTHING, Facts, ManagedSpec, with_endpoint
from components.clusters.names import AUTOMATIC, IAM_ROLE, NODE_GROUP, POOL, Use
from components.clusters.node_labels import label_findings
from components.clusters.pools import CloudPoolSpec, all_whole, unknown_architecture
from components.contract import Capability
from components.facilities import KarpenterConfig, LoadBalancerControllerConfig, PoolScaling
from components.networks.address_plan import by_zone, overlaps, too_small
from components.networks.aws_spec import AwsNetworkSpec, LogDays
from spec.invalid import valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, KeyPath
from spec.text import RbacGroup, TextRule

_TAKEN_BY_AWS: Final = 5  # addresses of every subnet

PrincipalArn: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "the ARN of an IAM role or user: arn:aws:iam::111122223333:role/admin",
        r"arn:aws[-a-z]*:iam::[0-9]{12}:(role|user)/[-A-Za-z0-9+=,.@_/]+",
        "arn:aws:iam::111122223333:role/admin",
        longest=2048,
    ),
]


class EksPoolSpec(CloudPoolSpec):
    """A managed node group."""

    name_uses: ClassVar[Sequence[Use]] = (Use(NODE_GROUP, POOL),)

    alternatives: Annotated[Many[Annotated[str, Field(min_length=1)]], Field(max_length=19)] = Field(
        default=(), description="Further machine types that AWS may take instead; spot pools last longer with some."
    )
    image: Literal["al2023", "bottlerocket", "windows-2022"] = Field(
        default="al2023",
        description="The nodes' operating system. Its variant follows the machine: architecture and GPU.",
    )
    max_unavailable_percentage: Annotated[int, Field(ge=1, le=100)] = Field(
        default=33, description="How many of the nodes an upgrade takes at once: 33, so that two thirds stay."
    )

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        if self.is_whole:
            yield from self._disk_findings()
        yield from label_findings(self.labels, ("eks.amazonaws.com",))
        yield from self._length_findings()
        yield from same_twice("machine type", "alternatives", self.alternatives, str, key="")
        for index, other in valid(self.alternatives):
            known = FACTS.machines.get(other)
            if other == self.machine_type:
                yield Finding(Code.SAME_NAME_TWICE, other, "others", "Remove it.", at=("alternatives", index))
            elif not known and self.architecture is None and isinstance(other, str):
                yield unknown_architecture(other, FACTS.machines, at=("alternatives", index))
            elif known and known.architecture != self.arch:
                allowed = f"{self.arch}, which {self.machine_type} is"
                remedy = "Put it into a pool of its own: a node group has one image."
                found = f"{other}, which is {known.architecture}"
                yield Finding(Code.ARCHITECTURE, found, allowed, remedy, at=("alternatives", index))

    def _disk_findings(self) -> Iterator[Finding]:
        smallest = SMALLEST_DISKS[self.image]
        if not smallest <= self.disk_gib <= LARGEST_DISK:
            allowed = f"{smallest}Gi, which the image takes, to {LARGEST_DISK}Gi"
            remedy = f"Write {smallest}Gi, or remove it for the default."
            yield Finding(Code.OUT_OF_RANGE, f"{self.disk_gib}Gi", allowed, remedy, at=("diskSize",))

    def _length_findings(self) -> Iterator[Finding]:
        allowed = f"at most {LABEL_LENGTH} characters, with the domain"
        for key, value in self.labels.items():
            if len(key) > LABEL_LENGTH:
                yield Finding(Code.BAD_LABEL, f"a key of {len(key)}", allowed, "Shorten it.", at=("labels", key))
            if value == "":
                remedy = 'Write "true", say.'
                yield Finding(Code.BAD_LABEL, "nothing", "a value, which EKS wants", remedy, at=("labels", key))
        for index, taint in valid(self.taints):
            if isinstance(taint.key, str) and len(taint.key) > LABEL_LENGTH:
                at = ("taints", index, "key")
                yield Finding(Code.BAD_LABEL, f"a key of {len(taint.key)}", allowed, "Shorten it.", at=at)

    @property
    def arch(self) -> str:
        """The architecture: as stated, or as our table has it; what is neither is refused."""
        return facts.architecture(self.machine_type, self.architecture)

    @property
    def has_gpus(self) -> bool:
        """Whether the machines have GPUs of NVIDIA's, by our table, or for a type that it lacks by its family."""
        return facts.has_gpus(self.machine_type)

    @property
    def needs_device_plugin(self) -> bool:
        """Whether nothing on the nodes offers their GPUs to pods; Bottlerocket brings a plugin of its own."""
        return self.has_gpus and self.image == "al2023"

    @property
    def ami_type(self) -> str:
        """EKS's name of the image, by operating system, architecture and GPU."""
        gpu, arm = self.has_gpus, self.arch == "arm64"
        if self.is_windows:
            return "WINDOWS_CORE_2022_x86_64"
        if self.image == "bottlerocket":
            return f"BOTTLEROCKET_{'ARM_64' if arm else 'x86_64'}{'_NVIDIA' if gpu else ''}"
        return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{'NVIDIA' if gpu else 'STANDARD'}"

    @property
    def addresses_per_node(self) -> int:
        """What a node takes of its subnet: a prefix for every 16 pods, one to spare, and its own address."""
        prefixes = -(-pods_per_node(FACTS.machines.get(self.machine_type)) // PREFIX) + 1
        return prefixes * PREFIX + 1


class Members(StackModel):
    """People or machines of AWS, and what groups they are in within the cluster."""

    principal: PrincipalArn = Field(description="An IAM role or user.")
    groups: Annotated[Many[RbacGroup], Field(min_length=1)] = Field(
        description="Groups as tenants name them; AWS knows none, so that they are given here."
    )


class EksSpec(ManagedSpec):
    """Amazon EKS: the control plane is Amazon's, nodes are in a VPC that belongs to the cluster."""

    cloud = "aws"
    facts: ClassVar[Facts] = FACTS
    name_uses: ClassVar[Sequence[Use]] = (Use(IAM_ROLE, "{}-control-plane", AUTOMATIC),)
    ways_in_at_first = (
        "name the runner's address in apiEndpoint.publicFrom, and remove it when the network is connected",
    )

    kind: Literal["eks"] = Field(description="Amazon EKS.")
    network: AwsNetworkSpec = Field(default=AwsNetworkSpec(), description="The VPC.")
    administrators: Many[PrincipalArn] = Field(
        default=(),
        description="Who may do everything: at least one, who is there when all other ways in are broken. Whoever runs "
        "this program is among them.",
    )
    members: Many[Members] = Field(default=(), description="Who else gets in, and as what.")
    log_days: LogDays = Field(default=90, description="How long the control plane's logs are kept.")
    log_types: Annotated[
        Many[Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]], Field(min_length=1)
    ] = Field(
        default=("api", "audit", "authenticator", "controllerManager", "scheduler"),
        description="What the control plane logs. All of it: what was not logged cannot be found out later.",
    )
    autoscaling: Literal["node-pools", "karpenter"] = Field(
        default="node-pools",
        description="What adds nodes: pools grow within their bounds, by the add-on clusterAutoscaler, or Karpenter "
        "adds machines of its own choice. For Karpenter, this makes what it needs in AWS.",
    )
    node_pools: Annotated[Many[EksPoolSpec], Field(min_length=1)] = Field(description="The cluster's nodes.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        karpenter = {KarpenterConfig.capability} if self.autoscaling == "karpenter" else set()
        return EVERYTHING | {LoadBalancerControllerConfig.capability, PoolScaling.capability} | karpenter

    @property
    def own_storage_classes(self) -> Mapping[str, bool]:
        return {"gp2": False}  # no default since 1.30

    @property
    def is_reachable_at_first(self) -> bool:
        return bool(self.api_endpoint.public_from)

    @property
    def pools(self) -> Sequence[EksPoolSpec]:
        return self.node_pools

    def immutable_fields(self) -> dict[str, str]:
        ranges = {"network.range": str(self.network.range), "network.services": str(self.network.services)}
        quarters = list(self.network.range.subnets(2))
        subnets = by_zone(self.network.range, self.own_zones()).private
        # Zones may be added. In those that are there, the control plane has its interfaces and volumes their disks.
        zones = {f"zones:{zone}": f"{zone} (quarter {quarters.index(each) + 1})" for zone, each in subnets.items()}
        return super().immutable_fields() | zones | ranges

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from same_twice("administrator", "administrators", self.administrators, str, key="")
        yield from same_twice("member", "members", self.members, lambda member: member.principal, key="principal")
        yield from public_range_findings(self.api_endpoint.public_from)
        yield from tag_findings(self.tags, frozenset({"Name", naming.CLUSTER_TAG, naming.MANAGED_BY_TAG}))
        if not self.administrators:
            remedy = "Add the role that runs this program, and one that is there for emergencies."
            yield Finding(Code.NO_ADMINISTRATOR, "nobody", "an IAM role or user", remedy, at=("administrators",))
        if self.is_whole and self.network.is_whole:
            yield from self._address_findings()

    def _address_findings(self) -> Iterator[Finding]:
        own: dict[KeyPath, IPv4Network] = {
            ("network", "range"): self.network.range,
            ("network", "services"): self.network.services,
        }
        yield from overlaps(with_endpoint(own, self.api_endpoint))
        subnets = list(by_zone(self.network.range, "abc"[: len(self.zones) or 3]).private.values())
        room = sum(subnet.num_addresses - _TAKEN_BY_AWS for subnet in subnets)
        needs = {pool.name: (pool.nodes.max, pool.addresses_per_node) for pool in all_whole(self.node_pools)}
        needed = sum(nodes * each for nodes, each in needs.values())
        sums = " + ".join(f"{nodes} × {each} ({name})" for name, (nodes, each) in needs.items())
        arithmetic = (
            f"{len(subnets)} private subnets /{subnets[0].prefixlen} hold {room} addresses, and nodes take "
            f"{PREFIX} for every {PREFIX} pods, {PREFIX} to spare and one of their own: {sums} = {needed}"
        )
        yield from too_small(("network", "range"), self.network.range, needed, room, arithmetic)
