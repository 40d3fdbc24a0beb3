"""What a stack's choices change in upstream's rendering. A field that upstream has moved is a KeyError, not ignored."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from components.addons.ingress.classic import MESH_CONFIG
from components.addons.ingress.spec import NAMESPACE as INGRESS
from components.addons.istio.mesh import mesh_config
from components.addons.istio.spec import IstioSpec
from components.addons.rendered import Manifest, size, spread
from components.addons.workloads import CPU_BURST
from components.naming import MANAGED_BY_LABEL, PROJECT
from components.platform.place import LEAF_ANNOTATIONS

# Thousandths of a CPU, MiB: istiod alone in a small cluster, one of several (upstream's), the plugin, a node's proxy.
_ALONE: Final = (100, 256)
_ONE_OF_SEVERAL: Final = (500, 2048)
_PLUGIN: Final = (100, 128)
_NODE_PROXY: Final = (200, 512)


@dataclass(frozen=True)
class Choices:
    """What the rendering depends on: the options, the copies of istiod, whether there is a collector, and where nodes
    have their network plugins; the cluster's name counts in a mesh of several. `classic` has istiod read Ingresses."""

    spec: IstioSpec
    replicas: int
    traced: bool
    plugins: str
    cluster: str = ""
    classic: bool = False


def laid_over(manifest: Manifest, choices: Choices) -> Manifest | None:
    """The object as this stack has it; None for one that it does not have. `manifest` is changed."""
    manifest["metadata"]["labels"][MANAGED_BY_LABEL] = PROJECT
    key = manifest["kind"], manifest["metadata"]["name"].removesuffix("-canary")
    if manifest["kind"] not in ("Deployment", "DaemonSet"):
        manifest["metadata"].setdefault("annotations", {}).update(LEAF_ANNOTATIONS)
    if key == ("HorizontalPodAutoscaler", "istiod") and choices.replicas == 1:
        return None
    change = _CHANGES.get(key)
    if change:
        change(manifest, choices)
    return manifest


def _istiod(manifest: Manifest, choices: Choices) -> None:
    pod = manifest["spec"]["template"]["spec"]
    if choices.spec.mesh:
        (named,) = (each for each in pod["containers"][0]["env"] if each["name"] == "CLUSTER_ID")
        named["value"] = choices.cluster
    if choices.classic:
        pod["containers"][0]["env"].append({"name": "K8S_INGRESS_NS", "value": INGRESS})
    size(pod["containers"][0], *(_ALONE if choices.replicas == 1 else _ONE_OF_SEVERAL))
    pod["tolerations"].append({"key": "CriticalAddonsOnly", "operator": "Exists"})
    spread(manifest)


def _autoscaler(manifest: Manifest, choices: Choices) -> None:
    manifest["spec"]["minReplicas"] = choices.replicas


def _plugin(manifest: Manifest, choices: Choices) -> None:
    pod = manifest["spec"]["template"]["spec"]
    size(pod["containers"][0], *_PLUGIN)
    (volume,) = (each for each in pod["volumes"] if each["name"] == "cni-bin-dir")
    volume["hostPath"]["path"] = choices.plugins


def _node_proxy(manifest: Manifest, choices: Choices) -> None:
    del choices
    size(manifest["spec"]["template"]["spec"]["containers"][0], *_NODE_PROXY)


def _mesh(manifest: Manifest, choices: Choices) -> None:
    config = yaml.safe_load(manifest["data"]["mesh"]) | mesh_config(choices.spec, traced=choices.traced)
    if choices.classic:
        config |= MESH_CONFIG
    if choices.spec.mesh:
        config["defaultConfig"]["meshId"] = choices.spec.mesh.id
    manifest["data"]["mesh"] = yaml.safe_dump(config)


def _injector(manifest: Manifest, choices: Choices) -> None:
    values = json.loads(manifest["data"]["values"])
    sidecar = choices.spec.sidecar
    resources = {
        "requests": {"cpu": str(sidecar.cpu), "memory": str(sidecar.memory)},
        "limits": {"cpu": str(sidecar.cpu * CPU_BURST), "memory": str(sidecar.memory)},
    }
    for of_tenants in ("proxy", "waypoint"):
        values["global"][of_tenants]["resources"] = resources
    if mesh := choices.spec.mesh:
        values["global"] |= {"meshID": mesh.id, "network": mesh.network}
        values["global"]["multiCluster"]["clusterName"] = choices.cluster
    manifest["data"]["values"] = json.dumps(values, indent=1)


_CHANGES: Final[Mapping[tuple[str, str], Callable[[Manifest, Choices], None]]] = {
    ("Deployment", "istiod"): _istiod,
    ("HorizontalPodAutoscaler", "istiod"): _autoscaler,
    ("DaemonSet", "istio-cni-node"): _plugin,
    ("DaemonSet", "ztunnel"): _node_proxy,
    ("ConfigMap", "istio"): _mesh,
    ("ConfigMap", "istio-sidecar-injector"): _injector,
}
