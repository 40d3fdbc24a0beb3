"""What kubeadm is told of a cluster: hardened where its own defaults leave it open.

Versions and flags: kubernetes.io/docs/reference, 1.36. The policy rules `kubeadm-flags` and `secrets-kms` judge the
same documents (tests/unit/clusters/test_kubeadm_documents.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.clusters.kubeadm.ports import PORT
from components.clusters.kubeadm.releases import release
from components.clusters.kubeadm.v1beta4 import (
    BootstrapToken,
    ClusterConfiguration,
    ControlPlaneComponent,
    Discovery,
    Document,
    Etcd,
    ExternalEtcd,
    HostPathMount,
    InitConfiguration,
    JoinConfiguration,
    JoinControlPlane,
    KubeletConfiguration,
    KubeProxyConfiguration,
    LocalApiEndpoint,
    LocalEtcd,
    Networking,
    NodeRegistration,
    Taint,
    TokenDiscovery,
    flags,
)
from components.clusters.node_pools import TaintSpec

PKI: Final = "/etc/kubernetes/pki"
"""The directory of a control plane with its authorities and certificates."""
ETCD_CLIENT: Final = f"{PKI}/apiserver-etcd-client"
"""The certificate and the key (.crt, .key) by which an API server is known to an etcd on other machines."""
SETTINGS: Final = "/etc/kubernetes/polykube"
"""The directory of a control plane with what its API server reads besides its certificates."""
_LOGS: Final = "/var/log/kubernetes/audit"
_DEFAULT_TOKEN: Final = "15m0s"  # noqa: S105 - kubeadm makes one up if none is given, for a day; the program has its own
_TLS: Final = "VersionTLS12"
# They serve by TLS and ask the API server whether who calls may get metrics; anybody learns that they are healthy.
_OPEN_TO_PROMETHEUS: Final = {"bind_address": "0.0.0.0", "profiling": "false", "tls_min_version": _TLS}  # noqa: S104
_ANYBODY: Final = ("/livez", "/readyz", "/healthz", "/api/v1/namespaces/kube-public/configmaps/cluster-info")
"""What may be asked without a name: probes ask for the first, machines that join for the last."""


@dataclass(frozen=True)
class ClusterFacts:
    """What all machines of a cluster are told alike; `minor` is its version, `host` and `port` where its API servers
    are reached by machines, `names` further names and addresses by which clients reach them, `etcd` the endpoints of
    members on other machines."""

    name: str
    minor: str
    host: str
    names: Sequence[str]
    pods: str
    services: str
    eviction_seconds: int
    in_cloud: bool = True
    etcd: Sequence[str] = ()
    port: int = PORT

    @property
    def endpoint(self) -> str:
        """The API endpoint: host and port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class NodeFacts:
    """What a machine's node is like; without taints (None) a control plane has its own.

    In a cloud, its name and address are the cloud's to say.
    """

    labels: Mapping[str, str]
    taints: Sequence[Taint] | None = None
    name: str | None = None
    address: str | None = None

    @property
    def listens(self) -> LocalApiEndpoint | None:
        """Where the API server of a control plane listens."""
        return LocalApiEndpoint(advertise_address=self.address) if self.address else None

    def registration(self, *, in_cloud: bool) -> NodeRegistration:
        """The node's part of a document."""
        labels = ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        told = ({"node_labels": labels} if labels else {}) | ({"node_ip": self.address} if self.address else {})
        arguments = flags(**told, **_external(in_cloud=in_cloud))
        return NodeRegistration(name=self.name, kubelet_extra_args=arguments, taints=self.taints)


def init_documents(cluster: ClusterFacts, node: NodeFacts) -> list[Document]:
    """For the machine that begins the cluster."""
    return [
        InitConfiguration(
            bootstrap_tokens=[BootstrapToken(ttl=_DEFAULT_TOKEN)],
            local_api_endpoint=node.listens,
            node_registration=node.registration(in_cloud=cluster.in_cloud),
        ),
        cluster_configuration(cluster),
        kubelet_configuration(),
        KubeProxyConfiguration(mode="nftables"),
    ]


def join_document(
    cluster: ClusterFacts, node: NodeFacts, token: str, authority: str, *, control_plane: bool = False
) -> JoinConfiguration:
    """For every other machine; `authority` is the hash of the cluster's CA as kubeadm writes it."""
    known = TokenDiscovery(api_server_endpoint=cluster.endpoint, ca_cert_hashes=[authority], token=token)
    return JoinConfiguration(
        discovery=Discovery(bootstrap_token=known),
        node_registration=node.registration(in_cloud=cluster.in_cloud),
        control_plane=JoinControlPlane(local_api_endpoint=node.listens) if control_plane else None,
    )


def control_plane_documents(
    cluster: ClusterFacts, node: NodeFacts, token: str, authority: str, *, begins: bool
) -> dict[str, list[Document]]:
    """For a control plane, by the file's name: how it joins, and of the one that begins the cluster, how it does."""
    join: list[Document] = [join_document(cluster, node, token, authority, control_plane=True)]
    return {"join": join} | ({"init": init_documents(cluster, node)} if begins else {})


def node_taints(taints: Sequence[TaintSpec]) -> list[Taint] | None:
    """A pool's taints as kubeadm has them; None without any."""
    return [Taint(key=taint.key, value=taint.value or None, effect=taint.effect) for taint in taints] or None


