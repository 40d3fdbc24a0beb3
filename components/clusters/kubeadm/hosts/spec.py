"""A cluster of kubeadm's on hosts given by address in the stack file, and what can be wrong before any is asked."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from components import naming
from components.clusters.base import version_findings
from components.clusters.kubeadm.hosts.addresses import AddressRange, address_findings
from components.clusters.kubeadm.ports import BALANCED_PORT, PORT
from components.clusters.kubeadm.releases import DATED, PATCHES
from components.clusters.kubeadm.runtimes import NVIDIA, SandboxedPool
from components.clusters.kubeadm.snapshots_spec import StoredEtcdSnapshotsSpec
from components.clusters.kubeadm.spec import (
    ETCD_COUNTS,
    NETWORK_PLUGIN,
    STACKED,
    KubeadmOptions,
    PodNetworkSpec,
    count_findings,
    own_network_findings,
    own_networks,
)
from components.clusters.node_labels import label_findings
from components.clusters.node_pools import TaintSpec
from components.clusters.pools import Architecture
from components.contract import Capability, NodePool
from components.kubernetes_versions import KubernetesVersions
from components.networks.address_plan import overlaps
from spec.invalid import is_invalid, valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsLabel, LabelKey, LabelValue, TextRule
from spec.values import Count, HostPath, Ipv4, Ipv4Cidr, PortNumber, SecretText

_MTU: Final = (1280, 65535 - 50)  # of IPv6 at least; of an interface, less what encapsulation takes
_NONE: Final = "[]"
_POOLS: Final = "nodePools."
_BALANCERS: Final = "loadBalancers.controller"
METALLB: Final = "metallb"
"""The bundle, and what the stack file calls it."""
_SYSTEM_TAINT: Final = "CriticalAddonsOnly"
PASSWORD: Final = TextRule(Code.BAD_NAME, "1 to 8 letters and digits, - and _", "[-_A-Za-z0-9]+", "s3cret_1", longest=8)
User: TypeAlias = Annotated[
    str,
    TextRule(Code.BAD_NAME, "a user's name: lower-case letters, digits, - and _", "[a-z_][-a-z0-9_]*", "root", 32),
]
HostKey: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "an SSH host key as /etc/ssh/ssh_host_*_key.pub has it, without its comment",
        r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ…",
        longest=1000,
        meant=lambda text: " ".join(text.split()[:2]),
    ),
]


class HostsNetworkSpec(PodNetworkSpec):
    """The network that the hosts are in, and the cluster's own on top of it."""

    range: Ipv4Cidr = Field(description="The network that all hosts are in, one link: 10.20.0.0/24.")
    mtu: Annotated[Count, Field(ge=_MTU[0], le=_MTU[1])] | None = Field(
        default=None,
        description="The largest packet of a pod, in bytes. By default the network plugin finds it on each host.",
    )


class KubeadmHostSpec(StackModel):
    """A machine that is there, with Debian or Ubuntu, and that a person can log in to."""

    name: DnsLabel = Field(description="The name of its node, unique in the cluster.")
    address: Ipv4 = Field(description="Its address in the hosts' network.")
    port: PortNumber = Field(default=22, description="The port of its SSH server.")
    host_key: HostKey | None = Field(
        default=None,
        description="The public key of its SSH server, by which it is known. Without it, the key that it shows first "
        "is kept in the stack's state, and holds from then on.",
    )


class SshSpec(StackModel):
    """How hosts are logged in to: by the ssh command of the machine that runs the program, and never by a password."""

    user: User = Field(
        default="root", description="Who logs in: root, or somebody who may do everything by sudo without a password."
    )
    identity_file: HostPath | None = Field(
        default=None,
        description="The private key, a file of the machine that runs the program. By default it is as for ssh itself: "
        "an agent's, or one of those that ~/.ssh/config names.",
    )


class ControlPlaneHosts(StackModel):
    """The hosts with API server, scheduler, controllers, and an etcd member each."""

    hosts: Many[KubeadmHostSpec] = Field(description="1, 3, 5 or 7 of them; the first begins the cluster.")
    architecture: Architecture = Field(default="amd64", description="What their processors are.")
    takes_pods: bool = Field(
        default=False, description="Whether pods of everybody run there as well: for a single one that is all there is."
    )

    def findings(self) -> Iterator[Finding]:
        yield from count_findings(len(self.hosts), at=("hosts",))


