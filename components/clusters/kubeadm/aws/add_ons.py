"""What a cluster of kubeadm's has of AWS within it: the controller that knows machines and makes load balancers, and
the driver of EBS volumes. Both act by the identity of the control planes' machines, on whose network they are: what
runs elsewhere reaches no metadata service, which is one hop away.

Upstream: kubernetes/cloud-provider-aws 1.36, kubernetes-sigs/aws-ebs-csi-driver 1.64.0, deploy/kubernetes/base.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.addons.bundles import load, read_bundles
from components.addons.rendered import Manifest, register, size
from components.clusters.kubeadm.aws.spec import CONTROLLER
from components.clusters.kubeadm.core_add_ons import (
    NAMESPACE,
    CoreAddOns,
    deployment,
    hardened,
    on_control_planes,
    rights,
)
from components.naming import selector

DRIVER: Final = "ebs.csi.aws.com"
_COMPONENTS: Final = "public.ecr.aws/csi-components"
_DRIVER_IMAGE: Final = "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.64.0"
_PROVISIONER: Final = f"{_COMPONENTS}/csi-provisioner:v6.3.0-eksbuild.4"
_ATTACHER: Final = f"{_COMPONENTS}/csi-attacher:v4.12.0-eksbuild.5"
_RESIZER: Final = f"{_COMPONENTS}/csi-resizer:v2.2.1-eksbuild.3"
_REGISTRAR: Final = f"{_COMPONENTS}/csi-node-driver-registrar:v2.17.0-eksbuild.5"
_SOCKETS: Final = "/csi"
_SOCKET: Final = f"{_SOCKETS}/csi.sock"
_KUBELET: Final = "/var/lib/kubelet"
_USER: Final = 1000
_READ: Final = ["get", "list", "watch"]
_CORE, _STORAGE = "", "storage.k8s.io"


def know_machines(parts: CoreAddOns, cluster: str) -> list[pulumi.Resource]:
    """The cloud's controller, as upstream has it, in the version of its bundle."""
    objects = load(CONTROLLER)
    (workload,) = (each for each in objects if each["kind"] == "DaemonSet")
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    image = container["image"].rpartition(":")[0]
    container["image"] = f"{image}:v{read_bundles()[CONTROLLER].version}"
    container["args"] += [f"--cluster-name={cluster}", "--allocate-node-cidrs=false"]
    size(container, 50, 128)
    workload["spec"]["template"]["spec"] = on_control_planes({**pod, "priorityClassName": "system-cluster-critical"})
    workload["spec"]["template"]["spec"]["containers"] = [hardened(container)]
    return list(register(objects, parts.place))


def make_volumes(parts: CoreAddOns, cluster: str, *, redundant: bool) -> None:
    """The driver of EBS volumes."""
    register(_driver(cluster, replicas=2 if redundant else 1), parts.place)


def _driver(cluster: str, *, replicas: int) -> list[Manifest]:
    driver = {
        "apiVersion": f"{_STORAGE}/v1",
        "kind": "CSIDriver",
        "metadata": {"name": DRIVER},
        "spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "File"},
    }
    controller, node = "ebs-csi-controller", "ebs-csi-node"
    leases = [_rule("coordination.k8s.io", ["leases"], [*_READ, "create", "update", "delete"])]
    return [
        driver,
        *rights(controller, _controller_rules(), leases),
        *rights(node, _node_rules()),
        deployment(controller, _controller(controller, cluster), replicas),
        _on_every_node(node),
    ]


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


def _controller_rules() -> list[dict[str, Any]]:
    """Those of the provisioner, the attacher and the resizer."""
    return [
        _rule(_CORE, ["persistentvolumes"], [*_READ, "create", "patch", "delete"]),
        _rule(_CORE, ["persistentvolumeclaims"], [*_READ, "update"]),
        _rule(_CORE, ["persistentvolumeclaims/status"], ["patch"]),
        _rule(_CORE, ["events"], ["list", "watch", "create", "update", "patch"]),
        _rule(_CORE, ["nodes", "pods"], _READ),
        _rule(_STORAGE, ["storageclasses", "csinodes", "volumeattributesclasses"], _READ),
        _rule(_STORAGE, ["volumeattachments"], [*_READ, "patch"]),
        _rule(_STORAGE, ["volumeattachments/status"], ["patch"]),
    ]


