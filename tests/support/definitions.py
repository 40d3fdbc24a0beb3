"""Kinds of others' APIs, for tests of who reads such objects: definitions that take anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.api import Api, ApiError
from tests.support.polling import eventually

_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_BEGINNING: Final = 429  # the server's word for a kind whose store it is still making
_SCHEMA: Final = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


@contextmanager
def defined(api: Api, group: str, version: str, *kinds: str, deprecated: bool = False) -> Iterator[None]:
    """Namespaced `kinds` of a group, until the end of the block."""
    plurals = [f"{kind.lower()}s" for kind in kinds]
    for kind, plural in zip(kinds, plurals, strict=True):
        served = {"name": version, "served": True, "storage": True, "schema": _SCHEMA, "deprecated": deprecated}
        names = {"kind": kind, "plural": plural, "singular": kind.lower()}
        # Of the groups of Kubernetes' own community the server wants to be told that somebody approved.
        approved = {"api-approved.kubernetes.io": "unapproved, for tests"} if group.endswith(".k8s.io") else {}
        api.apply(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}", "annotations": approved},
                "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
            }
        )
        eventually(lambda plural=plural: _is_served(api, f"/apis/{group}/{version}/{plural}"), what=plural)  # type: ignore[misc]
    yield
    for plural in plurals:
        api.delete(f"{_PATH}/{plural}.{group}")
        api.until_gone(f"{_PATH}/{plural}.{group}")


def _is_served(api: Api, path: str) -> bool:
    try:
        return api.find(path) is not None
    except ApiError as refused:
        if refused.status != _BEGINNING:
            raise
        return False