class EtcdHosts(StackModel):
    """Hosts with an etcd member each, and nothing else."""

    hosts: Many[KubeadmHostSpec] = Field(
        description="3, 5 or 7 of them. Their data are in /var/lib/etcd, where a disk of its own may be mounted."
    )
    architecture: Architecture = Field(default="amd64", description="What their processors are.")

    def findings(self) -> Iterator[Finding]:
        yield from count_findings(len(self.hosts), at=("hosts",), counts=ETCD_COUNTS)


class SpareHosts(StackModel):
    """Hosts that stand by: they are looked at as all others are, and nothing is changed on them."""

    hosts: Annotated[Many[KubeadmHostSpec], Field(min_length=1)] = Field(
        description="The hosts. One takes a lost worker's place when its line takes that of the lost one in its pool."
    )
    architecture: Architecture = Field(default="amd64", description="What their processors are.")


class HostPoolSpec(SandboxedPool):
    """Hosts that become workers, and are alike."""

    name: DnsLabel = Field(description="Unique in the cluster.")
    hosts: Annotated[Many[KubeadmHostSpec], Field(min_length=1)] = Field(description="The hosts.")
    architecture: Architecture = Field(default="amd64", description="What their processors are.")
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels of each node, for pods to select.")
    taints: Many[TaintSpec] = Field(default=(), description="Taints of each node; unique by key and effect.")

    gpus: bool = Field(
        default=False,
        description="Whether the hosts have GPUs of NVIDIA's, with driver and Container Toolkit, for pods that ask for "
        "`nvidia.com/gpu`.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("taint", "taints", self.taints, lambda taint: (taint.key, taint.effect), "key")
        yield from label_findings(self.labels, ())
        if self.gpus is True and self.sandbox:
            found, allowed = f"gpus in a pool with sandbox: {self.sandbox}", "one of the two"
            remedy = "Remove one of them; a sandbox passes no GPU on to its pods."
            yield Finding(Code.CANNOT, found, allowed, remedy, at=("gpus",))

    @property
    def runtime(self) -> str:
        return NVIDIA if self.gpus else super().runtime

    @property
    def node_labels(self) -> dict[str, str]:
        """The labels, with those that say the pool and its sandbox."""
        return {**self.labels, **self.sandbox_labels, naming.NODE_POOL_LABEL: self.name}

    @property
    def all_taints(self) -> tuple[TaintSpec, ...]:
        """The taints, with that of its sandbox."""
        return (*self.taints, *self.sandbox_taints)

    @property
    def takes_system_pods(self) -> bool:
        """Whether the system's own pods run there."""
        return all(taint.key == _SYSTEM_TAINT for taint in self.all_taints if taint.effect != "PreferNoSchedule")

    def kept(self) -> dict[str, str]:
        """What its nodes were told when they joined, and would not hear again, by key."""
        labels = ", ".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        taints = ", ".join(sorted(f"{taint.key}={taint.value}:{taint.effect}" for taint in self.taints))
        runtime = {"sandbox": self.sandbox or "none", "gpus": str(self.gpus).lower()}
        return {"labels": labels or _NONE, "taints": taints or _NONE, **runtime}

    def as_contract(self) -> NodePool:
        """The pool as the rest of the program knows it."""
        taints = [taint.as_contract() for taint in self.all_taints]
        return NodePool(self.name, len(self.hosts), len(self.hosts), self.node_labels, taints)


class KeepalivedSpec(StackModel):
    """keepalived and haproxy on the control planes, in place of kube-vip for the API server's address."""

    router_id: Annotated[Count, Field(ge=1, le=255)] = Field(
        default=51, description="The virtual router's id (VRRP): no other one of the hosts' network may have it."
    )
    password: SecretText | None = Field(
        default=None,
        description="By which control planes know each other, at most 8 characters. By default the program makes one.",
    )

    def findings(self) -> Iterator[Finding]:
        text = self.password.text if self.password is not None and not is_invalid(self.password) else None
        if text is not None and not PASSWORD.fits(text):
            found = f"{len(text)} characters" if len(text) > PASSWORD.longest else "other characters"
            remedy = "Shorten it: keepalived takes no more than the first 8. Or remove it to have one made."
            yield Finding(Code.BAD_NAME, found, PASSWORD.allowed, remedy, at=("password",))


class ServiceAddresses(StackModel):
    """Load balancers of Services, which are addresses of the hosts' network."""

    controller: Literal["kube-vip", "metallb"] = Field(
        default="kube-vip",
        description="What answers for them by ARP: kube-vip, on the control plane that leads, or MetalLB, on another "
        "node for each Service.",
    )
    addresses: Annotated[Many[AddressRange], Field(min_length=1)] = Field(
        description="The addresses that Services get, as first-last, in the hosts' network: 10.20.0.200-10.20.0.220."
    )


class KubeadmHostsSpec(KubeadmOptions):
    """kubeadm on hosts given by address: bare metal, Vagrant, libvirt."""

    parts = MappingProxyType(
        {
            **KubeadmOptions.parts,
            "kube-vip": KubernetesVersions(
                oldest=None, newest=None, source="kube-vip/kube-vip v1.2.3: no page in it names any"
            ),
        }
    )
    kind: Literal["kubeadm-hosts"] = Field(description="kubeadm on hosts given by address.")
    network: HostsNetworkSpec = Field(description="The hosts' network, and the cluster's own.")
    virtual_ip: Ipv4 | None = Field(
        default=None,
        description="The address of the API server, for which the control plane that leads answers (kube-vip). A "
        "single control plane may do without: its own is the one.",
    )
    keepalived: KeepalivedSpec | None = Field(
        default=None,
        description="Has keepalived hold the virtual IP, in place of kube-vip, and haproxy spread what comes there "
        "over all API servers.",
    )
    load_balancers: ServiceAddresses | None = Field(
        default=None, description="Load balancers of Services; without it the cluster has none."
    )
    ssh: SshSpec = Field(default=SshSpec(), description="How hosts are logged in to.")
    control_planes: ControlPlaneHosts = Field(description="The hosts of the control plane.")
    etcd: EtcdHosts | None = Field(
        default=None, description="Hosts for etcd alone. By default each control plane has a member of it."
    )
    etcd_snapshots: StoredEtcdSnapshotsSpec | None = Field(
        default=None, description="Snapshots of etcd. Without a store there are none, and a loss is for good."
    )
    node_pools: Many[HostPoolSpec] = Field(default=(), description="The cluster's workers.")
    spares: SpareHosts | None = Field(default=None, description="Hosts that stand by, for workers that are lost.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        balancers = {Capability.LOAD_BALANCERS, Capability.INTERNAL_LOAD_BALANCERS} if self.load_balancers else set()
        pools = {Capability.NODE_POOLS} if self.node_pools else set()
        own = {
            Capability.NETWORK_POLICIES,
            Capability.NETWORK_PLUGINS,
            Capability.NODE_DIRECTORIES,
            Capability.AGGREGATED_APIS,
            Capability.CONTROL_PLANE_METRICS,
        }
        return frozenset(own | balancers | pools)

    @property
    def wanted_nodes(self) -> Mapping[str, tuple[int, int]]:
        return {pool.name: (len(pool.hosts), len(pool.hosts)) for pool in self.node_pools}

    @property
    def balancers(self) -> Literal["kube-vip", "metallb", "none"]:
        """What gives Services their addresses, if anything does."""
        return self.load_balancers.controller if self.load_balancers else "none"

    @property
    def announces_from_control_planes(self) -> bool:
        """Whether a control plane may answer for a Service: where pods of everybody run there, or nowhere else."""
        return self.control_planes.takes_pods or not self.node_pools

    @property
    def bundles(self) -> Sequence[str]:
        return (NETWORK_PLUGIN, METALLB) if self.balancers == METALLB else (NETWORK_PLUGIN,)

    @property
    def endpoint(self) -> IPv4Address:
        """Where the API server is reached."""
        return self.virtual_ip or self.control_planes.hosts[0].address

    @property
    def port(self) -> int:
        """At which port of the endpoint."""
        return BALANCED_PORT if self.keepalived else PORT

    @property
    def all_hosts(self) -> Sequence[KubeadmHostSpec]:
        """The control planes, then the workers pool by pool: those that become nodes."""
        return (*self.control_planes.hosts, *(host for pool in self.node_pools for host in pool.hosts))

    def immutable_fields(self) -> dict[str, str]:
        planes = self.control_planes
        own = {
            "controlPlanes.hosts": _shown(planes.hosts),
            "controlPlanes.architecture": planes.architecture,
            "controlPlanes.takesPods": str(planes.takes_pods).lower(),
            "etcd": f"{_shown(self.etcd.hosts)} ({self.etcd.architecture})" if self.etcd else STACKED,
            "virtualIp": str(self.virtual_ip) if self.virtual_ip else _NONE,
            "keepalived": f"router {self.keepalived.router_id}" if self.keepalived else "kube-vip",
            _BALANCERS: self.balancers,
            "network.range": str(self.network.range),
        }
        pools = {f"{_POOLS}{pool.name}.{key}": value for pool in self.node_pools for key, value in pool.kept().items()}
        return super().immutable_fields() | own | pools | own_networks(self.network)

    def keeps(self, key: str, had: str) -> bool:
        """As for every cluster of kubeadm's, but that MetalLB may go: kube-vip is on the control planes."""
        if key == _BALANCERS:
            return had == self.balancers or "kube-vip" not in (had, self.balancers)
        return super().keeps(key, had)

    def findings(self) -> Iterator[Finding]:
        yield from super().findings()
        yield from version_findings(self.version, tuple(PATCHES), DATED)
        yield from same_twice("node pool", "nodePools", self.node_pools)
        if not self.is_whole or not self.network.is_whole or not self.control_planes.is_whole:
            return
        yield from self._place_findings()
        yield from address_findings(self.network.range, self._addresses(), self.virtual_ip, self._ranges())
        own, machines = self.network, len(self.all_hosts)
        yield from overlaps({("network", "range"): own.range, ("network", "services"): own.services})
        findings = own_network_findings(own.range, own.pods, own.services, machines)
        yield from (each.below("network") for each in findings)
        yield from self._name_findings()

    def _place_findings(self) -> Iterator[Finding]:
        """That the system's pods have a place, and that what is reached by one address has it."""
        if not self.control_planes.takes_pods and not any(pool.takes_system_pods for _, pool in valid(self.node_pools)):
            allowed = f"a pool with no taint but {_SYSTEM_TAINT}, or control planes that take pods"
            remedy = "Add a pool for them, or write controlPlanes.takesPods: true."
            yield Finding(Code.NO_SYSTEM_POOL, "no node for them", allowed, remedy, at=("nodePools",))
        if self.virtual_ip is None and self.keepalived:
            allowed, remedy = "the address that it holds", f"Add one of {self.network.range}, or remove keepalived."
            yield Finding(Code.MISSING_KEY, "keepalived without a virtual IP", allowed, remedy, at=("virtualIp",))
        elif self.virtual_ip is None and len(self.control_planes.hosts) > 1:
            found = f"{len(self.control_planes.hosts)} control planes without a virtual IP"
            allowed = "an address that outlives each of them"
            yield Finding(Code.MISSING_KEY, found, allowed, f"Add one of {self.network.range}.", at=("virtualIp",))

    def _hosts(self) -> Iterator[tuple[tuple[str | int, ...], KubeadmHostSpec]]:
        for index, host in valid(self.control_planes.hosts):
            yield ("controlPlanes", "hosts", index), host
        for index, host in valid(self.etcd.hosts if self.etcd and not is_invalid(self.etcd) else ()):
            yield ("etcd", "hosts", index), host
        for index, host in valid(self.spares.hosts if self.spares and not is_invalid(self.spares) else ()):
            yield ("spares", "hosts", index), host
        for number, pool in valid(self.node_pools):
            yield from ((("nodePools", number, "hosts", index), host) for index, host in valid(pool.hosts))

    def _addresses(self) -> dict[tuple[str | int, ...], IPv4Address]:
        return {(*at, "address"): host.address for at, host in self._hosts() if not is_invalid(host.address)}

    def _ranges(self) -> dict[tuple[str | int, ...], AddressRange]:
        given = self.load_balancers.addresses if self.load_balancers else ()
        return {("loadBalancers", "addresses", index): each for index, each in valid(given)}

    def _name_findings(self) -> Iterator[Finding]:
        first: dict[str, tuple[str | int, ...]] = {}
        for at, host in self._hosts():
            if isinstance(host.name, str) and first.setdefault(host.name, at) != at:
                remedy = "Rename one of them; a node has one name."
                yield Finding(Code.SAME_NAME_TWICE, f"a second host {host.name}", remedy=remedy, at=(*at, "name"))


def _shown(hosts: Sequence[KubeadmHostSpec]) -> str:
    """Hosts as error messages have them."""
    return ", ".join(f"{host.name} {host.address}" for host in hosts)