def cluster_configuration(cluster: ClusterFacts) -> ClusterConfiguration:
    """The control plane of a cluster: logged, encrypted, and open to those alone who have a name."""
    external = _external(in_cloud=cluster.in_cloud)
    return ClusterConfiguration(
        cluster_name=cluster.name,
        kubernetes_version=release(cluster.minor),
        control_plane_endpoint=cluster.endpoint,
        networking=Networking(pod_subnet=cluster.pods, service_subnet=cluster.services),
        etcd=_etcd(cluster.etcd),
        api_server=_api_server(cluster),
        controller_manager=ControlPlaneComponent(extra_args=flags(**_OPEN_TO_PROMETHEUS, **external)),
        scheduler=ControlPlaneComponent(extra_args=flags(**_OPEN_TO_PROMETHEUS)),
    )


def _etcd(endpoints: Sequence[str]) -> Etcd:
    if not endpoints:
        return Etcd(local=LocalEtcd(data_dir="/var/lib/etcd"))
    client = {"ca_file": f"{PKI}/etcd/ca.crt", "cert_file": f"{ETCD_CLIENT}.crt", "key_file": f"{ETCD_CLIENT}.key"}
    return Etcd(external=ExternalEtcd(endpoints=endpoints, **client))


def _api_server(cluster: ClusterFacts) -> ControlPlaneComponent:
    seconds = str(cluster.eviction_seconds)
    return ControlPlaneComponent(
        cert_sans=[cluster.host, *cluster.names],
        extra_args=flags(
            admission_control_config_file=f"{SETTINGS}/admission.yaml",
            audit_log_maxage="30",
            audit_log_maxbackup="10",
            audit_log_maxsize="100",
            audit_log_path=f"{_LOGS}/audit.log",
            audit_policy_file=f"{SETTINGS}/audit.yaml",
            authentication_config=f"{SETTINGS}/authentication.yaml",
            default_not_ready_toleration_seconds=seconds,
            default_unreachable_toleration_seconds=seconds,
            enable_admission_plugins="NodeRestriction",
            encryption_provider_config=f"{SETTINGS}/encryption.yaml",
            kubelet_certificate_authority=f"{PKI}/ca.crt",
            profiling="false",
            tls_min_version=_TLS,
        ),
        extra_volumes=[
            HostPathMount(
                name="polykube", host_path=SETTINGS, mount_path=SETTINGS, read_only=True, path_type="Directory"
            ),
            HostPathMount(name="audit", host_path=_LOGS, mount_path=_LOGS, path_type="DirectoryOrCreate"),
        ],
    )


def kubelet_configuration() -> KubeletConfiguration:
    """Kubelets that ask the API server who calls, keep something back for themselves, and let pods end in time."""
    return KubeletConfiguration(
        authentication={"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
        authorization={"mode": "Webhook"},
        cgroup_driver="systemd",
        container_log_max_size="50Mi",
        kube_reserved={"cpu": "100m", "memory": "300Mi", "ephemeral-storage": "1Gi"},
        protect_kernel_defaults=True,
        read_only_port=0,
        rotate_certificates=True,
        seccomp_default=True,
        server_tls_bootstrap=True,
        shutdown_grace_period="60s",
        shutdown_grace_period_critical_pods="20s",
        system_reserved={"cpu": "100m", "memory": "200Mi", "ephemeral-storage": "1Gi"},
        tls_min_version=_TLS,
    )


def settings_files(issuer: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the API server reads, by the file's name in `SETTINGS`, but for the keys that encrypt Secrets.

    People log in by the `issuer`, if there is one (an entry of `jwt` of an AuthenticationConfiguration).
    """
    return {"admission.yaml": _admission(), "audit.yaml": _audit(), "authentication.yaml": _authentication(issuer)}


def encryption(key: str) -> dict[str, Any]:
    """How Secrets are encrypted in etcd: by secretbox with `key`, 32 bytes in base64."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets", "configmaps"],
                "providers": [{"secretbox": {"keys": [{"name": "first", "secret": key}]}}, {"identity": {}}],
            }
        ],
    }


def _authentication(issuer: Mapping[str, Any] | None) -> dict[str, Any]:
    conditions = [{"path": path} for path in _ANYBODY]
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": conditions},
        **({"jwt": [dict(issuer)]} if issuer else {}),
    }


def _admission() -> dict[str, Any]:
    """Pods of namespaces that say nothing else are held to `restricted`, but for the system's own."""
    modes = {
        key: value
        for mode in ("enforce", "audit", "warn")
        for key, value in ((mode, "restricted"), (f"{mode}-version", "latest"))
    }
    pod_security = {
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
        "defaults": modes,
        "exemptions": {"namespaces": ["kube-system"]},
    }
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{"name": "PodSecurity", "configuration": pod_security}],
    }


def _audit() -> dict[str, Any]:
    """Who did what to which object; what is in Secrets and tokens is not written down, nor what only looks."""
    watched = {"level": "None", "verbs": ["get", "list", "watch"]}
    kept = {"": ["secrets", "configmaps", "serviceaccounts/token"], "authentication.k8s.io": ["tokenreviews"]}
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "nonResourceURLs": ["/livez*", "/readyz*", "/healthz*", "/version"]},
            {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
            {"level": "None", "resources": [{"group": "", "resources": ["events"]}]},
            {"level": "Metadata", "resources": [{"group": g, "resources": kinds} for g, kinds in kept.items()]},
            {**watched, "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
            {**watched, "users": ["system:kube-controller-manager", "system:kube-scheduler"]},
            {"level": "Request", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
            {"level": "Metadata"},
        ],
    }


def _external(*, in_cloud: bool) -> dict[str, str]:
    """That the cloud's own controller says of nodes where they are."""
    return {"cloud_provider": "external"} if in_cloud else {}
