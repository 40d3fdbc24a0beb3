"""What the policy pack and its rivals are measured on."""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Body: TypeAlias = dict[str, Any]
_NAMESPACES: Final = 100
_IN_EACH: Final = 10
_MIXED: Final = 250  # namespaces, with twenty objects in each
_WORKLOADS: Final = {"web": "Deployment", "api": "Deployment", "store": "StatefulSet", "agent": "DaemonSet"}
_TENANTS: Final = 10


def workloads() -> Iterator[Body]:
    """1,000 objects: namespaces with quota, limits, policies and Deployments, ten in each."""
    for number in range(_NAMESPACES):
        namespace = f"team-{number}"
        yield _object("v1", "Namespace", namespace, "")
        yield _object("v1", "ResourceQuota", "quota", namespace, spec={"hard": _HARD})
        yield _object("v1", "LimitRange", "limits", namespace, spec={"limits": [_LIMITS]})
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "closed", namespace, spec=_CLOSED)
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "dns", namespace, spec=_DNS)
        for name in range(_IN_EACH - 5):
            yield _object("apps/v1", "Deployment", f"app-{name}", namespace, spec=_workload(f"app-{name}"))


def mixed() -> Iterator[Body]:
    """5,000 objects of seventeen kinds: what a tenant's namespace has, 250 times."""
    for number in range(_MIXED):
        namespace = f"team-{number}"
        yield _object("v1", "Namespace", namespace, "")
        yield _object("v1", "ResourceQuota", "quota", namespace, spec={"hard": _HARD})
        yield _object("v1", "LimitRange", "limits", namespace, spec={"limits": [_LIMITS]})
        for name, spec in (("closed", _CLOSED), ("dns", _DNS), ("in", _let_in("web"))):
            yield _object("networking.k8s.io/v1", "NetworkPolicy", name, namespace, spec=spec)
        yield _object("v1", "ServiceAccount", "web", namespace, automountServiceAccountToken=False)
        yield from _rights(namespace)
        yield _object("v1", "ConfigMap", "settings", namespace, data={"a": "b"})
        yield _object("v1", "Secret", "password", namespace, stringData={"a": "b"})
        yield from _published("web", namespace)
        for kind, name in (
            ("Deployment", "web"),
            ("Deployment", "api"),
            ("StatefulSet", "store"),
            ("DaemonSet", "agent"),
        ):
            yield _object("apps/v1", kind, name, namespace, spec=_workload(name))
        job = {"schedule": "0 3 * * *", "jobTemplate": {"spec": _workload("report")}}
        yield _object("batch/v1", "CronJob", "report", namespace, spec=job)


def flows(deployments: int) -> Iterator[Body]:
    """Deployments in ten tenants, each let in from a range of addresses by a policy of its own."""
    for number in range(_TENANTS):
        yield _object("v1", "Namespace", f"team-{number}", "")
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "closed", f"team-{number}", spec=_CLOSED)
    for number in range(deployments):
        namespace, name = f"team-{number % _TENANTS}", f"app-{number}"
        yield _object("apps/v1", "Deployment", name, namespace, spec=_workload(name))
        yield _object("networking.k8s.io/v1", "NetworkPolicy", name, namespace, spec=_let_in(name))


def _rights(namespace: str) -> Iterator[Body]:
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    subjects = [{"kind": "ServiceAccount", "name": "web", "namespace": namespace}]
    yield _object(f"{group}/v1", "Role", "web", namespace, rules=rules)
    reference = {"apiGroup": group, "kind": "Role", "name": "web"}
    yield _object(f"{group}/v1", "RoleBinding", "web", namespace, roleRef=reference, subjects=subjects)


def _published(name: str, namespace: str) -> Iterator[Body]:
    """What stands before a Deployment, and what scales and keeps it."""
    labels = {"app": name}
    yield _object("v1", "Service", name, namespace, spec={"selector": labels, "ports": [{"port": 80}]})
    backend = {"service": {"name": name, "port": {"number": 80}}}
    rule = {
        "host": f"{namespace}.example.com",
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    }
    yield _object("networking.k8s.io/v1", "Ingress", name, namespace, spec={"rules": [rule]})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    bounds = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4}
    yield _object("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, spec=bounds)
    budget = {"minAvailable": 1, "selector": {"matchLabels": labels}}
    yield _object("policy/v1", "PodDisruptionBudget", name, namespace, spec=budget)


def _let_in(name: str) -> Body:
    peers = [{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}}]
    return {
        "podSelector": {"matchLabels": {"app": name}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": [{"port": 8080}]}],
    }


def _object(api_version: str, kind: str, name: str, namespace: str, **fields: Any) -> Body:
    metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "bench"}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
        **fields,
    }


def _workload(name: str) -> Body:
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}
    container = {"name": "app", "image": "nginx:1.29.1", "resources": resources, "ports": [{"containerPort": 8080}]}
    spec = {"automountServiceAccountToken": False, "containers": [container, {**container, "name": "sidecar"}]}
    return {
        "replicas": 2,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
    }


_HARD: Final = {
    "pods": "50",
    "requests.cpu": "10",
    "requests.memory": "10Gi",
    "limits.cpu": "20",
    "limits.memory": "20Gi",
}
_LIMITS: Final = {
    "type": "Container",
    "default": {"cpu": "200m", "memory": "128Mi"},
    "defaultRequest": {"cpu": "100m", "memory": "64Mi"},
}
_CLOSED: Final[Body] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
_DNS: Final[Body] = {
    "podSelector": {},
    "policyTypes": ["Egress"],
    "egress": [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                }
            ],
            "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
        }
    ],
}
