"""The few requests that stand-in clouds make to the API servers of their clusters."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    import httpx2

_TIMEOUT: Final = 30.0  # seconds


class Api:
    """An API server."""

    def __init__(self, client: "httpx2.Client") -> None:
        self._client = client

    @classmethod
    @contextmanager
    def connected(cls, address: str, authority: str, identity: tuple[str, str]) -> Iterator[Self]:
        """The API server at `address`, by its CA (PEM) and the files of a certificate and its key."""
        import httpx2

        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(*identity)
        with httpx2.Client(base_url=address, verify=context, timeout=_TIMEOUT, trust_env=False) as client:
            yield cls(client)

    def list(self, path: str) -> list[dict[str, Any]]:
        """The items of a collection."""
        items: list[dict[str, Any]] = self._client.get(path).raise_for_status().json()["items"]
        return items

    def get(self, path: str, accept: str = "application/json") -> dict[str, Any] | None:
        """The object, if it is there."""
        response = self._client.get(path, headers={"Accept": accept})
        return None if response.status_code == HTTPStatus.NOT_FOUND else dict(response.raise_for_status().json())

    def apply(self, path: str, manifest: Mapping[str, Any]) -> None:
        """Bring an object to what the manifest says, making it if need be."""
        options = {"fieldManager": "polykube-rehearsal", "force": "true"}
        self._patch("apply-patch+yaml", path, manifest, options)

    def merge(self, path: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of an object."""
        self._patch("merge-patch+json", path, changes, {})

    def create(self, path: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object; what the API server made of it comes back."""
        return dict(self._client.post(path, json=manifest).raise_for_status().json())

    def evict(self, namespace: str, pod: str) -> None:
        """Ask a pod to go; whether it may is for its disruption budget to say."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        response = self._client.post(f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", json=eviction)
        if response.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.NOT_FOUND):
            response.raise_for_status()

    def delete(self, path: str) -> None:
        """Delete an object, unless it is gone already."""
        response = self._client.delete(path)
        if response.status_code != HTTPStatus.NOT_FOUND:
            response.raise_for_status()

    def _patch(self, kind: str, path: str, content: Mapping[str, Any], options: Mapping[str, str]) -> None:
        headers = {"Content-Type": f"application/{kind}"}
        self._client.patch(path, params=options, headers=headers, content=json.dumps(content)).raise_for_status()


def is_ready(node: Mapping[str, Any] | None) -> bool:
    """Whether a node is there and takes pods."""
    conditions = (node or {}).get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
