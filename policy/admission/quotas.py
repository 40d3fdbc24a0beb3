"""What an object counts for in a ResourceQuota, and which quotas count it.

Rules: pkg/quota/v1/evaluator/core and staging/src/k8s.io/apiserver/pkg/quota/v1 (v1.36.3). Not counted here: devices
that pods claim dynamically (`*.deviceclass.resource.k8s.io/devices`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.quantity import Quantity
from policy.admission.amounts import Amounts, is_extended, is_huge_pages, read, total
from policy.admission.pods import COMPUTE, PodResources, pod_level
from policy.model.unknown import off

Scope = tuple[str, str, tuple[str, ...]]  # name, operator, values
ONE: Final = Quantity(10**9)
_NANO: Final = 10**9
POD_COUNT: Final[Amounts] = {"count/pods": ONE}  # of a pod, even if it has finished
_COUNTED_BY_REQUEST: Final = (*COMPUTE, "ephemeral-storage")
_MUST_BE_STATED: Final = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in COMPUTE)
_POD_KEYS: Final = frozenset(
    {"pods", "count/pods"}
    | {f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in _COUNTED_BY_REQUEST}
)
_LEGACY_COUNTS: Final = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets"})
CLAIM_KEYS: Final = ("persistentvolumeclaims", "requests.storage")


@dataclass(frozen=True)
class Quota:
    """A ResourceQuota: amounts by key, and the scopes that all must hold."""

    name: str
    hard: Amounts
    scopes: tuple[Scope, ...] = ()

    def counts_pod(self, pod: PodResources) -> bool:
        """Whether a pod is counted."""
        return any(is_pod_key(key) for key in self.hard) and all(_pod_in(scope, pod) for scope in self.scopes)

    def counts_claim(self, attributes_class: str) -> bool:
        """Whether a volume claim of a VolumeAttributesClass (empty for none) is counted."""
        return all(
            scope == "VolumeAttributesClass" and _selected(attributes_class, operator, values)
            for scope, operator, values in self.scopes
        )

    @property
    def counts_others(self) -> bool:
        """Whether objects other than pods and volume claims are counted."""
        return not self.scopes


def read_quota(name: str, spec: Mapping[str, Any]) -> Quota:
    """A ResourceQuota's spec; QuantityError."""
    return Quota(name, read(spec.get("hard")), tuple(read_scopes(spec)))


def read_scopes(spec: Mapping[str, Any]) -> list[Scope]:
    """The scopes of a ResourceQuota's spec."""
    selectors = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return [
        *((str(scope), "Exists", ()) for scope in spec.get("scopes") or ()),
        *(
            (str(it.get("scopeName")), str(it.get("operator")), tuple(map(str, it.get("values") or ())))
            for it in selectors
        ),
    ]


def pod_usage(pod: PodResources) -> dict[str, Quantity]:
    """What a running pod counts for, by quota key; `POD_COUNT` is apart, as finished pods have it too."""
    requests = total((pod.container_requests | pod_level(pod.requests), pod.overhead))
    limits = pod.container_limits | pod_level(pod.limits)
    limits = {name: it + pod.overhead[name] if it.nanos and name in pod.overhead else it for name, it in limits.items()}
    return {"pods": ONE} | _by_key(requests, limits)


def claim_usage(spec: Mapping[str, Any]) -> dict[str, Quantity]:
    """What a volume claim counts for; QuantityError."""
    usage = {"persistentvolumeclaims": ONE, "count/persistentvolumeclaims": ONE}
    size = read((spec.get("resources") or {}).get("requests")).get("storage")
    if size is not None:
        usage["requests.storage"] = Quantity(-(-size.nanos // _NANO) * _NANO, size.format)
    if storage_class := str(spec.get("storageClassName") or ""):
        usage |= {
            f"{storage_class}.storageclass.storage.k8s.io/{key}": usage[key] for key in CLAIM_KEYS if key in usage
        }
    return usage


def service_usage(spec: Mapping[str, Any]) -> dict[str, Quantity]:
    """What a Service counts for."""
    ports = spec.get("ports") or ()
    type_ = spec.get("type") or "ClusterIP"
    opened = len(ports) if type_ in ("NodePort", "LoadBalancer") else 0
    if type_ == "LoadBalancer" and off(spec.get("allocateLoadBalancerNodePorts")):
        opened = sum(1 for port in ports if port.get("nodePort"))
    return {
        "services": ONE,
        "count/services": ONE,
        "services.loadbalancers": ONE if type_ == "LoadBalancer" else Quantity(0),
        "services.nodeports": ONE * opened,
    }


def count_usage(group: str, plural: str) -> dict[str, Quantity]:
    """What any other object counts for, by its API group (empty for the core) and its kind's plural."""
    key = f"count/{plural}.{group}" if group else f"count/{plural}"
    return {key: ONE, plural: ONE} if not group and plural in _LEGACY_COUNTS else {key: ONE}


def unstated(pod: PodResources, quota: Quota) -> Iterator[tuple[str, str]]:
    """Path and key of each amount that every container must state, because a quota that counts the pod bounds it."""
    if pod_level(pod.requests) or pod_level(pod.limits):
        return
    required = sorted(_MUST_BE_STATED.intersection(quota.hard))
    for container in pod.containers:
        stated = _by_key(container.requests, container.limits)
        for key in required:
            if key not in stated:
                yield container.path, key


def is_pod_key(key: str) -> bool:
    """Whether a quota key is one of pods."""
    return key in _POD_KEYS or is_huge_pages(key.removeprefix("requests.")) or _is_extended_key(key)


def _is_extended_key(key: str) -> bool:
    return key.startswith("requests.") and "/" in key and "kubernetes.io/" not in key


def _by_key(requests: Amounts, limits: Amounts) -> dict[str, Quantity]:
    usage = {f"limits.{name}": limits[name] for name in _COUNTED_BY_REQUEST if name in limits}
    for name, amount in requests.items():
        if name in _COUNTED_BY_REQUEST or is_huge_pages(name):
            usage[name] = usage[f"requests.{name}"] = amount
        elif is_extended(name):
            usage[f"requests.{name}"] = amount
    return usage


def _pod_in(scope: Scope, pod: PodResources) -> bool:
    name, operator, values = scope
    match name:
        case "BestEffort":
            return pod.is_best_effort
        case "NotBestEffort":
            return not pod.is_best_effort
        case "Terminating":
            return pod.is_terminating
        case "NotTerminating":
            return not pod.is_terminating
        case "PriorityClass":
            return _selected(pod.priority_class, operator, values)
        case "CrossNamespacePodAffinity":
            return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in _affinities(pod))
        case _:
            return False


def _selected(value: str, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "Exists":
            return bool(value)
        case "DoesNotExist":
            return not value
        case "In":
            return value in values
        case _:  # NotIn
            return value not in values


def _affinities(pod: PodResources) -> Iterator[Mapping[str, Any]]:
    affinity = pod.spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        yield from rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}
