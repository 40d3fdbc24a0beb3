"""Which kinds Kubernetes' own API serves, by version: what a manifest may say, and what it may no more.

Stable versions of namespaced kinds, and what was or will be removed, are of k8s.io/api v0.36.3
(zz_generated.prerelease-lifecycle.go of each group), PodSecurityPolicy, CustomResourceDefinition and APIService of
kubernetes.io/docs/reference/using-api/deprecation-guide (November 2026). Whether a cluster
serves what is not stable yet, its flags say, so that nothing is said of that here.
"""

from collections.abc import Mapping
from typing import Final

from common.kinds import is_cluster_scoped, is_of_kubernetes

_SERVED: Final[Mapping[str, str]] = {
    "v1": "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "resource.k8s.io/v1": "ResourceClaim ResourceClaimTemplate",
    "storage.k8s.io/v1": "CSIStorageCapacity",
}
NEWEST: Final = "1.36"
"""The newest minor version that this knows; what is removed after it has been announced."""
_GUIDE: Final = "kubernetes.io/docs/reference/using-api/deprecation-guide says what changed with it."
_AR: Final = "admissionregistration.k8s.io/v1"
_DRA: Final = "resource.k8s.io/v1"
_FLOW: Final = "flowcontrol.apiserver.k8s.io/v1"
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_TABLE: Final = (  # apiVersion, minor version without it, kinds, where they are instead
    ("admissionregistration.k8s.io/v1alpha1", 32, "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", _AR),
    ("admissionregistration.k8s.io/v1alpha1", 38, "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", _AR),
    ("admissionregistration.k8s.io/v1beta1", 22, "MutatingWebhookConfiguration ValidatingWebhookConfiguration", _AR),
    ("admissionregistration.k8s.io/v1beta1", 34, "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", _AR),
    ("admissionregistration.k8s.io/v1beta1", 40, "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", _AR),
    ("apiextensions.k8s.io/v1beta1", 22, "CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", 22, "APIService", "apiregistration.k8s.io/v1"),
    ("apps/v1beta1", 16, "ControllerRevision Deployment StatefulSet", "apps/v1"),
    ("apps/v1beta2", 16, "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", "apps/v1"),
    ("autoscaling/v2beta1", 25, "HorizontalPodAutoscaler", "autoscaling/v2"),
    ("autoscaling/v2beta2", 26, "HorizontalPodAutoscaler", "autoscaling/v2"),
    ("batch/v2alpha1", 21, "CronJob", "batch/v1"),
    ("batch/v1beta1", 25, "CronJob", "batch/v1"),
    ("certificates.k8s.io/v1alpha1", 37, "ClusterTrustBundle", "certificates.k8s.io/v1beta1"),
    ("certificates.k8s.io/v1beta1", 22, "CertificateSigningRequest", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1alpha2", 38, "LeaseCandidate", "coordination.k8s.io/v1beta1"),
    ("coordination.k8s.io/v1beta1", 22, "Lease", "coordination.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", 25, "EndpointSlice", "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", 25, "Event", "events.k8s.io/v1"),
    ("extensions/v1beta1", 16, "DaemonSet Deployment ReplicaSet", "apps/v1"),
    ("extensions/v1beta1", 16, "NetworkPolicy", "networking.k8s.io/v1"),
    ("extensions/v1beta1", 22, "Ingress", "networking.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", 26, "FlowSchema PriorityLevelConfiguration", _FLOW),
    ("flowcontrol.apiserver.k8s.io/v1beta2", 29, "FlowSchema PriorityLevelConfiguration", _FLOW),
    ("flowcontrol.apiserver.k8s.io/v1beta3", 32, "FlowSchema PriorityLevelConfiguration", _FLOW),
    ("networking.k8s.io/v1beta1", 22, "Ingress IngressClass", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", 37, "IPAddress ServiceCIDR", "networking.k8s.io/v1"),
    ("node.k8s.io/v1beta1", 25, "RuntimeClass", "node.k8s.io/v1"),
    ("policy/v1beta1", 25, "PodDisruptionBudget", "policy/v1"),
    ("policy/v1beta1", 25, "PodSecurityPolicy", ""),
    ("rbac.authorization.k8s.io/v1beta1", 22, "ClusterRole ClusterRoleBinding Role RoleBinding", _RBAC),
    ("resource.k8s.io/v1beta1", 38, "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", _DRA),
    ("resource.k8s.io/v1beta2", 39, "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice", _DRA),
    ("scheduling.k8s.io/v1beta1", 22, "PriorityClass", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", 24, "CSIStorageCapacity VolumeAttachment", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", 35, "VolumeAttributesClass", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", 22, "CSIDriver CSINode StorageClass VolumeAttachment", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", 27, "CSIStorageCapacity", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", 37, "VolumeAttributesClass", "storage.k8s.io/v1"),
)
REMOVED: Final = {
    (api_version, kind): (minor, instead) for api_version, minor, kinds, instead in _TABLE for kind in kinds.split()
}
"""By apiVersion and kind: the minor version of Kubernetes that does not serve it any more, and where it is instead."""
STABLE: Final = frozenset((version, kind) for version, kinds in _SERVED.items() for kind in kinds.split())
"""apiVersion and kind of all that is stable."""


def removed(api_version: str, kind: str) -> tuple[int, str] | None:
    """The minor version of Kubernetes that no longer has the kind under `api_version`, and where it is instead."""
    return REMOVED.get((api_version, kind))


def instead_of_removed(instead: str) -> str:
    """What to do about an object of a removed kind, which is at `instead` now; empty where it is gone for good."""
    return f"Write apiVersion: {instead}; {_GUIDE}" if instead else f"Remove it; {_GUIDE}"


def is_unknown(api_version: str, kind: str) -> bool:
    """Whether a group of Kubernetes has no such kind: an unstable one is not unknown, nor is one of another group."""
    group, _, version = api_version.rpartition("/")
    if removed(api_version, kind) or is_cluster_scoped(api_version, kind):
        return False
    if not is_of_kubernetes(group):
        return group == "extensions"
    return (api_version, kind) not in STABLE and not ("alpha" in version or "beta" in version)
