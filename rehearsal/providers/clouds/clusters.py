"""The API server behind a rehearsed cluster: an embedded control plane of the rehearsal's own.

It is reached as the cloud's would be, by endpoint and certificate authority; the credential that the stubs of
the clouds' exec plugins hand out is its administrator's (rehearsal/exec_plugins.py).
"""

import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from common.files import write_atomically
from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.providers.clouds.store import rehearsal_directory
from rehearsal.toolchain import CONTROL_PLANE, ensure

CREDENTIAL: Final = "credential.json"
AUTHORITIES: Final = "authorities.pem"
"""What the rehearsal's programs trust: clouds give some endpoints a certificate that everybody does."""
_API_VERSION: Final = "client.authentication.k8s.io/v1beta1"
_TIMEOUT: Final = 30.0  # seconds


@dataclass(frozen=True)
class Access:
    """Where the API server is; `authority` is its CA certificate, base64."""

    endpoint: str
    authority: str


def start(name: str) -> Access:
    """Start the control plane of the cluster `name`, and let the exec plugins hand out its credential."""
    binaries = Binaries.by_name({tool: found.path for tool, found in ensure(CONTROL_PLANE).items()})
    plane = ControlPlane(name, binaries)
    plane.start()
    user, cluster = _user_and_cluster(plane)
    credential = {
        "apiVersion": _API_VERSION,
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": Path(user["client-certificate"]).read_text(),
            "clientKeyData": Path(user["client-key"]).read_text(),
        },
    }
    write_atomically(rehearsal_directory() / CREDENTIAL, json.dumps(credential), mode=0o600)
    with (rehearsal_directory() / AUTHORITIES).open("ab") as trusted:
        trusted.write(base64.b64decode(cluster["certificate-authority-data"]))
    return access(name)


def access(name: str) -> Access:
    """How the API server of the running cluster `name` is reached."""
    _, cluster = _user_and_cluster(ControlPlane(name))
    return Access(cluster["server"], cluster["certificate-authority-data"])


def stop(name: str) -> None:
    """Stop the control plane and remove what it kept."""
    ControlPlane(name).delete()


class Api:
    """The API server of the cluster `name`, as its administrator."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def list(self, path: str) -> list[dict[str, Any]]:
        """The items of a collection."""
        items: list[dict[str, Any]] = self._ask("GET", path)["items"]
        return items

    def get(self, path: str) -> dict[str, Any] | None:
        """The object, if it is there."""
        response = self._client.get(path)
        return None if response.status_code == httpx.codes.NOT_FOUND else dict(response.raise_for_status().json())

    def apply(self, path: str, manifest: Mapping[str, Any]) -> None:
        """Bring an object to what the manifest says, making it if need be."""
        options = {"fieldManager": "polykube-rehearsal", "force": "true"}
        self._patch("apply-patch+yaml", path, manifest, options)

    def merge(self, path: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of an object."""
        self._patch("merge-patch+json", path, changes, {})

    def create(self, path: str, manifest: Mapping[str, Any]) -> bool:
        """Create an object (an eviction, for one); False when the API server does not allow it now."""
        response = self._client.post(path, json=manifest)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return False
        if response.status_code != httpx.codes.NOT_FOUND:
            response.raise_for_status()
        return True

    def delete(self, path: str) -> None:
        """Delete an object, unless it is gone already."""
        response = self._client.delete(path)
        if response.status_code != httpx.codes.NOT_FOUND:
            response.raise_for_status()

    def _patch(self, kind: str, path: str, content: Mapping[str, Any], options: Mapping[str, str]) -> None:
        headers = {"Content-Type": f"application/{kind}"}
        self._client.patch(path, params=options, headers=headers, content=json.dumps(content)).raise_for_status()

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        return dict(self._client.request(method, path).raise_for_status().json())


@contextmanager
def api(name: str) -> Iterator[Api | None]:
    """The API server of the cluster `name`; None when it does not run (any more)."""
    plane = ControlPlane(name)
    if not plane.kubeconfig.is_file():
        yield None
        return
    user, cluster = _user_and_cluster(plane)
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    with httpx.Client(base_url=cluster["server"], verify=context, timeout=_TIMEOUT, trust_env=False) as client:
        yield Api(client)


def _user_and_cluster(plane: ControlPlane) -> tuple[Mapping[str, str], Mapping[str, str]]:
    config = yaml.safe_load(plane.kubeconfig.read_text())
    return config["users"][0]["user"], config["clusters"][0]["cluster"]


def is_ready(node: Mapping[str, Any] | None) -> bool:
    """Whether a node is there and takes pods."""
    conditions = (node or {}).get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
