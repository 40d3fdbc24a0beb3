"""The Gateway API as GKE keeps it in clusters of the channel CHANNEL_STANDARD: its definitions, and its own classes.

GKE's are of a version that depends on the cluster's; here they are upstream's, of the pinned module. No controller
runs behind the classes: a Gateway gets no address.
(cloud.google.com/kubernetes-engine/docs/how-to/deploying-gateways, November 2026)
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from rehearsal.providers.clouds.api import Api
from rehearsal.providers.clouds.definitions import define
from rehearsal.toolchain.go import module_files

_MODULE: Final = "sigs.k8s.io/gateway-api@v1.6.0"
_KINDS: Final = ("gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants")
_CLASSES: Final = ("global-external-managed", "regional-external-managed", "gxlb", "rilb")
_CONTROLLER: Final = "networking.gke.io/gateway"
_API: Final = "gateway.networking.k8s.io"


def bring_gateway_api(api: Api) -> None:
    """Put definitions and classes into the cluster, or bring them to what they are to be."""
    for definition in _definitions():
        define(api, definition)
    for name in _CLASSES:
        body = {"apiVersion": f"{_API}/v1", "kind": "GatewayClass", "metadata": {"name": f"gke-l7-{name}"}}
        path = f"/apis/{_API}/v1/gatewayclasses/gke-l7-{name}"
        api.apply(path, body | {"spec": {"controllerName": _CONTROLLER}})


def _definitions() -> Iterator[Mapping[str, Any]]:
    directory = module_files(_MODULE) / "config" / "crd" / "standard"
    for kind in _KINDS:
        yield yaml.load((directory / f"{_API}_{kind}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
