"""What a machine is given to become a node, as cloud-init takes it: files, and the one script that it runs.

The script and the files are the same for an image that has the programs already; the script finds them there.
cloud-init's `write_files` and `runcmd` (cloudinit.readthedocs.io/en/latest/reference/modules.html, 25.x).
"""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

import yaml

from components.clusters.kubeadm.documents import SETTINGS, settings_files
from components.clusters.kubeadm.mirrors import Mirror
from components.clusters.kubeadm.releases import Download, downloads, etcd_download, release
from components.clusters.kubeadm.runtimes import RUNTIMES, runtime_downloads
from components.clusters.kubeadm.v1beta4 import Document

FIRST: Final = "first"
"""The role of the control plane that begins the cluster."""
CONTROL_PLANE: Final = "control-plane"
WORKER: Final = "worker"
ETCD: Final = "etcd"
"""The role of a machine that is a member of etcd, and no node."""
DEADLINE: Final = 1200
"""Seconds that a machine has to join; each wait of the script has a deadline within this."""
SCRIPT: Final = "/usr/local/sbin/polykube-boot"
"""What makes the machine a node, as root and without arguments."""
_HEADER: Final = "#cloud-config\n"
_LARGEST: Final = 16384  # bytes of user data that EC2 takes, the least of the clouds
_PAUSE: Final = "registry.k8s.io/pause:3.10.2"


@dataclass(frozen=True)
class Machine:
    """What one machine is told: its part, what it runs, where it is, what kubeadm is told.

    `settings` are variables for the script, `cloud` is the text of what speaks to its cloud, `documents` are those of
    kubeadm by the file's name (init, join), `files` are others, content and mode by path, `runtime` is what its pods
    run in, if not in runc, `issuer` by whom people log in at a control plane, as `settings_files` has it.
    """

    role: str
    minor: str
    architecture: str
    settings: Mapping[str, str]
    cloud: str
    documents: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    mirrors: Sequence[Mirror] = ()
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    runtime: str = ""
    issuer: Mapping[str, Any] | None = None


def user_data(machine: Machine) -> str:
    """The machine's user data, compressed, in base64; ValueError when it is more than a cloud takes."""
    text = _HEADER + yaml.safe_dump(cloud_config(machine), sort_keys=False, width=200)
    packed = gzip.compress(text.encode(), mtime=0)  # without a time, so that equal data is equal
    if len(packed) > _LARGEST:
        raise ValueError(f"user data of {len(packed)} bytes, and a cloud takes {_LARGEST}: leave out mirrors or names")
    return base64.b64encode(packed).decode()


def cloud_config(machine: Machine) -> dict[str, Any]:
    """The user data as cloud-init reads it."""
    return {
        "write_files": [_file(path, *content) for path, content in sorted(contents(machine).items())],
        "runcmd": [[SCRIPT]],
    }


def contents(machine: Machine) -> dict[str, tuple[str, str]]:
    """Content and mode of each file of the machine, by path: its seed, however it gets there. Then `SCRIPT` is run.

    In a cloud it is user data (`user_data`); hosts given by address get it by ssh, with the authorities in it.
    """
    return {
        SCRIPT: (_own_text("boot.sh"), "0700"),
        "/usr/local/lib/polykube/cloud.sh": (machine.cloud, "0644"),
        "/etc/polykube/machine.env": (variables(_settings(machine)), "0644"),
        "/etc/polykube/downloads": (
            "".join(f"{each.name} {each.digest} {each.url}\n" for each in _programs(machine)),
            "0644",
        ),
        **({} if machine.role == ETCD else _of_node(machine)),
        **machine.files,
    }


def _programs(machine: Machine) -> Iterable[Download]:
    etcd = etcd_download(machine.architecture)
    if machine.role == ETCD:
        return [etcd]
    # Control planes take and restore snapshots by its programs.
    more = [etcd] if machine.role != WORKER else []
    return [
        *downloads(machine.minor, machine.architecture),
        *more,
        *runtime_downloads(machine.runtime, machine.architecture),
    ]


def _settings(machine: Machine) -> dict[str, str]:
    runtime = RUNTIMES.get(machine.runtime)
    own = {"RUNTIME": machine.runtime, "PACKAGES": runtime.packages} if runtime else {}
    version = {} if machine.role == ETCD else {"VERSION": release(machine.minor)}
    return {"ROLE": machine.role, **version, **machine.settings, **own}


def _of_node(machine: Machine) -> dict[str, tuple[str, str]]:
    secret, runtime = "0600", RUNTIMES.get(machine.runtime)
    found = {
        "/etc/sysctl.d/90-polykube.conf": (_SYSCTLS, "0644"),
        "/etc/containerd/config.toml": (_CONTAINERD + (runtime.containerd if runtime else ""), "0644"),
        "/etc/systemd/system/containerd.service": (_CONTAINERD_UNIT, "0644"),
        "/etc/systemd/system/kubelet.service": (_KUBELET_UNIT, "0644"),
        "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf": (_KUBELET_DROP_IN, "0644"),
    }
    found |= {path: (content, "0644") for path, content in (runtime.files if runtime else {}).items()}
    for name, documents in machine.documents.items():
        found[f"/etc/polykube/{name}.yaml"] = as_yaml(documents), secret
    for mirror in machine.mirrors:
        found[f"/etc/containerd/certs.d/{mirror.registry}/hosts.toml"] = _hosts(mirror), "0644"
    if machine.role != WORKER:
        found["/usr/local/lib/polykube/control-plane.sh"] = _own_text("control_plane.sh"), "0644"
        found |= {
            f"{SETTINGS}/{name}": (yaml.safe_dump(each, sort_keys=False), secret)
            for name, each in settings_files(machine.issuer).items()
        }
    return found


def as_yaml(documents: Sequence[Document]) -> str:
    """Documents as one file."""
    return yaml.safe_dump_all([each.plain() for each in documents], sort_keys=False)


def _file(path: str, content: str, mode: str) -> dict[str, str]:
    return {"path": path, "owner": "root:root", "permissions": mode, "content": content}


def variables(settings: Mapping[str, str]) -> str:
    """Assignments that a shell reads; JSON's quotes are the shell's for what has no $ or ` in it."""
    for value in settings.values():
        assert not set(value) & set("$`\\"), value
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in sorted(settings.items()))


def _hosts(mirror: Mirror) -> str:
    """containerd's list of mirrors for a registry (github.com/containerd/containerd, docs/hosts.md, 2.3)."""
    server = "registry-1.docker.io" if mirror.registry == "docker.io" else mirror.registry
    hosts = (f'[host."{each}"]\n  capabilities = ["pull", "resolve"]\n' for each in mirror.endpoints)
    return f'server = "https://{server}"\n\n' + "\n".join(hosts)


def _own_text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


# What protectKernelDefaults wants to find, and what packets between pods need.
_SYSCTLS: Final = """\
kernel.panic = 10
kernel.panic_on_oops = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
"""
_CONTAINERD: Final = f"""\
version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{_PAUSE}'

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
"""
_CONTAINERD_UNIT: Final = """\
[Unit]
Description=containerd
After=network.target local-fs.target

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNOFILE=1048576
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
"""
_KUBELET_UNIT: Final = """\
[Unit]
Description=kubelet
Wants=network-online.target containerd.service
After=network-online.target containerd.service

[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
# As kubeadm's own package has it (kubernetes/release, cmd/krel/templates/latest/kubeadm/10-kubeadm.conf).
_KUBELET_DROP_IN: Final = """\
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS \
$KUBELET_EXTRA_ARGS
"""
