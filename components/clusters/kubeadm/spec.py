"""A cluster that kubeadm makes in the stack file, wherever its machines are, and what can be wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from components.clusters.base import ClusterSpec
from components.clusters.kubeadm.mirrors import Mirror
from components.clusters.kubeadm.oidc import OidcSpec
from components.clusters.kubeadm.own_authorities import NONE_OF_ONES_OWN, AuthoritiesSpec
from components.clusters.kubeadm.snapshots_spec import EtcdSnapshotsSpec
from components.clusters.managed import ManagedSpec
from components.clusters.pools import Architecture, in_gib
from components.kubernetes_versions import KubernetesVersions
from components.networks.address_plan import overlaps
from spec.invalid import is_invalid
from spec.model import Many, StackModel, refused, same_twice
from spec.problems import Code, Finding, KeyPath, quoted
from spec.text import DnsName, TextRule
from spec.values import Bytes, Count, Ipv4Cidr, SecretText


def _no_windows(image: Any) -> Any:
    """The image, unless it is Windows: the network plugin's agent, which makes nodes ready, is for Linux alone."""
    if isinstance(image, str) and image.startswith("windows"):
        allowed = "Linux: Cilium has no agent for Windows, and the boot script none either"
        remedy = "Give pods of Windows a pool of a cluster of kind eks, gke or aks."
        raise refused(Finding(Code.CANNOT, quoted(image), allowed, remedy))
    return image


TOKEN: Final = TextRule(
    Code.BAD_NAME,
    "a bootstrap token: 6 and 16 lower-case letters and digits, with a dot between them",
    r"[a-z0-9]{6}\.[a-z0-9]{16}",
    "abcdef.0123456789abcdef",
    longest=23,
)
COUNTS: Final = (1, 3, 5, 7)
"""How many control planes there can be: etcd needs more than half of its members."""
ETCD_COUNTS: Final = (3, 5, 7)
"""How many members etcd can have on machines of its own."""
_DISK: Final = 50  # GiB
_ETCD_DISK: Final = 20
_NODE_BITS: Final = 8  # of the pods' range for each node: 254 addresses for 110 pods
_PUBLIC: Final = "apiEndpoint.publicFrom"
_NONE: Final = "[]"
STACKED: Final = "on the control planes"
"""How error messages say where etcd is by default."""
NETWORK_PLUGIN: Final = "cilium"
"""The bundle of what connects pods, and enforces network policies."""
Image: TypeAlias = Annotated[Literal["debian-13", "ubuntu-24.04"], BeforeValidator(_no_windows)]
IMAGE_TEXT: Final = "The machines' operating system; the cloud's newest image of it, when a machine is made."
Url: TypeAlias = Annotated[
    str,
    TextRule(Code.BAD_NAME, "an address that begins with https://", r"https://[-\w.:/]+", "https://mirror.example"),
]


class MirrorSpec(StackModel):
    """Where images of one registry come from, before the registry itself is asked."""

    registry: DnsName = Field(description="The registry: docker.io, registry.k8s.io.")
    endpoints: Annotated[Many[Url], Field(min_length=1)] = Field(description="The mirrors, in this order.")

    def as_mirror(self) -> Mirror:
        """The mirror as machines are told of it."""
        return Mirror(self.registry, tuple(self.endpoints))


class ControlPlanes(StackModel):
    """The machines with API server, scheduler, controllers, and an etcd member each."""

    count: Count = Field(
        default=3, description="How many: 1, 3, 5 or 7. With three, one may be lost; a single one is for trying out."
    )
    machine_type: Annotated[str, Field(min_length=1)] = Field(description="The cloud's name of the machine type.")
    architecture: Architecture | None = Field(
        default=None, description="The machine type's; to be stated for one that our table does not have."
    )
    image: Image = Field(default="ubuntu-24.04", description=IMAGE_TEXT)
    disk_size: Bytes | None = Field(default=None, description="The disk of each, with etcd on it. The default is 50Gi.")
    takes_pods: bool = Field(
        default=False, description="Whether pods of everybody run there as well: for a single one that is all there is."
    )

    @property
    def disk_gib(self) -> int:
        """The disk's size in whole GiB, rounded up."""
        return in_gib(self.disk_size) if self.disk_size else _DISK

    def findings(self) -> Iterator[Finding]:
        yield from count_findings(self.count, at=("count",))


