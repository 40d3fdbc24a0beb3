"""A cluster of kubeadm's on AWS in the stack file, and what can be wrong with it before AWS is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from components import naming
from components.clusters.eks.facts import FACTS as EC2
from components.clusters.eks.facts import architecture, has_gpus
from components.clusters.eks.limits import LARGEST_DISK, public_range_findings, tag_findings
from components.clusters.eks.spec import PrincipalArn
from components.clusters.kubeadm.releases import DATED, PATCHES
from components.clusters.kubeadm.runtimes import SandboxedPool
from components.clusters.kubeadm.spec import (
    IMAGE_TEXT,
    NETWORK_PLUGIN,
    ControlPlanes,
    EtcdMachines,
    Image,
    KubeadmSpec,
    PodNetworkSpec,
    own_network_findings,
    own_networks,
)
from components.clusters.managed import Facts, with_endpoint
from components.clusters.names import AUTOMATIC, IAM_ROLE, Use
from components.clusters.node_labels import label_findings
from components.clusters.node_pools import TaintSpec
from components.clusters.pools import CloudPoolSpec, all_whole, architecture_findings
from components.contract import Capability
from components.kubernetes_versions import KubernetesVersions
from components.networks.address_plan import overlaps
from components.networks.aws_spec import AwsNetworkSpec
from spec.invalid import is_invalid
from spec.model import Many, same_twice
from spec.problems import Code, Finding, KeyPath, quoted
from spec.values import Count, Ipv4Cidr

FACTS: Final = replace(EC2, dated=DATED, versions=tuple(PATCHES))
"""Machine types and zones of EC2, and the versions of Kubernetes that we know the programs of."""
CONTROLLER: Final = "aws-cloud-controller"
"""The bundle of the cloud's controller."""
_SMALLEST_DISK: Final = 20  # GiB: images of the control plane and of the first pods, and etcd's 8
_MTU: Final = (1280, 9001 - 50)  # of IPv6 at least; of an instance's interface, less what encapsulation takes


class KubeadmNetworkSpec(PodNetworkSpec, AwsNetworkSpec):
    """A VPC with a private and a public subnet in each zone, and the cluster's own networks on top of it."""

    range: Ipv4Cidr = Field(
        default=IPv4Network("10.0.0.0/16"),
        description="The VPC's addresses, for machines. A quarter goes to each zone.",
    )
    mtu: Annotated[Count, Field(ge=_MTU[0], le=_MTU[1])] | None = Field(
        default=None,
        description="The largest packet of a pod, in bytes. By default the network plugin finds it on each machine.",
    )


class KubeadmAwsPoolSpec(SandboxedPool, CloudPoolSpec):
    """An Auto Scaling group of machines that join by themselves."""

    image: Image = Field(default="ubuntu-24.04", description=IMAGE_TEXT)

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from label_findings(self.labels, ("eks.amazonaws.com",))
        if self.is_whole:
            yield from disk_findings(self.disk_gib)
        if self.sandbox == "kata" and isinstance(self.machine_type, str) and ".metal" not in self.machine_type:
            allowed = "a machine without a hypervisor under it, which are called metal"
            remedy = "Choose one, m7g.metal say, or write sandbox: gvisor."
            yield Finding(Code.CANNOT, quoted(self.machine_type), allowed, remedy, at=("machineType",))
        if isinstance(self.machine_type, str) and self.has_gpus:
            allowed = "machines without GPUs: no image here has NVIDIA's driver, which goes with the kernel"
            remedy = "Choose another machine type, or kubeadm-hosts, whose pools have gpus: true."
            yield Finding(Code.CANNOT, quoted(self.machine_type), allowed, remedy, at=("machineType",))

    @property
    def all_taints(self) -> tuple[TaintSpec, ...]:
        return (*super().all_taints, *self.sandbox_taints)

    @property
    def node_labels(self) -> dict[str, str]:
        return {**super().node_labels, **self.sandbox_labels}

    @property
    def arch(self) -> str:
        """The architecture: as stated, or as our table has it; what is neither is refused."""
        return architecture(self.machine_type, self.architecture)

    @property
    def has_gpus(self) -> bool:
        """Whether the machines have GPUs, by our table, or for a type that it lacks by its family."""
        return has_gpus(self.machine_type)


def disk_findings(gib: int) -> Iterator[Finding]:
    """A finding for a disk that EC2 does not make, or that is filled by what every node has."""
    if not _SMALLEST_DISK <= gib <= LARGEST_DISK:
        remedy = f"Write {_SMALLEST_DISK}Gi, or remove it for the default."
        yield Finding(
            Code.OUT_OF_RANGE, f"{gib}Gi", f"{_SMALLEST_DISK}Gi to {LARGEST_DISK}Gi", remedy, at=("diskSize",)
        )


