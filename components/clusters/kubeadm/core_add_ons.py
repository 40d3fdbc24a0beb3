"""What runs in a cluster of kubeadm's besides what kubeadm brings, and what a cloud's own kind would have.

The network plugin, without which no node gets ready; and what approves the certificates that kubelets ask for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Network
from typing import Any, Final

import pulumi

from components.addons.bundles import load
from components.addons.rendered import Manifest, register, size
from components.clusters.kubeadm.spec import NETWORK_PLUGIN
from components.contract import Exemption
from components.naming import component_type, digest, selector
from components.platform.place import Place

NAMESPACE: Final = "kube-system"
_APPROVER: Final = "kubelet-csr-approver"
APPROVER_IMAGE: Final = "docker.io/postfinance/kubelet-csr-approver:v1.2.14"
_YEAR: Final = "31622400"  # seconds, of 366 days: a kubelet asks for one year
_REVIEW: Final = date(2027, 11, 30)
_REASON: Final = "it makes the nodes' networks, disks and certificates, on the nodes themselves"
_RULES: Final = ("pss-baseline", "pss-restricted", "no-escalation", "no-rbac-wildcard")
CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
# Thousandths of a CPU and MiB, by container; of those that prepare a node, the same.
_SIZES: Final[Mapping[str, tuple[int, int]]] = {"cilium-agent": (100, 512), "cilium-operator": (20, 128)}
_PREPARES: Final = (10, 64)


class CoreAddOns(pulumi.ComponentResource):
    """The cluster's own parts, below `parent`; what in them breaks policy rules is exempted here."""

    def __init__(self, cluster: str, options: pulumi.ResourceOptions) -> None:
        exemptions = [Exemption(rule, _REASON, "platform", _REVIEW).as_input() for rule in _RULES]
        # As one that has exemptions.
        super().__init__(
            component_type("addons", "CoreAddOns"), f"{cluster}-core-add-ons", {"exemptions": exemptions}, options
        )
        self._cluster = cluster
        self.place = Place(self, namespace=NAMESPACE, deleted_with=options.deleted_with)
        self.outside = replace(self.place, namespace="")

    def connect_pods(self, encapsulation: str, mtu: int | None, *, redundant: bool) -> list[pulumi.Resource]:
        """The network plugin. What has pods on it comes after what is returned."""
        # What is elsewhere is for Secrets of policies that open connections, of which there are none.
        objects = [each for each in load(NETWORK_PLUGIN) if each["metadata"].get("namespace") in (None, NAMESPACE)]
        settings = next(each["data"] for each in objects if each["metadata"]["name"] == "cilium-config")
        settings |= {"cluster-name": self._cluster, "tunnel-protocol": encapsulation}
        settings |= {"mtu": str(mtu)} if mtu else {}
        for each in objects:
            if each["kind"] in ("Deployment", "DaemonSet"):
                _bound(each)
                # It reads them once, so other settings are other pods, as with `rollOutCiliumPods` of upstream's chart.
                annotations = each["spec"]["template"]["metadata"].setdefault("annotations", {})
                annotations["cilium.io/cilium-configmap-checksum"] = digest(settings)
            if each["kind"] == "Deployment":
                each["spec"]["replicas"] = 2 if redundant else 1
        return list(register(objects, self.place))

    def approve_certificates(self, nodes: IPv4Network, names: str, *, resolve: bool = True) -> None:
        """What approves the serving certificates of kubelets whose addresses are in `nodes`, by names of this form.

        Names are resolved, and have to be the machine's, but where no DNS has them.
        """
        environment = {
            "PROVIDER_REGEX": names,
            "PROVIDER_IP_PREFIXES": str(nodes),
            "MAX_EXPIRATION_SEC": _YEAR,
            "LEADER_ELECTION": "true",
            **({} if resolve else {"BYPASS_DNS_RESOLUTION": "true"}),
        }
        register(_approver(environment), self.place)


def _bound(workload: Manifest) -> None:
    pod = workload["spec"]["template"]["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        size(container, *_SIZES.get(container["name"], _PREPARES))


def on_control_planes(pod: Manifest) -> Manifest:
    """The pod, on control planes alone, whose machines have the rights that it needs."""
    tolerated = (CONTROL_PLANE_LABEL, "node.cloudprovider.kubernetes.io/uninitialized", "node.kubernetes.io/not-ready")
    return {
        **pod,
        "nodeSelector": {CONTROL_PLANE_LABEL: ""},
        "tolerations": [{"key": key, "operator": "Exists"} for key in tolerated],
    }


def rights(name: str, rules: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]] = ()) -> list[Manifest]:
    """A ServiceAccount that may do `rules` in the whole cluster, and `here` in the namespace of the parts."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
    made = [account, *_bound_to(name, "ClusterRole", rules)]
    return [*made, *_bound_to(name, "Role", here)] if here else made


def _bound_to(account: str, role: str, rules: Sequence[Mapping[str, Any]]) -> list[Manifest]:
    rbac = "rbac.authorization.k8s.io"
    metadata = {"name": account, **({"namespace": NAMESPACE} if role == "Role" else {})}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
    reference = {"apiGroup": rbac, "kind": role, "name": account}
    return [
        {"apiVersion": f"{rbac}/v1", "kind": role, "metadata": dict(metadata), "rules": list(rules)},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": f"{role}Binding",
            "metadata": dict(metadata),
            "roleRef": reference,
            "subjects": [subject],
        },
    ]


def hardened(container: Manifest) -> Manifest:
    """The container without any privilege."""
    security = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {"securityContext": security, **container}


def _approver(environment: Mapping[str, str]) -> list[Manifest]:
    """Upstream's, deploy/k8s, 1.2.14, on its own account and without the rights that it does not need."""
    certificates = "certificates.k8s.io"
    rules = [
        {"apiGroups": [certificates], "resources": ["certificatesigningrequests"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [certificates], "resources": ["certificatesigningrequests/approval"], "verbs": ["update"]},
        {
            "apiGroups": [certificates],
            "resources": ["signers"],
            "resourceNames": ["kubernetes.io/kubelet-serving"],
            "verbs": ["approve"],
        },
    ]
    here = [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    ]
    container = {
        "name": _APPROVER,
        "image": APPROVER_IMAGE,
        "args": ["-metrics-bind-address", ":8080", "-health-probe-bind-address", ":8081"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8081}},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}},
    }
    return controller(container, rules, here)


def controller(
    container: Manifest, rules: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]]
) -> list[Manifest]:
    """A Deployment of one small container on control planes, as a user without privileges, and its account, called as
    the container is, with its `rights`."""
    name, contained = container["name"], hardened(container)
    size(contained, 10, 64)
    pod = on_control_planes(
        {
            "serviceAccountName": name,
            "priorityClassName": "system-cluster-critical",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532},
            "containers": [contained],
        }
    )
    return [*rights(name, rules, here), deployment(name, pod)]


def deployment(name: str, pod: Manifest, replicas: int = 1) -> Manifest:
    """A Deployment of the parts' namespace."""
    template = {"metadata": {"labels": selector(name)}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": selector(name)},
        "spec": {"replicas": replicas, "selector": {"matchLabels": selector(name)}, "template": template},
    }
