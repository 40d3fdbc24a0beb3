"""Who may do what in a tenant's namespace, and what its pods get by default."""

from collections.abc import Iterator, Sequence
from typing import Final

import pulumi
import pulumi_kubernetes as kubernetes

from components.platform.place import Place

_API_GROUP: Final = "rbac.authorization.k8s.io"
_WRITE: Final = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_READ: Final = ["get", "list", "watch"]

# What developers need day by day. Not among it: quotas, limits, network policies and roles, which bound them,
# and Secrets' use for other service accounts (no impersonation, no binding of roles).
_DEVELOPER_RULES: Final[Sequence[tuple[str, Sequence[str], Sequence[str]]]] = (
    ("", ("pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"), _WRITE),
    ("", ("pods/log", "pods/status", "events", "endpoints", "resourcequotas", "limitranges"), _READ),
    ("", ("pods/exec", "pods/portforward", "pods/attach"), ["create", "get"]),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets"), _WRITE),
    ("apps", ("deployments/scale", "statefulsets/scale"), ["get", "patch", "update"]),
    ("batch", ("jobs", "cronjobs"), _WRITE),
    ("autoscaling", ("horizontalpodautoscalers",), _WRITE),
    ("policy", ("poddisruptionbudgets",), _WRITE),
    ("networking.k8s.io", ("ingresses",), _WRITE),
    ("networking.k8s.io", ("networkpolicies",), _READ),
    ("discovery.k8s.io", ("endpointslices",), _READ),
    ("events.k8s.io", ("events",), _READ),
)


def make_access(group: str, place: Place) -> Iterator[pulumi.Resource]:
    """The Role `developer` and its binding to `group`."""
    role = kubernetes.rbac.v1.Role(
        place.logical("developer"),
        metadata=place.metadata("developer"),
        rules=[
            kubernetes.rbac.v1.PolicyRuleArgs(api_groups=[api_group], resources=list(resources), verbs=list(verbs))
            for api_group, resources, verbs in _DEVELOPER_RULES
        ],
        opts=place.options(),
    )
    yield role
    yield kubernetes.rbac.v1.RoleBinding(
        place.logical("developer"),
        metadata=place.metadata("developer"),
        role_ref=kubernetes.rbac.v1.RoleRefArgs(api_group=_API_GROUP, kind="Role", name="developer"),
        subjects=[kubernetes.rbac.v1.SubjectArgs(api_group=_API_GROUP, kind="Group", name=group)],
        opts=place.depends_on(role).options(),
    )


def restrict_default_service_account(image_pull_secrets: Sequence[str], place: Place) -> pulumi.Resource:
    """Give the namespace's default ServiceAccount the pull secrets, and its pods no token of the API.

    Kubernetes makes the account, so this is a patch. Pods that talk to the API bring an account of their own.
    """
    return kubernetes.core.v1.ServiceAccountPatch(
        place.logical("default"),
        metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(name="default", namespace=place.namespace),
        automount_service_account_token=False,
        image_pull_secrets=[kubernetes.core.v1.LocalObjectReferencePatchArgs(name=name) for name in image_pull_secrets]
        or None,
        opts=place.options(),
    )
