"""Which kinds the API server knows, and where it serves them: aggregated discovery, read once and kept."""

import threading
from collections.abc import Iterator

from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes.api import ApiResource, ApiServer
from rehearsal.providers.kubernetes.objects import DISCOVERY, GroupVersionKind, Object, items_at, text_at


class UnknownKind(ProviderError):
    """The server does not know the kind, perhaps because its CRD is missing."""

    def __init__(self, kind: GroupVersionKind) -> None:
        super().__init__(f"no matches for kind {kind.kind!r} in version {kind.api_version!r}")


class DiscoveryClient:
    """The kinds of one API server. What was learnt stays until `reset`."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._resources: dict[GroupVersionKind, ApiResource] | None = None
        self._lock = threading.Lock()

    def find(self, kind: GroupVersionKind) -> ApiResource | None:
        """Where `kind` is served, as far as is known."""
        return self.known().get(kind)

    def resource(self, kind: GroupVersionKind) -> ApiResource:
        """Where `kind` is served. An unknown kind is looked up anew, for its CRD may be young."""
        found = self.find(kind)
        if found is None:
            self.reset()
            found = self.find(kind)
        if found is None:
            raise UnknownKind(kind)
        return found

    def reset(self) -> None:
        """Forget everything, so that the next question asks the server."""
        with self._lock:
            self._resources = None

    def known(self) -> dict[GroupVersionKind, ApiResource]:
        """Everything that the server serves."""
        with self._lock:
            if self._resources is None:
                self._resources = {
                    resource.kind: resource
                    for root in ("/api", "/apis")
                    for resource in _resources(root, self._api.get(root, DISCOVERY))
                }
            return self._resources


def _resources(root: str, document: Object) -> Iterator[ApiResource]:
    for group in items_at(document, "items"):
        name = text_at(group, "metadata", "name")
        for version in items_at(group, "versions"):
            prefix = "/".join(part for part in (root, name, text_at(version, "version")) if part)
            for entry in items_at(version, "resources"):
                kind = GroupVersionKind(name, text_at(version, "version"), text_at(entry, "responseKind", "kind"))
                yield ApiResource(kind, prefix, text_at(entry, "resource"), entry.get("scope") == "Namespaced")
