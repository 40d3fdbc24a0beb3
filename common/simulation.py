"""What the program of a local cluster and the control plane that plays its nodes agree on."""

import tomllib
from functools import cache
from typing import Final

from common.paths import CHECKOUT

# Only nodes with this label are played. Taking it away makes a node vanish, as a broken machine would; KWOK
# 0.8 would not notice that an annotation was taken away.
NODE_LABEL: Final = ("kwok.x-k8s.io/node", "fake")
# What a node has, as a JSON object of resource → quantity (rehearsal/control_plane/stages/node.yaml).
CAPACITY_ANNOTATION: Final = "polykube.dev/capacity"
# Volumes are played for the driver of any name that is not within Kubernetes (stages/volume.yaml); this is ours.
STORAGE_DRIVER: Final = "volumes.polykube.dev"
# The version of the kubelet that a node says it runs (stages/node.yaml); without it, KWOK says its own.
KUBELET_ANNOTATION: Final = "polykube.dev/kubelet-version"


@cache
def kubernetes_version() -> str:
    """The minor version of the embedded control plane, by the API server that `tools.lock` pins: `1.36`."""
    pinned: str = tomllib.loads((CHECKOUT / "tools.lock").read_text())["module"]["kubernetes"]["version"]
    return pinned.rpartition(".")[0]
