"""Which changed properties force a replacement, by kind.

The official provider's table (provider/pkg/provider/diff.go, 4.32): immutable fields, and some that it
prefers to replace. A path matches what lies under it; `*` matches any list item.
"""

from typing import Any, Final, TypeAlias

from rehearsal.providers.kubernetes.objects import Object, at, is_core, kind_of
from rehearsal.providers.kubernetes.settings import Settings

Path: TypeAlias = tuple[str | int, ...]


def _paths(text: str, prefix: str = "") -> tuple[Path, ...]:
    return tuple(tuple((prefix + name).split(".")) for name in text.split())


_IDENTITY: Final = _paths("metadata.name metadata.namespace")
_SELECTOR: Final = _paths("spec.selector")
_ROLE_BINDING: Final = _paths("roleRef")
_CONTAINER: Final = """
    args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext
    stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir
"""
_POD: Final = _paths(
    """
    affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork
    hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName
    readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName
    shareProcessNamespace subdomain terminationGracePeriodSeconds volumes
    """,
    "spec.",
)
_VOLUME_SOURCES: Final = """
    awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs
    hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume
"""
_BY_KIND: Final = {
    "v1/PersistentVolume": _paths(_VOLUME_SOURCES, "spec."),
    "v1/PersistentVolumeClaim": _paths("accessModes selector storageClassName volumeName", "spec."),
    "v1/Pod": _POD + _paths(_CONTAINER, "spec.containers.*.") + _paths(_CONTAINER, "spec.initContainers.*."),
    "v1/ResourceQuota": _paths("spec.scopes"),
    "v1/Service": _paths("spec.clusterIP"),
    "apps/v1/DaemonSet": _SELECTOR,
    "apps/v1/Deployment": _SELECTOR,
    "apps/v1/StatefulSet": _paths(
        "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates", "spec."
    ),
    "batch/v1/Job": _paths("completions parallelism selector template", "spec."),
    "policy/v1beta1/PodDisruptionBudget": _paths("spec"),
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": _ROLE_BINDING,
    "rbac.authorization.k8s.io/v1/RoleBinding": _ROLE_BINDING,
    "storage.k8s.io/v1/StorageClass": _paths("parameters provisioner"),
}


def forcing_paths(obj: Object, settings: Settings, *, patch: bool) -> tuple[Path, ...]:
    """The paths that force a replacement of `obj`; for a Patch, only those of the object's identity."""
    return _IDENTITY if patch else _IDENTITY + _by_kind(obj, settings)


def _by_kind(obj: Object, settings: Settings) -> tuple[Path, ...]:
    fixed = at(obj, "immutable") is True
    if is_core(obj, "Secret"):
        return _paths("type") if settings.mutable_secrets and not fixed else _paths("type stringData data")
    if is_core(obj, "ConfigMap"):
        return () if settings.mutable_config_maps and not fixed else _paths("binaryData data")
    return _BY_KIND.get(str(kind_of(obj)), ())


def forces(changed: Path, value: Any, forcing: tuple[Path, ...]) -> bool:
    """Whether a change at path `changed` to `value` (None for a removal) touches one of the `forcing` paths."""
    return any(_touches(changed, value, path) for path in forcing)


def _touches(changed: Path, value: Any, forcing: Path) -> bool:
    for step, wanted in zip(changed, forcing, strict=False):
        if step != wanted and not (wanted == "*" and isinstance(step, int)):
            return False
    return _holds(value, forcing[len(changed) :])


def _holds(value: Any, path: Path) -> bool:
    """Whether `value` has something at `path`; a whole subtree that is added brings all that is in it."""
    if not path:
        return True
    if isinstance(value, dict):
        return path[0] in value and _holds(value[path[0]], path[1:])
    return path[0] == "*" and isinstance(value, list) and any(_holds(item, path[1:]) for item in value)
