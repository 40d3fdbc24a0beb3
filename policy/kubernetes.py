"""Facts about Kubernetes kinds that several families of rules need (API of Kubernetes 1.36)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policy.model import Resource, Stack

_TEMPLATE: Final = ("spec", "template", "spec")
POD_SPECS: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
SYSTEM_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def pod_spec(resource: Resource) -> tuple[str, Mapping[str, Any]]:
    """The path and the content of the pod spec of a workload or pod."""
    keys = POD_SPECS[resource.kind]
    value: Any = resource.properties
    for key in keys:
        value = value.get(key) or {}
    return ".".join(keys), value


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and content of every container of a workload or pod, init containers first."""
    path, spec = pod_spec(resource)
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield f"{path}.{field}[{index}]", container


def is_tenant(namespace: Resource) -> bool:
    """Whether a Namespace is somebody's to work in, rather than Kubernetes' own."""
    return namespace.object_name not in SYSTEM_NAMESPACES


def in_namespace(namespace: Resource, stack: Stack, kind: str) -> Iterator[Resource]:
    """The objects of `kind` that the stack puts into a Namespace."""
    return stack.of_kind(kind, namespace=namespace.object_name)
