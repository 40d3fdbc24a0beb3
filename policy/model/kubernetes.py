"""Facts about Kubernetes kinds that several families of rules need (API of Kubernetes 1.36)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policy.model.resource import Resource
from policy.model.stack import Stack

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


def pod_template(resource: Resource) -> Mapping[str, Any]:
    """The pod template of a workload; a pod is its own."""
    value: Any = resource.properties
    for key in POD_SPECS[resource.kind][:-1]:
        value = value.get(key) or {}
    template: Mapping[str, Any] = value
    return template


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and content of every container of a workload or pod, init containers first."""
    path, spec = pod_spec(resource)
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield f"{path}.{field}[{index}]", container


def not_made_by_others(resources: Sequence[Resource]) -> Iterator[Resource]:
    """Of the objects of a namespace, those that none of them makes: an export has Deployments, ReplicaSets and Pods."""
    names = {(it.kind, it.object_name) for it in resources if it.kind in POD_SPECS}
    claims = {name for it in resources if it.kind == "StatefulSet" for name in _claims_of(it)}
    for resource in resources:
        if resource.kind in POD_SPECS:
            made = _controller(resource) in names
        else:
            made = resource.kind == "PersistentVolumeClaim" and resource.object_name.rpartition("-")[0] in claims
        if not made:
            yield resource


def _controller(resource: Resource) -> tuple[str, str] | None:
    """Kind and name of the object that makes and replaces another."""
    owners = resource.metadata.get("ownerReferences") or ()
    return next(((str(it.get("kind")), str(it.get("name"))) for it in owners if it.get("controller")), None)


def _claims_of(stateful_set: Resource) -> Iterator[str]:
    """How the names of the volume claims begin that a StatefulSet makes."""
    for template in stateful_set.spec.get("volumeClaimTemplates") or ():
        yield f"{(template.get('metadata') or {}).get('name')}-{stateful_set.object_name}"


def configures(api_version: str) -> bool:
    """Whether documents of an API are for kubeadm, kubelets and their like: no objects, and so without metadata."""
    return api_version.partition("/")[0].endswith(("kubeadm.k8s.io", ".config.k8s.io"))


def is_system(namespace: str) -> bool:
    """Whether a namespace is for what Kubernetes itself runs; `default` is for anybody."""
    return namespace.startswith("kube-")


def is_tenant(namespace: Resource) -> bool:
    """Whether a Namespace is somebody's to work in, rather than Kubernetes' own."""
    return namespace.object_name not in SYSTEM_NAMESPACES


def in_namespace(namespace: Resource, stack: Stack, kind: str) -> Iterator[Resource]:
    """The objects of `kind` that the stack puts into a Namespace."""
    return stack.of_kind(kind, namespace=namespace.object_name)
