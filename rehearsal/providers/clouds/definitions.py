"""Kinds that clouds define in every cluster of theirs."""

import time
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.providers.clouds.api import Api

_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ESTABLISHED: Final = 30.0  # seconds
_POLL: Final = 0.1  # seconds
_SNAPSHOTS: Final = "snapshot.storage.k8s.io"


def define(api: Api, definition: Mapping[str, Any]) -> None:
    """Put a CustomResourceDefinition into the cluster, or bring it to what it is to be; its kind is served then."""
    path = f"{_DEFINITIONS}/{definition['metadata']['name']}"
    api.apply(path, definition)
    deadline = time.monotonic() + _ESTABLISHED
    while not _is_established(api.get(path)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} was not established within {_ESTABLISHED:.0f} s")
        time.sleep(_POLL)


def define_snapshots(api: Api) -> None:
    """The API of volume snapshots, as GKE and AKS have it with a controller, which is not played.

    Of external-snapshotter's schema (8.7) there are the classes' own fields; what else there is takes anything.
    """
    text = {"type": "string"}
    policy = {**text, "enum": ["Delete", "Retain"]}
    parameters = {"type": "object", "additionalProperties": text}
    own = {"driver": text, "deletionPolicy": policy, "parameters": parameters}
    define(api, _snapshot_kind("VolumeSnapshotClass", "volumesnapshotclasses", "Cluster", own, list(own)[:2]))
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    some = {"spec": anything, "status": anything}
    define(api, _snapshot_kind("VolumeSnapshotContent", "volumesnapshotcontents", "Cluster", some, ["spec"]))
    define(api, _snapshot_kind("VolumeSnapshot", "volumesnapshots", "Namespaced", some, ["spec"]))


def _snapshot_kind(
    kind: str, plural: str, scope: str, properties: Mapping[str, Any], required: list[str]
) -> dict[str, Any]:
    named = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {**named, **properties}, "required": required}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    if "status" in properties:
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{_SNAPSHOTS}",
            # Without it, nobody may define a kind in a group of Kubernetes' own.
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter"},
        },
        "spec": {
            "group": _SNAPSHOTS,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version],
        },
    }


def _is_established(definition: Mapping[str, Any] | None) -> bool:
    conditions = (definition or {}).get("status", {}).get("conditions") or ()  # null at first
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
