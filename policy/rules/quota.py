"""Quotas: every tenant has a share, and what is put into it fits."""

from collections.abc import Iterator
from typing import Final

from common.quantity import Quantity, QuantityError
from policy.admission.amounts import read
from policy.admission.quota_keys import bounds_nothing, instead, refused_amount, refused_key, refused_scopes
from policy.admission.quotas import read_scopes
from policy.model.kubernetes import in_namespace, is_tenant
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack

# One name for each thing that must be bounded; a quota may bound it by any of the keys.
_BOUNDED: Final = {
    "cpu": ("requests.cpu", "cpu", "limits.cpu"),
    "memory": ("requests.memory", "memory", "limits.memory"),
    "pods": ("pods", "count/pods"),
    "volumes": ("persistentvolumeclaims", "count/persistentvolumeclaims"),
    "load balancers": ("services.loadbalancers",),
}
_PAIRS: Final = tuple(
    (f"{prefix}{resource}", f"limits.{resource}")
    for resource in ("cpu", "memory", "ephemeral-storage")
    for prefix in ("requests.", "")
)
_REFUSED: Final = "the API server takes no quota with it"
_IGNORED: Final = "the API server takes it, and counts nothing by it"
_DEFAULTS: Final = ("default", "defaultRequest")


@rule(
    id="ns-quota",
    category=Category.QUOTA,
    why="without one, a single tenant can take the whole cluster",
    kinds={"Namespace"},
)
def ns_quota(namespace: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every tenant namespace has a ResourceQuota for cpu, memory, pods, volumes and load balancers."""
    if not is_tenant(namespace):
        return
    quotas = [quota for quota in in_namespace(namespace, stack, "ResourceQuota") if not _is_scoped(quota)]
    hard = {key for quota in quotas for key in quota.spec.get("hard") or {}}
    missing = [name for name, keys in _BOUNDED.items() if hard.isdisjoint(keys)]
    if missing:
        keys = ", ".join(_BOUNDED[name][0] for name in missing)
        what = f"its ResourceQuota bounds no {', '.join(missing)}" if quotas else "it has no ResourceQuota"
        yield RuleFinding(namespace, "", what, f"Add {keys} to spec.hard of a ResourceQuota in it.")


def _is_scoped(quota: Resource) -> bool:
    return bool(quota.spec.get("scopes") or quota.spec.get("scopeSelector"))


@rule(
    id="ns-limitrange",
    category=Category.QUOTA,
    why="under a quota, pods that state no requests and limits are refused",
    kinds={"Namespace"},
)
def ns_limitrange(namespace: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every tenant namespace has a LimitRange with default requests and limits."""
    if not is_tenant(namespace):
        return
    limits = [
        item
        for limit_range in in_namespace(namespace, stack, "LimitRange")
        for item in limit_range.spec.get("limits") or ()
        if item.get("type") == "Container"
    ]
    missing = [
        f"{field}.{resource}"
        for field in _DEFAULTS
        for resource in ("cpu", "memory")
        if not any(resource in (item.get(field) or {}) for item in limits)
    ]
    if missing:
        what = f"its LimitRange sets no {', '.join(missing)}" if limits else "it has no LimitRange for containers"
        remedy = f"Set {', '.join(missing)} for type Container in a LimitRange in it."
        yield RuleFinding(namespace, "", what, remedy)


@rule(
    id="quota-sane",
    category=Category.QUOTA,
    why="the smaller of the two is all that can be used",
    kinds={"ResourceQuota"},
)
def quota_sane(quota: Resource) -> Iterator[RuleFinding]:
    """A ResourceQuota has keys, amounts and scopes that the API server takes and that bound something, and allows no
    more requests than limits.
    """
    hard: dict[str, Quantity] = {}
    names = {name for name, _, _ in read_scopes(quota.spec)}
    for key, amount in sorted((quota.spec.get("hard") or {}).items()):
        path = f"spec.hard[{key}]"
        try:
            hard |= read({key: amount})
        except QuantityError as error:
            yield RuleFinding(quota, path, str(error), "Write a quantity.", _REFUSED)
        if why := refused_key(key) or (refused_amount(key, hard[key]) if key in hard else ""):
            yield RuleFinding(quota, path, f"{key} is refused: {why}", "Mend it, or remove it.", _REFUSED)
        elif bounds_nothing(key, names):
            yield RuleFinding(quota, path, f"{key} bounds nothing", instead(key), _IGNORED)
    yield from _scopes(quota)
    for request, limit in _PAIRS:
        if request in hard and limit in hard and hard[request] > hard[limit]:
            message = f"{hard[request]} {request} is above {hard[limit]} {limit}"
            yield RuleFinding(quota, f"spec.hard[{request}]", message, f"Lower it, or raise {limit}.")


def _scopes(quota: Resource) -> Iterator[RuleFinding]:
    keys = sorted(quota.spec.get("hard") or {})
    path = "spec.scopes" if quota.spec.get("scopes") else "spec.scopeSelector"
    for why in dict.fromkeys(refused_scopes(keys, read_scopes(quota.spec))):
        yield RuleFinding(quota, path, f"it is refused: {why}", "Give each its own quota.", _REFUSED)