class EtcdMachines(StackModel):
    """Machines with an etcd member each, and nothing else."""

    count: Count = Field(default=3, description="How many: 3, 5 or 7. Of three, one may be lost, of five, two.")
    machine_type: Annotated[str, Field(min_length=1)] = Field(description="The cloud's name of the machine type.")
    architecture: Architecture | None = Field(
        default=None, description="The machine type's; to be stated for one that our table does not have."
    )
    image: Image = Field(default="ubuntu-24.04", description=IMAGE_TEXT)
    disk_size: Bytes | None = Field(
        default=None, description="The disk of each for its data, which outlives its machine. The default is 20Gi."
    )

    @property
    def disk_gib(self) -> int:
        """The disk's size in whole GiB, rounded up."""
        return in_gib(self.disk_size) if self.disk_size else _ETCD_DISK

    def findings(self) -> Iterator[Finding]:
        yield from count_findings(self.count, at=("count",), counts=ETCD_COUNTS)

    def __str__(self) -> str:
        """As error messages have it."""
        return f"{self.count} of {self.machine_type}, {self.image}, {self.disk_gib}Gi"


def count_findings(count: int, at: KeyPath, counts: Sequence[int] = COUNTS) -> Iterator[Finding]:
    """A finding for a number of members of which etcd would survive the loss of no more than of a smaller one."""
    if is_invalid(count) or count in counts:
        return
    fitting = max((each for each in counts if each <= count), default=counts[0])
    found = str(count)
    if count > fitting:
        lost = "which survives the loss of no more machines" if count < counts[-1] else "too many"
        found = f"{count}, {lost} than {fitting}"
    allowed = f"{', '.join(map(str, counts[:-1]))} or {counts[-1]}"
    yield Finding(Code.NOT_ALLOWED, found, allowed, f"Write {fitting}.", at=at)


class PodNetworkSpec(StackModel):
    """The cluster's own networks, on top of the machines'."""

    pods: Ipv4Cidr = Field(
        default=IPv4Network("10.244.0.0/16"),
        description="The addresses of pods, which nobody sees outside of the cluster: a /24 for each node.",
    )
    services: Ipv4Cidr = Field(default=IPv4Network("10.96.0.0/16"), description="The addresses of Services.")
    encapsulation: Literal["vxlan", "geneve"] = Field(
        default="vxlan", description="How packets between pods travel from node to node."
    )


