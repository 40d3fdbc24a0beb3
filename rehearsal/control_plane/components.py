"""What the five components are started with: command line and configuration files.

Everything here is a pure function of the layout, the ports and the binaries, so that a running process can
be compared with what it should be: when its fingerprint differs, it is started anew.

Kubernetes 1.36, etcd 3.6, KWOK 0.8. All listeners are on 127.0.0.1.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from common.simulation import NODE_LABEL
from rehearsal.control_plane.kubeconfig import kubeconfig
from rehearsal.control_plane.layout import Layout
from rehearsal.control_plane.pki import API_AUTHORITY, ETCD_AUTHORITY, SERVICE_ACCOUNTS, SERVICE_CIDR

_STAGES = Path(__file__).parent / "stages"
_POD_CIDR = "10.240.0.0/12"  # 4096 nodes with 256 addresses each
_CLIENT_QPS = 500  # requests a second; the default of 20 makes deletion wait for the garbage collector
_CLIENT_BURST = 1000
# Seconds. A node is lost when it was not heard of for the grace period. KWOK renews a lease four times in its
# life; a KWOK that was started anew waits until the leases of the one before have run out.
_NODE_LEASE = 6
_NODE_GRACE = 10
_NODE_CHECK = 1


@dataclass(frozen=True)
class Binaries:
    """The executables of the components."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kwok: Path

    @classmethod
    def by_name(cls, paths: Mapping[str, Path]) -> "Binaries":
        """From the names of the executables (`kube-apiserver`) to their paths."""
        return cls(**{name.replace("-", "_"): path for name, path in paths.items()})


