"""Devices of nodes, such as GPUs: pods can ask for them once something has told the node's kubelet of them.

Some images do that themselves; on others it takes a device plugin, a pod that is there on each such node and registers
by a socket of the kubelet's (kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins, 1.36).
The kubelet learns of it when somebody looks at the node's pool again, as the second look of each `up` does.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from common.simulation import CAPACITY_ANNOTATION
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.api import Api

DEVICES: Final = "polykube.dev/devices"
"""The annotation of a node that needs a device plugin, with what that would find: a JSON object as of its capacity."""
_SOCKETS: Final = "/var/lib/kubelet/device-plugins"


def offer_in(cluster: str) -> None:
    """Have the nodes of a cluster offer the devices that a plugin has found, and no others."""
    with clusters.api(cluster) as api:
        if api:
            offer(api)


def offer(api: Api) -> None:
    """Have all nodes offer the devices that a plugin has found, and no others."""
    nodes = [node for node in api.list("/api/v1/nodes") if DEVICES in _annotations(node)]
    found = {_node(pod) for pod in api.list("/api/v1/pods") if _is_plugin(pod)} if nodes else set()
    for node in nodes:
        name, annotations = node["metadata"]["name"], _annotations(node)
        devices, capacity = (json.loads(annotations[key]) for key in (DEVICES, CAPACITY_ANNOTATION))
        others = {resource: number for resource, number in capacity.items() if resource not in devices}
        now = others | (devices if name in found else {})
        if now != capacity:
            api.merge(f"/api/v1/nodes/{name}", {"metadata": {"annotations": {CAPACITY_ANNOTATION: json.dumps(now)}}})


def _is_plugin(pod: Mapping[str, Any]) -> bool:
    paths = [str(volume.get("hostPath", {}).get("path", "")).rstrip("/") for volume in pod["spec"].get("volumes", ())]
    image = any("device-plugin" in container["image"] for container in pod["spec"]["containers"])
    return image and _SOCKETS in paths and pod["status"].get("phase") == "Running"


def _node(pod: Mapping[str, Any]) -> str:
    return str(pod["spec"].get("nodeName", ""))


def _annotations(node: Mapping[str, Any]) -> Mapping[str, str]:
    annotations: Mapping[str, str] = node["metadata"].get("annotations", {})
    return annotations
