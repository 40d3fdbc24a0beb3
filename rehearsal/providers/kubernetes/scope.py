"""Whether a kind lives in namespaces: from what Kubernetes is, from the program's own CRDs, from the server."""

from typing import Final

from common.kinds import is_cluster_scoped
from rehearsal.providers.kubernetes.discovery import DiscoveryClient
from rehearsal.providers.kubernetes.objects import GroupVersionKind, Object, at, text_at
from rehearsal.providers.kubernetes.typed_form import is_built_in_group

_DEFAULT: Final = "default"


class Scopes:
    """Knows the scope of kinds. `crds` are remembered as they pass by, so that their kinds are known early."""

    def __init__(self) -> None:
        self._crds: dict[tuple[str, str], bool] = {}

    def remember(self, crd: Object) -> None:
        """Take note of the kind that a CustomResourceDefinition is about to define."""
        kind = text_at(crd, "spec", "group"), text_at(crd, "spec", "names", "kind")
        self._crds[kind] = at(crd, "spec", "scope") == "Namespaced"

    def namespaced(self, kind: GroupVersionKind, discovery: DiscoveryClient | None) -> bool:
        """Whether objects of `kind` have a namespace; unknown kinds count as if they had."""
        if is_built_in_group(kind.api_version):
            return not is_cluster_scoped(kind.api_version, kind.kind)
        if (kind.group, kind.kind) in self._crds:
            return self._crds[kind.group, kind.kind]
        resource = discovery.find(kind) if discovery else None
        return resource is None or resource.namespaced


def canonical(namespace: str) -> str:
    """`default` for an empty namespace."""
    return namespace or _DEFAULT
