"""The storage classes that GKE makes in every cluster with its disk and Filestore drivers.

(cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes, November 2026;
terraform-google-kubernetes-engine #526)
"""

from typing import Final

from rehearsal.providers.clouds.storage_classes import BroughtClass

_DISKS, _FILES = "pd.csi.storage.gke.io", "filestore.csi.storage.gke.io"
_LABELS: Final = {"addonmanager.kubernetes.io/mode": "EnsureExists"}

CLASSES: Final = (
    BroughtClass("standard", "kubernetes.io/gce-pd", {"type": "pd-standard"}, binds="Immediate", labels=_LABELS),
    BroughtClass("standard-rwo", _DISKS, {"type": "pd-balanced"}, default=True, labels=_LABELS),
    BroughtClass("premium-rwo", _DISKS, {"type": "pd-ssd"}, labels=_LABELS),
    BroughtClass("standard-rwx", _FILES, {"tier": "standard"}, labels=_LABELS),
    BroughtClass("premium-rwx", _FILES, {"tier": "premium"}, labels=_LABELS),
    BroughtClass("zonal-rwx", _FILES, {"tier": "zonal"}, labels=_LABELS),
    BroughtClass("enterprise-rwx", _FILES, {"tier": "enterprise"}, labels=_LABELS),
    BroughtClass("enterprise-multishare-rwx", _FILES, {"tier": "enterprise", "multishare": "true"}, labels=_LABELS),
)
