"""kube-vip: the pod on each control plane of which the one that leads answers for the API's address, and for Services'.

As its own manifest generator writes it: kube-vip/kube-vip, pkg/kubevip/config_generator.go and the defaults of
cmd/kube-vip.go, 1.2.3, August 2026. It is a static pod, because it has to be there before the API server can be asked.
"""

from ipaddress import IPv4Address
from typing import Any, Final

from components.clusters.kubeadm.ports import PORT

IMAGE: Final = "ghcr.io/kube-vip/kube-vip:v1.2.3"
INTERFACE: Final = "@INTERFACE@"
"""What stands for the host's network interface, which only the host knows."""
_KUBECONFIG: Final = "/etc/kubernetes/admin.conf"
_LEASE: Final = {"vip_leaseduration": "5", "vip_renewdeadline": "3", "vip_retryperiod": "1"}  # seconds
_BESIDE: Final = "kubernetes"
"""What the certificate of every API server has as one of its names (kubeadm)."""
_METRICS: Final = "127.0.0.1:2112"


def kube_vip(virtual: IPv4Address | None, *, services: bool) -> dict[str, Any]:
    """The static pod that answers for the `virtual` IP of the API server, if there is one, and for `services`."""
    settings = {"vip_arp": "true", "vip_interface": INTERFACE, "vip_subnet": "32", "prometheus_server": _METRICS}
    settings |= {"vip_leaderelection": "true", "vip_leasename": "plndr-cp-lock", **_LEASE}
    # It asks the API server beside it: the one of the kubeconfig is at the address that nobody has yet.
    settings |= {"kubernetes_addr": f"https://{_BESIDE}:{PORT}"}
    if virtual:
        settings |= {"cp_enable": "true", "cp_namespace": "kube-system", "address": str(virtual), "port": str(PORT)}
    if services:
        settings |= {"svc_enable": "true", "svc_leasename": "plndr-svcs-lock"}
    node = {"name": "vip_nodename", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    container = {
        "name": "kube-vip",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["manager"],
        "env": [node, *({"name": name, "value": value} for name, value in sorted(settings.items()))],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}},
        "volumeMounts": [{"name": "kubeconfig", "mountPath": _KUBECONFIG, "readOnly": True}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-vip", "namespace": "kube-system"},
        "spec": {
            "hostNetwork": True,
            "hostAliases": [{"ip": "127.0.0.1", "hostnames": [_BESIDE]}],
            "priorityClassName": "system-node-critical",
            "containers": [container],
            "volumes": [{"name": "kubeconfig", "hostPath": {"path": _KUBECONFIG, "type": "File"}}],
        },
    }
