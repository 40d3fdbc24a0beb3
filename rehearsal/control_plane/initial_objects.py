"""The objects that every control plane has besides what Kubernetes makes itself: manifests/*.yaml."""

import re
import time
from pathlib import Path
from typing import Any

import httpx2
import yaml

from common.errors import ControlPlaneError, Problem
from rehearsal.control_plane.layout import Layout
from rehearsal.control_plane.pki import API_AUTHORITY

_MANIFESTS = Path(__file__).parent / "manifests"
_DEADLINE = 20.0  # seconds; the namespaces that Kubernetes makes itself come a moment after it is ready
_POLL = 0.05  # seconds
_NOT_FOUND = 404


def apply_initial_objects(layout: Layout, port: int) -> None:
    """Bring the objects to what manifests/*.yaml say; ControlPlaneError PK304 when the API server refuses."""
    with layout.pki.client(API_AUTHORITY, "super-admin", f"https://{layout.host}:{port}") as client:
        for file in sorted(_MANIFESTS.glob("*.yaml")):
            for manifest in yaml.safe_load_all(file.read_text()):
                if refusal := _apply(client, manifest):
                    raise ControlPlaneError(
                        Problem(
                            code="PK304",
                            summary=f"kube-apiserver does not take {manifest['kind']} {manifest['metadata']['name']}",
                            found=refusal,
                            remedy="start it again; if that does not help, delete the control plane first",
                        )
                    )


def _apply(client: httpx2.Client, manifest: dict[str, Any]) -> str:
    """What the API server has against `manifest`; nothing when it was applied."""
    metadata = manifest["metadata"]
    scope = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    plural = re.sub("y$", "ie", manifest["kind"].lower()) + "s"
    deadline = time.monotonic() + _DEADLINE
    while True:
        try:
            response = client.patch(
                f"/apis/{manifest['apiVersion']}{scope}/{plural}/{metadata['name']}",
                params={"fieldManager": "polykube", "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                content=yaml.safe_dump(manifest),
            )
        except httpx2.TransportError as error:
            return str(error)
        if response.is_success:
            return ""
        if response.status_code != _NOT_FOUND or time.monotonic() > deadline:
            return response.text
        time.sleep(_POLL)
