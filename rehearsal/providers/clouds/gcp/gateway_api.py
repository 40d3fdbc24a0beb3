"""The Gateway API as GKE keeps it in clusters of the channel CHANNEL_STANDARD: its definitions, and its own classes.

GKE's are of a version that depends on the cluster's; here they are upstream's, of the pinned module. No controller
runs behind the classes: a Gateway gets no address.
(cloud.google.com/kubernetes-engine/docs/how-to/deploying-gateways, November 2026)
"""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.providers.clouds.api import Api
from rehearsal.toolchain.go import ensure_go

_MODULE: Final = "sigs.k8s.io/gateway-api@v1.6.0"
_KINDS: Final = ("gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants")
_CLASSES: Final = ("global-external-managed", "regional-external-managed", "gxlb", "rilb")
_CONTROLLER: Final = "networking.gke.io/gateway"
_API: Final = "gateway.networking.k8s.io"
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ESTABLISHED: Final = 30.0  # seconds
_POLL: Final = 0.1  # seconds


def bring_gateway_api(api: Api) -> None:
    """Put definitions and classes into the cluster, or bring them to what they are to be."""
    for definition in _definitions():
        path = f"{_DEFINITIONS}/{definition['metadata']['name']}"
        api.apply(path, definition)
        _until_established(api, path)
    for name in _CLASSES:
        body = {"apiVersion": f"{_API}/v1", "kind": "GatewayClass", "metadata": {"name": f"gke-l7-{name}"}}
        path = f"/apis/{_API}/v1/gatewayclasses/gke-l7-{name}"
        api.apply(path, body | {"spec": {"controllerName": _CONTROLLER}})


def _definitions() -> Iterator[Mapping[str, Any]]:
    command = [str(ensure_go().path), "mod", "download", "-json", _MODULE]
    module = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    directory = Path(module["Dir"], "config", "crd", "standard")
    for kind in _KINDS:
        yield yaml.load((directory / f"{_API}_{kind}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


def _until_established(api: Api, path: str) -> None:
    deadline = time.monotonic() + _ESTABLISHED
    while not _is_established(api.get(path)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} was not established within {_ESTABLISHED:.0f} s")
        time.sleep(_POLL)


def _is_established(definition: Mapping[str, Any] | None) -> bool:
    conditions = (definition or {}).get("status", {}).get("conditions") or ()  # null at first
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
