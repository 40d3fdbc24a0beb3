"""Keys and scopes of ResourceQuotas: which the API server refuses, and which bound nothing though it takes them.

Rules: ValidateResourceQuotaSpec in pkg/apis/core/validation, pkg/apis/core/helper, and the evaluators in
pkg/quota/v1 (v1.36.3).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from common.quantity import Quantity
from policy.admission.amounts import is_extended
from policy.admission.pods import COMPUTE
from policy.admission.quotas import CLAIM_KEYS, is_pod_key

_AMOUNTS: Final = frozenset(
    f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in (*COMPUTE, "ephemeral-storage")
)
_COUNTS: Final = frozenset(
    {
        *("pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps"),
        *("persistentvolumeclaims", "services.nodeports", "services.loadbalancers"),
    }
)
_STANDARD: Final = _AMOUNTS | _COUNTS | {"requests.storage"}
_HUGE_PAGES: Final = ("hugepages-", "requests.hugepages-")
_QUALIFIED: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NANO: Final = 10**9

_POD_SCOPE: Final = frozenset({"pods"} | {key for key in _AMOUNTS if not key.endswith("ephemeral-storage")})
_SCOPES: Final[Mapping[str, Collection[str]]] = {  # the standard keys that go with each scope
    "Terminating": _POD_SCOPE,
    "NotTerminating": _POD_SCOPE,
    "NotBestEffort": _POD_SCOPE,
    "PriorityClass": _POD_SCOPE,
    "CrossNamespacePodAffinity": _POD_SCOPE,
    "BestEffort": ("pods",),
    "VolumeAttributesClass": CLAIM_KEYS,
}
_WITH_VALUES: Final = ("PriorityClass", "VolumeAttributesClass")  # the others only exist
_CONFLICTS: Final = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))

_COUNTED: Final[Mapping[str, str]] = {  # Kubernetes' own kinds that are counted, by group; events are not
    "": "configmaps endpoints limitranges persistentvolumeclaims pods podtemplates replicationcontrollers "
    "resourcequotas secrets serviceaccounts services",
    "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "coordination.k8s.io": "leases leasecandidates",
    "discovery.k8s.io": "endpointslices",
    "events.k8s.io": "",
    "networking.k8s.io": "ingresses networkpolicies",
    "policy": "poddisruptionbudgets",
    "rbac.authorization.k8s.io": "rolebindings roles",
    "resource.k8s.io": "resourceclaims resourceclaimtemplates",
    "storage.k8s.io": "csistoragecapacities",
}
_DEVICES: Final = ("requests.deviceclass.resource.kubernetes.io/", ".deviceclass.resource.k8s.io/devices")


def refused_key(key: str) -> str:
    """Why the API server refuses a quota that bounds `key`; empty if it does not."""
    if "/" not in key:
        return "" if key in _STANDARD or key.startswith(_HUGE_PAGES) else "there is no such quota key"
    return "" if _QUALIFIED.fullmatch(key) else "it is no name such as requests.example.com/gpu"


def refused_amount(key: str, amount: Quantity) -> str:
    """Why the API server refuses the amount of a key; empty if it does not."""
    if amount.nanos < 0:
        return "it is negative"
    counts = key in _COUNTS or is_extended(key)
    return "it is counted in whole pieces" if counts and amount.nanos % _NANO else ""


def refused_scopes(keys: Sequence[str], scopes: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[str]:
    """Why the API server refuses the scopes (each with its operator and values) of a quota."""
    names = [name for name, _, _ in scopes]
    for name, operator, values in scopes:
        if name not in _SCOPES:
            yield f"there is no scope {name}"
            continue
        for key in keys:
            if (key in _STANDARD or key.startswith(_HUGE_PAGES)) and key not in _SCOPES[name]:
                yield f"the scope {name} does not go with {key}"
        if name not in _WITH_VALUES and operator != "Exists":
            yield f"the scope {name} goes with the operator Exists only"
        elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield f"there is no operator {operator}"
        elif bool(values) != (operator in ("In", "NotIn")):
            yield f"the operator {operator} goes with{'out' if values else ''} values"
    for pair in _CONFLICTS:
        if set(pair).issubset(names):
            yield f"the scopes {' and '.join(pair)} exclude each other"


def instead(key: str) -> str:
    """What to write in place of a key that bounds nothing."""
    name = key.removeprefix("limits.").removeprefix("requests.")
    if key.startswith("count/"):
        return "Name a kind that is counted, with its group: count/deployments.apps."
    return f"Write requests.{name}." if is_extended(name) else "Remove it."


def bounds_nothing(key: str, scopes: Collection[str]) -> bool:
    """Whether nothing is counted by a key that the API server takes, in a quota of these scopes."""
    if "/" not in key:
        return False
    if "VolumeAttributesClass" in scopes:
        return not _is_claim_key(key)
    if scopes:
        return not is_pod_key(key)
    if key.startswith("count/"):
        plural, _, group = key.removeprefix("count/").partition(".")
        if group in _COUNTED:
            return plural not in _COUNTED[group].split()
        return "." not in group  # a custom kind's group has a dot
    return not (is_pod_key(key) or _is_claim_key(key) or key.startswith(_DEVICES[0]) or _DEVICES[1] in key)


def _is_claim_key(key: str) -> bool:
    prefix, _, name = key.partition(".storageclass.storage.k8s.io/")
    return (name if prefix != key else key) in (*CLAIM_KEYS, "count/persistentvolumeclaims")
