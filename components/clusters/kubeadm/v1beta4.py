"""The documents of kubeadm v1beta4 and those that it hands on, as types: a field that is not there cannot be written.

From kubeadm's own types, cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go, 1.36.3; of them what this program says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from pydantic.alias_generators import to_camel


@dataclass(frozen=True, kw_only=True)
class Part:
    """A mapping of a document. A field that is None, or an empty list or mapping, is left out."""

    spelt: ClassVar[Mapping[str, str]] = {}
    """Fields whose name in the document is not their own in camel case."""
    kept_empty: ClassVar[frozenset[str]] = frozenset()
    """Fields that mean something when they are empty."""

    def plain(self) -> dict[str, Any]:
        """As it is written in YAML."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = _plain(getattr(self, each.name))
            if value is None or (value in ([], {}) and each.name not in self.kept_empty):
                continue
            found[self.spelt.get(each.name, to_camel(each.name))] = value
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.plain()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, kw_only=True)
class Document(Part):
    """A whole document."""

    group: ClassVar[str] = "kubeadm.k8s.io/v1beta4"

    def plain(self) -> dict[str, Any]:
        return {"apiVersion": self.group, "kind": type(self).__name__, **super().plain()}


@dataclass(frozen=True, kw_only=True)
class Arg(Part):
    """A flag of a program, without its dashes."""

    name: str
    value: str


def flags(**values: str) -> tuple[Arg, ...]:
    """Flags, sorted: `audit_log_path="/var/log"` is --audit-log-path=/var/log."""
    return tuple(Arg(name=name.replace("_", "-"), value=value) for name, value in sorted(values.items()))


@dataclass(frozen=True, kw_only=True)
class HostPathMount(Part):
    """A path of the machine in a static pod, at the same path."""

    name: str
    host_path: str
    mount_path: str
    read_only: bool | None = None
    path_type: str


@dataclass(frozen=True, kw_only=True)
class ControlPlaneComponent(Part):
    """A program of the control plane."""

    spelt: ClassVar[Mapping[str, str]] = {"cert_sans": "certSANs"}

    cert_sans: Sequence[str] = ()
    extra_args: Sequence[Arg] = ()
    extra_volumes: Sequence[HostPathMount] = ()


@dataclass(frozen=True, kw_only=True)
class LocalEtcd(Part):
    """An etcd member beside each API server."""

    data_dir: str
    extra_args: Sequence[Arg] = ()


@dataclass(frozen=True, kw_only=True)
class ExternalEtcd(Part):
    """An etcd that is there already, and the files by which API servers know it and are known to it."""

    endpoints: Sequence[str]
    ca_file: str
    cert_file: str
    key_file: str


@dataclass(frozen=True, kw_only=True)
class Etcd(Part):
    """Where the cluster's objects are kept: in one of the two."""

    local: LocalEtcd | None = None
    external: ExternalEtcd | None = None


@dataclass(frozen=True, kw_only=True)
class Networking(Part):
    """The cluster's own networks."""

    pod_subnet: str
    service_subnet: str
    dns_domain: str = "cluster.local"


@dataclass(frozen=True, kw_only=True)
class Taint(Part):
    """A taint of a node."""

    key: str
    value: str | None = None
    effect: str


@dataclass(frozen=True, kw_only=True)
class NodeRegistration(Part):
    """How a kubelet makes its node; without taints (None), kubeadm gives control planes their own."""

    kept_empty: ClassVar[frozenset[str]] = frozenset({"taints"})

    name: str | None = None
    cri_socket: str = "unix:///run/containerd/containerd.sock"
    kubelet_extra_args: Sequence[Arg] = ()
    taints: Sequence[Taint] | None = None


@dataclass(frozen=True, kw_only=True)
class Timeouts(Part):
    """How long kubeadm waits, as Go writes durations."""

    spelt: ClassVar[Mapping[str, str]] = {"kubernetes_api_call": "kubernetesAPICall"}

    control_plane_component_health_check: str = "4m0s"
    discovery: str = "5m0s"
    kubelet_health_check: str = "4m0s"
    kubernetes_api_call: str = "1m0s"
    tls_bootstrap: str = "5m0s"


@dataclass(frozen=True, kw_only=True)
class BootstrapToken(Part):
    """A token that kubeadm makes up, which nobody is told."""

    ttl: str


@dataclass(frozen=True, kw_only=True)
class LocalApiEndpoint(Part):
    """Where the machine's own API server listens."""

    advertise_address: str


@dataclass(frozen=True, kw_only=True)
class InitConfiguration(Document):
    """For the machine that begins the cluster."""

    spelt: ClassVar[Mapping[str, str]] = {"local_api_endpoint": "localAPIEndpoint"}

    bootstrap_tokens: Sequence[BootstrapToken]
    local_api_endpoint: LocalApiEndpoint | None = None
    node_registration: NodeRegistration
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, kw_only=True)
class ClusterConfiguration(Document):
    """The cluster, as all of its control planes have it."""

    cluster_name: str
    kubernetes_version: str
    control_plane_endpoint: str
    networking: Networking
    etcd: Etcd
    api_server: ControlPlaneComponent
    controller_manager: ControlPlaneComponent
    scheduler: ControlPlaneComponent
    encryption_algorithm: str = "ECDSA-P256"


@dataclass(frozen=True, kw_only=True)
class TokenDiscovery(Part):
    """How a machine knows the API server: by a token, and by the hash of its authority's key."""

    api_server_endpoint: str
    ca_cert_hashes: Sequence[str]
    token: str


@dataclass(frozen=True, kw_only=True)
class Discovery(Part):
    """How a machine finds the cluster."""

    bootstrap_token: TokenDiscovery


@dataclass(frozen=True, kw_only=True)
class JoinControlPlane(Part):
    """That the machine becomes a control plane; its authorities are on its disk already."""

    spelt: ClassVar[Mapping[str, str]] = {"local_api_endpoint": "localAPIEndpoint"}

    local_api_endpoint: LocalApiEndpoint | None = None


@dataclass(frozen=True, kw_only=True)
class JoinConfiguration(Document):
    """For every machine that joins."""

    kept_empty: ClassVar[frozenset[str]] = frozenset({"control_plane"})

    discovery: Discovery
    node_registration: NodeRegistration
    control_plane: JoinControlPlane | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, kw_only=True)
class KubeletConfiguration(Document):
    """What every kubelet of the cluster does."""

    group: ClassVar[str] = "kubelet.config.k8s.io/v1beta1"
    spelt: ClassVar[Mapping[str, str]] = {"server_tls_bootstrap": "serverTLSBootstrap"}

    authentication: Mapping[str, Any]
    authorization: Mapping[str, Any]
    cgroup_driver: str
    container_log_max_size: str
    kube_reserved: Mapping[str, str]
    protect_kernel_defaults: bool
    read_only_port: int
    rotate_certificates: bool
    seccomp_default: bool
    server_tls_bootstrap: bool
    shutdown_grace_period: str
    shutdown_grace_period_critical_pods: str
    system_reserved: Mapping[str, str]
    tls_min_version: str


@dataclass(frozen=True, kw_only=True)
class KubeProxyConfiguration(Document):
    """What kube-proxy does on every node."""

    group: ClassVar[str] = "kubeproxy.config.k8s.io/v1alpha1"

    mode: str
