"""Hosts that are booted here, and a stack of kubeadm on them: `polykube up` reaches them by SSH, as it does others."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import yaml

from automation.bundles import ensure_bundles
from components.addons.bundles import load
from components.clusters.kubeadm import etcd_metrics
from components.clusters.kubeadm.core_add_ons import APPROVER_IMAGE
from components.clusters.kubeadm.hosts import virtual_ip
from components.clusters.kubeadm.spec import NETWORK_PLUGIN
from rehearsal.machines import BootedMachine, MachineSite, Seed
from rehearsal.machines.images import BUSYBOX
from rehearsal.machines.site import NETWORK
from tests.support.cli import Cli, make_cli

PATIENCE: Final = 600.0  # seconds, for what takes twenty where nothing else is going on
VIRTUAL: Final = IPv4Address("10.77.0.10")
_UP: Final = 2400.0  # seconds


@dataclass(frozen=True)
class _OnTheNetwork(Cli):
    """`polykube`, where the machines' network is the only one."""

    site: MachineSite | None = None

    def other(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        assert self.site
        return super().other(*self.site.on_the_network(command), **variables)


class Hosts:
    """Hosts of a site by their names, and the stack `dev`, a cluster of some of them."""

    def __init__(self, site: MachineSite, root: Path) -> None:
        self.site, self.machines = site, dict[str, BootedMachine]()
        self._key = root / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key], check=True)  # noqa: S607
        cli = make_cli(root)
        environment = cli.environment | {"PULUMI_CONFIG_PASSPHRASE": "hosts"}
        self.cli = _OnTheNetwork(cli.directory, environment, _UP, site)

    def boot(self, *names: str) -> None:
        """Boot hosts that have an SSH server and nothing of a cluster; `address` says which address each has."""
        public = self._key.with_suffix(".pub").read_text().strip()
        told = f"#cloud-config\n{yaml.safe_dump({'disable_root': False, 'ssh_authorized_keys': [public]})}"
        for name in names:
            self.machines[name] = self.site.boot(name, address(name), Seed(told.encode()))
        for name in names:
            self.machines[name].wait_until_running(PATIENCE)

    def up(self, planes: Sequence[str], workers: Sequence[str], **more: Any) -> str:
        """Have `polykube up` make a cluster of these hosts, with `more` top-level fields in the stack file."""
        self.cli.write(self.spec(planes, workers) | more)
        return self.cli.must("up")

    def spec(self, planes: Sequence[str], workers: Sequence[str]) -> dict[str, Any]:
        """The stack file's fields."""
        cluster: dict[str, Any] = {
            "kind": "kubeadm-hosts",
            "version": "1.36",
            "network": {"range": str(NETWORK)},
            "ssh": {"user": "root", "identityFile": str(self._key)},
            "controlPlanes": {"hosts": [self._named(name) for name in planes]},
            "evictionSeconds": 20,
            "nodePools": [{"name": "general", "hosts": [self._named(name) for name in workers]}],
        }
        return {"stage": "dev", "cluster": cluster | ({"virtualIp": str(VIRTUAL)} if len(planes) > 1 else {})}

    def _named(self, name: str) -> dict[str, str]:
        """A host as the stack file has it, known from the beginning."""
        key = self.machines[name].run("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        return {"name": name, "address": str(address(name)), "hostKey": " ".join(key.split()[:2])}

    @property
    def planes(self) -> list[BootedMachine]:
        """The control planes that run."""
        return [each for name, each in self.machines.items() if name.startswith("cp-") and each.runs]

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """What kubectl prints on a control plane, whose administrator asks the cluster's endpoint."""
        return self.planes[-1].run("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments, given=given)

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same, whatever comes of it."""
        return self.planes[-1].attempt("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments)

    def get(self, *what: str) -> dict[str, Any]:
        """Objects as the API server has them."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "--output=json", *what))
        return found

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Make objects."""
        self.kubectl("apply", "--filename=-", given=yaml.safe_dump_all(map(dict, manifests)))

    def wait_for_nodes(self, *names: str) -> None:
        """Return when the cluster has these nodes and no other, all of them Ready."""
        self.planes[-1].wait_for(f"nodes {names} that are Ready", PATIENCE, lambda: self._ready() == set(names))

    def _ready(self) -> set[str]:
        """The nodes, if all are Ready."""
        nodes = self.get("nodes")["items"]
        conditions = [each for node in nodes for each in node["status"]["conditions"] if each["type"] == "Ready"]
        ready = len(nodes) == sum(each["status"] == "True" for each in conditions)
        return {node["metadata"]["name"] for node in nodes} if ready else set()

    def pods(self, namespace: str, **labels: str) -> list[dict[str, Any]]:
        """Pods that have these labels, and are to stay."""
        chosen = ",".join(f"{name}={value}" for name, value in labels.items())
        found: list[dict[str, Any]] = self.get("pods", "--namespace", namespace, "--selector", chosen)["items"]
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def wait_for_pods(self, namespace: str, count: int, nodes: Sequence[str] = (), **labels: str) -> None:
        """Return when so many pods with these labels are Ready, on these nodes."""

        def are_there() -> bool:
            ready = [each for each in self.pods(namespace, **labels) if _is_ready(each)]
            return len([each for each in ready if not nodes or each["spec"]["nodeName"] in nodes]) == count

        self.planes[-1].wait_for(f"{count} pods that are Ready", PATIENCE, are_there)


def address(name: str) -> IPv4Address:
    """Where a host is: cp-1 at .11, worker-1 at .21."""
    part, _, number = name.partition("-")
    return NETWORK[{"cp": 10, "worker": 20}[part] + int(number)]


def images() -> list[str]:
    """The images of what the product runs in a cluster on hosts besides kubeadm's own."""
    ensure_bundles([NETWORK_PLUGIN])
    plugin = {
        container["image"]
        for each in load(NETWORK_PLUGIN)
        if each["kind"] in ("DaemonSet", "Deployment")
        for container in each["spec"]["template"]["spec"]["containers"]
    }
    return [*sorted(plugin), APPROVER_IMAGE, etcd_metrics.IMAGE, virtual_ip.IMAGE]


def pod(name: str, command: str, labels: Mapping[str, str] | None = None, node: str = "") -> dict[str, Any]:
    """A pod that fits the Pod Security Standard `restricted` and runs a command of the shell."""
    metadata = {"name": name, "labels": dict(labels or {"app": name})}
    spec = _pod_spec(command) | ({"nodeName": node} if node else {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def deployment(name: str, replicas: int, command: str) -> dict[str, Any]:
    """So many pods like `pod`, labelled `app: NAME`."""
    template = {"metadata": {"labels": {"app": name}}, "spec": _pod_spec(command) | {"restartPolicy": "Always"}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _pod_spec(command: str) -> dict[str, Any]:
    resources = {"requests": {"cpu": "10m", "memory": "8Mi"}, "limits": {"cpu": "200m", "memory": "32Mi"}}
    container = {
        "name": "it",
        "image": BUSYBOX,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", command],
        "resources": resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }


def _is_ready(found: Mapping[str, Any]) -> bool:
    conditions = found["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
