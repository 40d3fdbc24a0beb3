"""Which kinds of Kubernetes' own API have no namespace."""

from collections.abc import Mapping
from typing import Final

# As of v1.36, alpha and beta versions included; tests/rehearsal compares it with what an API server serves.
_CLUSTER_SCOPED: Final[Mapping[str, str]] = {
    "": "ComponentStatus Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
}
# Groups in which every kind that has objects has a namespace.
_OTHER_GROUPS: Final = frozenset(
    {"apps", "autoscaling", "batch", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy"}
)

# Kinds that clusters of a cloud have before a program does anything. A provider that cannot ask the cluster yet puts
# objects of kinds that it does not know into `default`.
_BROUGHT_BY_CLOUDS: Final[Mapping[str, str]] = {
    "gateway.networking.k8s.io": "GatewayClass",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
}


def is_brought_without_namespace(api_version: str, kind: str) -> bool:
    """Whether the kind is one that clouds bring, and its objects belong to the whole cluster."""
    return kind in _BROUGHT_BY_CLOUDS.get(api_version.rpartition("/")[0], "").split()


def is_of_kubernetes(group: str) -> bool:
    """Whether Kubernetes defines the group (empty: the core)."""
    return group in _CLUSTER_SCOPED.keys() | _OTHER_GROUPS


def is_cluster_scoped(api_version: str, kind: str) -> bool:
    """Whether Kubernetes defines the kind, and its objects belong to the whole cluster; custom kinds do not count."""
    group = api_version.rpartition("/")[0]
    return kind in _CLUSTER_SCOPED.get(group, "").split()


def is_namespaced(api_version: str, kind: str) -> bool:
    """Whether Kubernetes defines the group, and the kind belongs to a namespace; custom kinds do not count."""
    group = api_version.rpartition("/")[0]
    return is_of_kubernetes(group) and not is_cluster_scoped(api_version, kind)
