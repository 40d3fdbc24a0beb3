"""The storage classes that GKE makes in every cluster with its disk and Filestore drivers.

Its add-on manager makes them where they are missing, and leaves them as they were changed (mode EnsureExists).
(cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes, November 2026;
terraform-google-kubernetes-engine #526)
"""

from typing import Final

from rehearsal.providers.clouds.api import Api

_DISKS, _FILES = "pd.csi.storage.gke.io", "filestore.csi.storage.gke.io"
_CLASSES: Final = {
    "standard": ("kubernetes.io/gce-pd", {"type": "pd-standard"}),
    "standard-rwo": (_DISKS, {"type": "pd-balanced"}),
    "premium-rwo": (_DISKS, {"type": "pd-ssd"}),
    "standard-rwx": (_FILES, {"tier": "standard"}),
    "premium-rwx": (_FILES, {"tier": "premium"}),
    "zonal-rwx": (_FILES, {"tier": "zonal"}),
    "enterprise-rwx": (_FILES, {"tier": "enterprise"}),
    "enterprise-multishare-rwx": (_FILES, {"tier": "enterprise", "multishare": "true"}),
}
_DEFAULT: Final = "standard-rwo"
_PATH: Final = "/apis/storage.k8s.io/v1/storageclasses"


def bring_storage_classes(api: Api) -> None:
    """Make those that are not there."""
    for name, (driver, parameters) in _CLASSES.items():
        if api.get(f"{_PATH}/{name}"):
            continue
        default = {"storageclass.kubernetes.io/is-default-class": "true"} if name == _DEFAULT else {}
        metadata = {"name": name, "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}, "annotations": default}
        body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
        binding = "Immediate" if name == "standard" else "WaitForFirstConsumer"
        made = body | {"provisioner": driver, "parameters": parameters, "volumeBindingMode": binding}
        api.create(_PATH, made | {"allowVolumeExpansion": True})