@dataclass(frozen=True)
class Component:
    """A process as it should be. `files` (path → content) are written before it starts.

    It is started anew when one that it `depends_on` was: a client of a store that was gone may never find back.
    What serves says at `health` of its `port` that it is ready. Without `health` it serves nothing: `port` is its
    server's, and it is ready once it is connected there.
    """

    name: str
    command: tuple[str, ...]
    port: int
    health: str = ""
    host: str = "127.0.0.1"
    authority: str = API_AUTHORITY
    identity: str | None = None  # for asking about its health; None where anybody may
    files: Mapping[Path, str] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes with everything that the process reads when it starts."""
        files = {str(path): content for path, content in self.files.items()}
        content = json.dumps([self.command, files], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def health_url(self) -> str:
        """Answers 200 when the component is ready."""
        return f"https://{self.host}:{self.port}{self.health}"


def etcd(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> Component:
    """The store. Only the API server holds a certificate that it accepts."""
    pki, url = layout.pki, f"https://127.0.0.1:{ports['etcd']}"
    certificate, key, authority = pki.certificate("etcd"), pki.key("etcd"), pki.certificate(ETCD_AUTHORITY)
    return Component(
        "etcd",
        _command(
            binaries.etcd,
            name="polykube",
            data_dir=layout.etcd,
            listen_client_urls=url,
            advertise_client_urls=url,
            cert_file=certificate,
            key_file=key,
            trusted_ca_file=authority,
            client_cert_auth=True,
            # There are no peers; etcd listens for them all the same, on any port.
            listen_peer_urls="https://127.0.0.1:0",
            initial_advertise_peer_urls="https://127.0.0.1:0",
            initial_cluster="polykube=https://127.0.0.1:0",
            peer_cert_file=certificate,
            peer_key_file=key,
            peer_trusted_ca_file=authority,
            peer_client_cert_auth=True,
            unsafe_no_fsync=True,  # survives the death of any process, but not of the machine
            log_level="warn",
        ),
        port=ports["etcd"],
        health="/readyz",
        authority=ETCD_AUTHORITY,
        identity="etcd-client",
    )


def kube_apiserver(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> Component:
    """The API server, with real authentication, authorization, admission and validation.

    Admission webhooks are switched off and connections into the cluster lead nowhere: no container runs, so
    nobody would answer, and what is meant for the cluster's addresses must not reach this machine's network.
    """
    pki, config = layout.pki, layout.config
    files = {
        config / "authentication.yaml": yaml.safe_dump(_authentication()),
        config / "egress.yaml": yaml.safe_dump(_egress(config / "nowhere.sock")),
        layout.kubeconfig: kubeconfig(layout, ports, "admin"),
    }
    return Component(
        "kube-apiserver",
        _command(
            binaries.kube_apiserver,
            bind_address=layout.host,
            secure_port=ports["kube-apiserver"],
            advertise_address=layout.host,
            endpoint_reconciler_type="none",  # 127.0.0.1 is not allowed as an endpoint
            service_cluster_ip_range=SERVICE_CIDR,
            tls_cert_file=pki.certificate("kube-apiserver"),
            tls_private_key_file=pki.key("kube-apiserver"),
            client_ca_file=pki.certificate(API_AUTHORITY),
            etcd_servers=f"https://127.0.0.1:{ports['etcd']}",
            etcd_cafile=pki.certificate(ETCD_AUTHORITY),
            etcd_certfile=pki.certificate("etcd-client"),
            etcd_keyfile=pki.key("etcd-client"),
            service_account_issuer="https://kubernetes.default.svc",
            service_account_key_file=pki.service_accounts_public_key,
            service_account_signing_key_file=pki.key(SERVICE_ACCOUNTS),
            authentication_config=config / "authentication.yaml",
            authorization_mode="Node,RBAC",
            enable_admission_plugins="NodeRestriction",
            disable_admission_plugins="MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
            egress_selector_config_file=config / "egress.yaml",
            kubelet_preferred_address_types="InternalIP",  # a name would be looked up outside
            allow_privileged=True,  # Pod Security decides, by namespace
            profiling=False,
        ),
        port=ports["kube-apiserver"],
        health="/readyz",
        host=layout.host,
        depends_on=("etcd",),
        files=files,
    )


def kube_controller_manager(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> Component:
    """The controllers. Volumes are not attached to anything here, so the controller for that is left out."""
    pki, credentials = layout.pki, layout.config / "kube-controller-manager.kubeconfig"
    return Component(
        "kube-controller-manager",
        _command(
            binaries.kube_controller_manager,
            **_serving(layout, ports, "kube-controller-manager", credentials),
            kubeconfig=credentials,
            controllers="*,-persistentvolume-attach-detach-controller",
            use_service_account_credentials=True,
            service_account_private_key_file=pki.key(SERVICE_ACCOUNTS),
            root_ca_file=pki.certificate(API_AUTHORITY),
            kube_api_qps=_CLIENT_QPS,
            kube_api_burst=_CLIENT_BURST,
            concurrent_gc_syncs=50,
            allocate_node_cidrs=True,
            cluster_cidr=_POD_CIDR,
            service_cluster_ip_range=SERVICE_CIDR,
            node_monitor_period=f"{_NODE_CHECK}s",
            node_monitor_grace_period=f"{_NODE_GRACE}s",
            leader_elect=False,
            profiling=False,
        ),
        port=ports["kube-controller-manager"],
        health="/healthz",
        files={credentials: kubeconfig(layout, ports, "kube-controller-manager")},
    )


def kube_scheduler(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> Component:
    """The scheduler with its default profile; a pod that found no node is tried again after at most 2 s."""
    credentials, config = layout.config / "kube-scheduler.kubeconfig", layout.config / "kube-scheduler.yaml"
    settings = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(credentials), "qps": _CLIENT_QPS, "burst": _CLIENT_BURST},
        "leaderElection": {"leaderElect": False},
        "enableProfiling": False,
        "podMaxBackoffSeconds": 2,
    }
    return Component(
        "kube-scheduler",
        _command(
            binaries.kube_scheduler,
            **_serving(layout, ports, "kube-scheduler", credentials),
            config=config,
        ),
        port=ports["kube-scheduler"],
        health="/readyz",
        files={credentials: kubeconfig(layout, ports, "kube-scheduler"), config: yaml.safe_dump(settings)},
    )


def kwok(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> Component:
    """What kubelets, storage drivers and load balancers would do, by the objects in stages/.

    It has no address to serve at: its metrics would be there for everybody, and by plain HTTP beside TLS
    (kubernetes-sigs/kwok v0.8.0, pkg/kwok/server). It connects when it has read all of its files (pkg/kwok/cmd).
    """
    credentials, config = layout.config / "kwok.kubeconfig", layout.config / "kwok.yaml"
    settings = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            "manageNodesWithLabelSelector": "=".join(NODE_LABEL),
            "nodeLeaseDurationSeconds": _NODE_LEASE,
            # A file with any option in it has no defaults for the others.
            "nodeLeaseParallelism": 4,
            "nodePlayStageParallelism": 4,
            "podPlayStageParallelism": 16,
            "podsOnNodeSyncParallelism": 4,
            "enablePodsOnNodeSyncListPager": True,
        },
    }
    stages = [file.read_text() for file in sorted(_STAGES.glob("*.yaml"))]
    return Component(
        "kwok",
        _command(binaries.kwok, kubeconfig=credentials, config=config, v="warn"),  # it logs each heartbeat otherwise
        port=ports["kube-apiserver"],
        files={
            credentials: kubeconfig(layout, ports, "kwok"),
            config: "\n---\n".join([yaml.safe_dump(settings), *stages]),
        },
    )


Maker: TypeAlias = Callable[[Layout, Mapping[str, int], Binaries], Component]

# Started one row after the other, each when the row before is ready; stopped in the reverse order.
ROWS: Final[tuple[Mapping[str, Maker], ...]] = (
    {"etcd": etcd},
    {"kube-apiserver": kube_apiserver},
    {"kube-controller-manager": kube_controller_manager, "kube-scheduler": kube_scheduler, "kwok": kwok},
)
NAMES: Final = tuple(name for row in ROWS for name in row)
SERVING: Final = tuple(name for name in NAMES if name != "kwok")
"""Those that have a port."""


def _command(binary: Path, **flags: object) -> tuple[str, ...]:
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in flags.items()}
    return (str(binary), *(f"--{name.replace('_', '-')}={value}" for name, value in values.items()))


def _serving(layout: Layout, ports: Mapping[str, int], name: str, credentials: Path) -> dict[str, Any]:
    """How the controller-manager and the scheduler serve health to all and metrics to whom RBAC allows it."""
    return {
        "bind_address": "127.0.0.1",
        "secure_port": ports[name],
        "tls_cert_file": layout.pki.certificate(name),
        "tls_private_key_file": layout.pki.key(name),
        "client_ca_file": layout.pki.certificate(API_AUTHORITY),
        "authentication_skip_lookup": True,  # of a front proxy, which there is not
        "authorization_kubeconfig": credentials,
    }


def _authentication() -> dict[str, Any]:
    """Nobody is anonymous, except for asking whether the server is well."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": p} for p in ("/livez", "/readyz", "/healthz")]},
    }


def _egress(socket: Path) -> dict[str, Any]:
    """Connections into the cluster go through a socket that does not exist, and so fail at once."""
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": str(socket)}}}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }
