"""StorageClasses that clouds bring into every cluster of theirs.

A program that wants one of these names for a class of its own finds that it is taken, and one that makes a default of
its own has two. The clouds' add-on managers make a class again when it is gone, and leave it alone otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.providers.clouds.api import Api


@dataclass(frozen=True)
class BroughtClass:
    """A StorageClass as a cloud brings it."""

    name: str
    provisioner: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    default: bool = False
    binds: str = "WaitForFirstConsumer"
    reclaims: str = "Delete"
    expands: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """The StorageClass object."""
        marks = {"storageclass.kubernetes.io/is-default-class": "true"} if self.default else {}
        return {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": self.name, "annotations": marks, "labels": dict(self.labels)},
            "provisioner": self.provisioner,
            "parameters": dict(self.parameters),
            "volumeBindingMode": self.binds,
            "reclaimPolicy": self.reclaims,
            "allowVolumeExpansion": self.expands,
        }


def bring(api: Api, classes: Iterable[BroughtClass]) -> None:
    """Have these classes in a cluster, each as it is brought unless there is one of its name."""
    for each in classes:
        path = f"/apis/storage.k8s.io/v1/storageclasses/{each.name}"
        if api.get(path) is None:
            api.apply(path, each.manifest())