class KubeadmOptions(ClusterSpec):
    """What can be said of a cluster that kubeadm makes, wherever its machines are."""

    goes_up = True
    parts: ClassVar[Mapping[str, KubernetesVersions]] = MappingProxyType(
        {
            NETWORK_PLUGIN: KubernetesVersions(
                oldest=33,
                newest=36,
                tested=36,
                source="cilium/cilium v1.20.2, Documentation/network/kubernetes/compatibility.rst",
            ),
            "kubelet-csr-approver": KubernetesVersions(
                oldest=None, newest=None, source="postfinance/kubelet-csr-approver v1.2.14, README.md names none"
            ),
        }
    )

    certificate_names: Many[DnsName] = Field(
        default=(),
        description="Further names and addresses by which the API server is reached, for its certificate: api.example.",
    )
    eviction_seconds: Annotated[Count, Field(ge=1, le=3600)] = Field(
        default=60,
        description="How long pods stay on a node that is lost, in seconds, before others take their place. It is lost "
        "50 seconds after it was last heard of. Kubernetes' own default is 300.",
    )
    mirrors: Many[MirrorSpec] = Field(
        default=(), description="Mirrors of registries, for machines without the internet."
    )
    bootstrap_token: SecretText | None = Field(
        default=None,
        description="The token by which machines join, encrypted. By default the program makes one, and another one "
        "with each new administrator's certificate.",
    )
    authorities: AuthoritiesSpec = Field(
        default=NONE_OF_ONES_OWN, description="Certificate authorities of your own. By default the program makes them."
    )
    oidc: OidcSpec | None = Field(
        default=None,
        description="By whom people log in. Without it they have certificates: `polykube access --tenant shop`.",
    )
    credential_days: Annotated[Count, Field(ge=3, le=365)] = Field(
        default=30,
        description="How long the administrator's certificate and the bootstrap token hold; an `up` in the last third "
        "makes new ones.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from same_twice("name", "certificateNames", self.certificate_names, str, key="")
        yield from same_twice("mirror", "mirrors", self.mirrors, lambda mirror: mirror.registry, key="registry")
        token = self.bootstrap_token
        if token is not None and not is_invalid(token) and token.text is not None and not TOKEN.fits(token.text):
            remedy = "Set one that `kubeadm token generate` prints, or remove it to have one made."
            yield Finding(Code.BAD_NAME, "another form", TOKEN.allowed, remedy, at=("bootstrapToken",))

    def immutable_fields(self) -> dict[str, str]:
        return super().immutable_fields() | {
            "certificateNames": ", ".join(self.certificate_names) or _NONE,
            "evictionSeconds": str(self.eviction_seconds),
            "authorities": str(self.authorities),
        }

    def keeps(self, key: str, had: str) -> bool:
        """As for every cluster, but that pools may go, and that what is not fixed any more may be another."""
        return key not in self.immutable_fields() or super().keeps(key, had)


class KubeadmSpec(KubeadmOptions, ManagedSpec):
    """A cluster whose control plane is machines of its own in a cloud, made nodes by kubeadm."""

    control_planes: ControlPlanes = Field(description="The machines of the control plane.")
    etcd: EtcdMachines | None = Field(
        default=None, description="Machines for etcd alone. By default each control plane has a member of it."
    )
    etcd_snapshots: EtcdSnapshotsSpec = Field(
        default=EtcdSnapshotsSpec(), description="Snapshots of etcd, in a bucket that is made for them."
    )

    def immutable_fields(self) -> dict[str, str]:
        planes = self.control_planes
        return super().immutable_fields() | {
            "controlPlanes.count": str(planes.count),
            "etcd": str(self.etcd) if self.etcd else STACKED,
            "oidc": str(self.oidc) if self.oidc else "nobody",
            _PUBLIC: ", ".join(map(str, self.api_endpoint.public_from)) or _NONE,
        }

    def keeps(self, key: str, had: str) -> bool:
        """As for every cluster, but that addresses on the internet may change, and go: the certificates of the API
        servers have the name of the public endpoint if there was one at the beginning."""
        return (key == _PUBLIC and had != _NONE) or super().keeps(key, had)


def own_networks(network: PodNetworkSpec) -> dict[str, str]:
    """What stays of a cluster's own networks as it was made, by key path below `cluster`."""
    return {
        "network.pods": str(network.pods),
        "network.services": str(network.services),
        "network.encapsulation": network.encapsulation,
    }


def own_network_findings(
    nodes: IPv4Network, pods: IPv4Network, services: IPv4Network, machines: int
) -> Iterator[Finding]:
    """What is wrong with the cluster's own networks beside the nodes', relative to `network`."""
    at: KeyPath = ("pods",)
    yield from overlaps({("range",): nodes, at: pods})
    yield from overlaps({("services",): services, at: pods})
    if is_invalid(pods):
        return
    room = 2 ** (32 - _NODE_BITS - pods.prefixlen) if pods.prefixlen <= 32 - _NODE_BITS else 0
    if room < machines:
        remedy = "Take a larger range (a smaller number after the /), or lower what the pools may grow to."
        found = f"{pods}: room for {room} nodes of {2**_NODE_BITS} addresses, and there may be {machines}"
        yield Finding(Code.TOO_SMALL, found, f"room for {machines} nodes", remedy, at=at)
