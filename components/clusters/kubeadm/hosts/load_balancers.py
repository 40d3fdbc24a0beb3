"""What gives Services their addresses on hosts, where no cloud does; kube-vip on the control planes answers for them.

Upstream: kube-vip/kube-vip-cloud-provider 0.0.12, manifest/kube-vip-cloud-controller.yaml and README, February 2026; on
its own account, and without the rights that it does not need.
"""

from collections.abc import Sequence
from typing import Any, Final

from components.addons.rendered import Manifest, register
from components.clusters.kubeadm.core_add_ons import NAMESPACE, CoreAddOns, controller

_NAME: Final = "kube-vip-cloud-provider"
IMAGE: Final = "ghcr.io/kube-vip/kube-vip-cloud-provider:v0.0.12"
_RANGES: Final = "kubevip"  # the ConfigMap that it reads


def give_addresses(parts: CoreAddOns, ranges: Sequence[str]) -> None:
    """Have Services of type LoadBalancer get addresses of these ranges, each as `first-last`."""
    register(_manifests(ranges), parts.place)


def _manifests(ranges: Sequence[str]) -> list[Manifest]:
    pool = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _RANGES, "namespace": NAMESPACE},
        "data": {"range-global": ",".join(ranges)},
    }
    container = {
        "name": _NAME,
        "image": IMAGE,
        "command": ["/kube-vip-cloud-provider", f"--leader-elect-resource-name={_NAME}"],
    }
    return [pool, *controller(container, _everywhere(), _here())]


def _everywhere() -> list[dict[str, Any]]:
    return [
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch", "update", "patch"]},
        {"apiGroups": [""], "resources": ["services/status"], "verbs": ["update", "patch"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]


def _here() -> list[dict[str, Any]]:
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]}
    return [leases, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
