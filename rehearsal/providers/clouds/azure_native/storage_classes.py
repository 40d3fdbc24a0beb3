"""The storage classes that AKS makes in every cluster with its disk and file drivers.

(learn.microsoft.com/azure/aks/concepts-storage, November 2026.) Its add-on manager makes one again when it is gone, and
leaves it alone otherwise (EnsureExists).
"""

from typing import Any, Final

from rehearsal.providers.clouds.storage_classes import BroughtClass

_LABELS: Final = {"addonmanager.kubernetes.io/mode": "EnsureExists", "kubernetes.io/cluster-service": "true"}


def _disks(name: str, sku: str, **options: Any) -> BroughtClass:
    return BroughtClass(name, "disk.csi.azure.com", {"skuname": sku}, labels=_LABELS, **options)


def _files(name: str, sku: str) -> BroughtClass:
    return BroughtClass(name, "file.csi.azure.com", {"skuName": sku}, binds="Immediate", labels=_LABELS)


CLASSES: Final = (
    _disks("default", "StandardSSD_LRS", default=True),
    _disks("managed", "StandardSSD_LRS"),
    _disks("managed-premium", "Premium_LRS"),
    _disks("managed-csi", "StandardSSD_LRS"),
    _disks("managed-csi-premium", "Premium_LRS"),
    _files("azurefile", "Standard_LRS"),
    _files("azurefile-premium", "Premium_LRS"),
    _files("azurefile-csi", "Standard_LRS"),
    _files("azurefile-csi-premium", "Premium_LRS"),
)