def _node_rules() -> list[dict[str, Any]]:
    """To take the taint off a node that is ready to have volumes."""
    return [
        _rule(_STORAGE, ["volumeattachments"], _READ),
        _rule(_STORAGE, ["csinodes"], ["get"]),
        _rule(_CORE, ["nodes"], [*_READ, "patch"]),
    ]


def _controller(account: str, cluster: str) -> Manifest:
    sidecars = {"csi-provisioner": _PROVISIONER, "csi-attacher": _ATTACHER, "csi-resizer": _RESIZER}
    more = {"csi-provisioner": ["--feature-gates=Topology=true", "--extra-create-metadata", "--default-fstype=ext4"]}
    sockets = {"name": "sockets", "mountPath": _SOCKETS}
    tags = f"--k8s-tag-cluster-id={cluster}"
    arguments = ["controller", f"--endpoint=unix://{_SOCKET}", tags, "--batching=true", "--http-endpoint=:8091"]
    plugin = hardened(
        {
            "name": "ebs-plugin",
            "image": _DRIVER_IMAGE,
            "args": arguments,
            "env": [_node_name()],
            "volumeMounts": [sockets],
        }
    )
    size(plugin, 20, 128)
    containers = [plugin]
    for name, image in sidecars.items():
        told = [f"--csi-address={_SOCKET}", "--leader-election", f"--leader-election-namespace={NAMESPACE}"]
        each = hardened({"name": name, "image": image, "args": [*told, *more.get(name, ())], "volumeMounts": [sockets]})
        size(each, 10, 64)
        containers.append(each)
    return on_control_planes(
        {
            "serviceAccountName": account,
            "hostNetwork": True,  # where the machine's identity is
            "priorityClassName": "system-cluster-critical",
            "securityContext": {"runAsNonRoot": True, "runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER},
            "containers": containers,
            "volumes": [{"name": "sockets", "emptyDir": {}}],
        }
    )


def _on_every_node(name: str) -> Manifest:
    """The part that mounts: as root, with the node's devices."""
    plugins = f"{_KUBELET}/plugins/{DRIVER}"
    plugin = {
        "name": "ebs-plugin",
        "image": _DRIVER_IMAGE,
        "args": ["node", f"--endpoint=unix:{_SOCKET}"],
        "env": [_node_name()],
        "securityContext": {"privileged": True, "readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"name": "kubelet", "mountPath": _KUBELET, "mountPropagation": "Bidirectional"},
            {"name": "sockets", "mountPath": _SOCKETS},
            {"name": "devices", "mountPath": "/dev"},
        ],
    }
    size(plugin, 10, 128)
    registrar = hardened(
        {
            "name": "node-driver-registrar",
            "image": _REGISTRAR,
            "args": [f"--csi-address={_SOCKET}", f"--kubelet-registration-path={plugins}/csi.sock"],
            "volumeMounts": [
                {"name": "sockets", "mountPath": _SOCKETS},
                {"name": "registration", "mountPath": "/registration"},
            ],
        }
    )
    size(registrar, 10, 32)
    pod = {
        "serviceAccountName": name,
        "priorityClassName": "system-node-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [plugin, registrar],
        "volumes": [
            _of_node("kubelet", _KUBELET, "Directory"),
            _of_node("sockets", plugins, "DirectoryOrCreate"),
            _of_node("registration", f"{_KUBELET}/plugins_registry", "Directory"),
            _of_node("devices", "/dev", "Directory"),
        ],
    }
    template = {"metadata": {"labels": selector(name)}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": selector(name)},
        "spec": {"selector": {"matchLabels": selector(name)}, "template": template},
    }


def _of_node(name: str, path: str, kind: str) -> Mapping[str, Any]:
    return {"name": name, "hostPath": {"path": path, "type": kind}}


def _node_name() -> Mapping[str, Any]:
    return {"name": "CSI_NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