class KubeadmAwsSpec(KubeadmSpec):
    """kubeadm on EC2: machines in a VPC of the cluster's own, behind network load balancers."""

    cloud = "aws"
    facts: ClassVar[Facts] = FACTS
    parts = MappingProxyType(
        {
            **KubeadmSpec.parts,
            CONTROLLER: KubernetesVersions(
                oldest=36,
                newest=36,
                source="kubernetes/cloud-provider-aws v1.36.2, docs/README.md: its own, and no other",
            ),
            "aws-ebs-csi-driver": KubernetesVersions(
                oldest=None,
                newest=None,
                source="kubernetes-sigs/aws-ebs-csi-driver v1.64.0, README.md: all that Kubernetes or EKS supports",
            ),
        }
    )
    name_uses: ClassVar[Sequence[Use]] = (Use(IAM_ROLE, "{}-control-plane", AUTOMATIC),)
    ways_in_at_first = (
        "name the runner's address in apiEndpoint.publicFrom, and remove it when the network is connected",
    )

    kind: Literal["kubeadm-aws"] = Field(description="kubeadm on machines of AWS.")
    network: KubeadmNetworkSpec = Field(
        default=KubeadmNetworkSpec(), description="The VPC, and the cluster's networks."
    )
    administrators: Many[PrincipalArn] = Field(
        default=(),
        description="Who may read the administrator's credential: at least one, who is there when all other ways in "
        "are broken. Whoever runs this program is among them.",
    )
    node_pools: Annotated[Many[KubeadmAwsPoolSpec], Field(min_length=1)] = Field(description="The cluster's workers.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(
            {
                Capability.NODE_POOLS,
                Capability.NETWORK_POLICIES,
                Capability.LOAD_BALANCERS,
                Capability.INTERNAL_LOAD_BALANCERS,
                Capability.BLOCK_STORAGE,
                Capability.NETWORK_PLUGINS,
                Capability.NODE_DIRECTORIES,
                Capability.AGGREGATED_APIS,
                Capability.CONTROL_PLANE_METRICS,
            }
        )

    @property
    def bundles(self) -> Sequence[str]:
        return (NETWORK_PLUGIN, CONTROLLER)

    @property
    def is_reachable_at_first(self) -> bool:
        return bool(self.api_endpoint.public_from)

    @property
    def pools(self) -> Sequence[KubeadmAwsPoolSpec]:
        return self.node_pools

    def immutable_fields(self) -> dict[str, str]:
        network = self.network
        mine = {
            "zones": ", ".join(sorted(self.own_zones())),  # with a zone more, control planes would move to others
            "network.range": str(network.range),
        }
        return super().immutable_fields() | mine | own_networks(network)

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from same_twice("administrator", "administrators", self.administrators, str, key="")
        yield from public_range_findings(self.api_endpoint.public_from)
        yield from tag_findings(self.tags, frozenset({"Name", naming.CLUSTER_TAG, naming.MANAGED_BY_TAG}))
        if not self.administrators:
            remedy = "Add the role that runs this program, and one that is there for emergencies."
            yield Finding(Code.NO_ADMINISTRATOR, "nobody", "an IAM role or user", remedy, at=("administrators",))
        if not is_invalid(self.control_planes) and self.control_planes.is_whole:
            yield from (each.below("controlPlanes") for each in self._machine_findings(self.control_planes))
        if self.etcd and not is_invalid(self.etcd) and self.etcd.is_whole:
            yield from (each.below("etcd") for each in self._machine_findings(self.etcd))
        if self.is_whole and self.network.is_whole:
            yield from self._network_findings()

    def _machine_findings(self, machines: ControlPlanes | EtcdMachines) -> Iterator[Finding]:
        yield from architecture_findings(machines.machine_type, machines.architecture, FACTS.machines)
        yield from disk_findings(machines.disk_gib)

    def _network_findings(self) -> Iterator[Finding]:
        network = self.network
        machines = self.control_planes.count + sum(pool.nodes.max for pool in all_whole(self.node_pools))
        findings = own_network_findings(network.range, network.pods, network.services, machines)
        yield from (each.below("network") for each in findings)
        own: dict[KeyPath, IPv4Network] = {("network", "range"): network.range}
        yield from overlaps(with_endpoint(own, self.api_endpoint))
