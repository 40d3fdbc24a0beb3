"""A plain client of an API server for tests: objects are dictionaries, places are paths.

api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}, "data": {}})
api.get("/api/v1/namespaces/b/configmaps/a")
api.until("/api/v1/nodes/n1", is_ready)
"""

import ssl
from base64 import b64decode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import yaml

from tests.support.polling import PATIENCE, eventually

Object: TypeAlias = dict[str, Any]

_NOT_FOUND = 404
_TOO_EARLY = 429  # also of a kind that was defined just now, whose storage is being made


class ApiError(Exception):
    """The API server refused: HTTP status and its own words."""

    def __init__(self, response: httpx2.Response) -> None:
        answer = response.json() if response.headers.get("Content-Type") == "application/json" else {}
        self.status = response.status_code
        self.message = str(answer.get("message", response.text))
        super().__init__(f"{response.request.method} {response.request.url.path}: {self.status} {self.message}")


class Api:
    """The cluster of a kubeconfig, as its user, as somebody else, or as nobody."""

    def __init__(self, kubeconfig: Path, *, anonymous: bool = False) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        tls = ssl.create_default_context(cadata=self.authority(kubeconfig))
        if not anonymous:
            tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self._client = httpx2.Client(base_url=cluster["server"], verify=tls, timeout=30, trust_env=False)
        self._headers: dict[str, str] = {}
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    @staticmethod
    def authority(kubeconfig: Path) -> str:
        """The certificate of the authority that vouches for the cluster, as PEM."""
        cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
        return b64decode(cluster["certificate-authority-data"]).decode()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def impersonating(self, user: str, group: str) -> "Api":
        """The same cluster, as `user` in `group`."""
        other = object.__new__(Api)
        other.__dict__ = self.__dict__ | {"_headers": {"Impersonate-User": user, "Impersonate-Group": group}}
        return other

    def request(self, method: str, path: str, content: Object | None = None, **headers: str) -> Object:
        """Any request; ApiError unless it succeeds."""
        response = self._client.request(method, path, json=content, headers=self._headers | headers)
        if not response.is_success:
            raise ApiError(response)
        return dict(response.json())

    def warnings(self, method: str, path: str, content: Object) -> list[str]:
        """What the API server warns of as it answers; ApiError unless it succeeds (RFC 7234, header Warning)."""
        response = self._client.request(method, path, json=content, headers=self._headers)
        if not response.is_success:
            raise ApiError(response)
        return response.headers.get_list("Warning")

    def get(self, path: str) -> Object:
        """The object at `path`."""
        return self.request("GET", path)

    def find(self, path: str) -> Object | None:
        """The object at `path`, or None when there is none."""
        try:
            return self.get(path)
        except ApiError as refused:
            if refused.status != _NOT_FOUND:
                raise
            return None

    def list(self, path: str) -> list[Object]:
        """The objects of the collection at `path` (which may end with `?labelSelector=…`)."""
        answer = self.get(path)
        kind = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
        return [kind | item for item in answer["items"]]  # items of a list do not say what they are

    def post(self, path: str, manifest: Object) -> Object:
        """Create `manifest` in the collection at `path`."""
        return self.request("POST", path, manifest)

    def merge(self, path: str, patch: Object) -> Object:
        """Merge `patch` into the object at `path`; None as a value removes."""
        return self.request("PATCH", path, patch, **{"Content-Type": "application/merge-patch+json"})

    def delete(self, path: str) -> None:
        """Delete the object at `path`; that it goes may take a while."""
        self.request("DELETE", path)

    def apply(self, *manifests: Object) -> None:
        """Bring each of `manifests` about (server-side apply), in their order."""
        for manifest in manifests:
            place = f"{self.path(manifest)}?fieldManager=tests&force=true"
            self.request("PATCH", place, manifest, **{"Content-Type": "application/apply-patch+yaml"})

    def path(self, manifest: Object) -> str:
        """Where `manifest` stands, by its own word and by the server's discovery."""
        version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._plurals:
            for resource in self.get(root)["resources"]:
                self._plurals.setdefault((version, resource["kind"]), (resource["name"], resource["namespaced"]))
        plural, namespaced = self._plurals[version, kind]
        scope = f"/namespaces/{metadata.get('namespace', 'default')}" if namespaced else ""
        return f"{root}{scope}/{plural}/{metadata['name']}"

    def until(self, path: str, condition: Callable[[Object], object], timeout: float = PATIENCE) -> Object:
        """The object (or list) at `path` once it exists and `condition` holds; AssertionError after `timeout`."""
        last: list[Object | None] = [None]

        def probe() -> Object | None:
            try:
                last[0] = self.find(path)
            except ApiError as refused:
                if refused.status != _TOO_EARLY:
                    raise
                return None
            return last[0] if last[0] and condition(last[0]) else None

        try:
            return eventually(probe, timeout, path)
        except AssertionError as late:
            raise AssertionError(f"{late}; the object: {yaml.safe_dump(last[0])}") from None

    def until_gone(self, path: str, timeout: float = PATIENCE) -> None:
        """Return when there is nothing at `path` any more; AssertionError after `timeout` seconds."""
        eventually(lambda: self.find(path) is None, timeout, f"{path} to be gone")


def condition(manifest: Object, kind: str) -> str:
    """The status of the condition `kind` of an object: True, False, Unknown, or nothing."""
    conditions: Iterable[Object] = manifest.get("status", {}).get("conditions", ())
    return next((str(c["status"]) for c in conditions if c["type"] == kind), "")


def takes_pods(node: Object) -> bool:
    """Whether a node is ready and has no taint."""
    return is_ready(node) and not node["spec"].get("taints")


def is_ready(manifest: Object) -> bool:
    """Whether the condition Ready is True."""
    return condition(manifest, "Ready") == "True"
