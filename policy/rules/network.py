"""Network policies: closed unless opened."""

from collections.abc import Iterator
from typing import Final

from policy.kubernetes import in_namespace, is_tenant
from policy.model import Category, Finding, Level, Resource, Rule, Stack, StackRule

_DIRECTIONS: Final = ("Ingress", "Egress")


def _default_deny(namespace: Resource, stack: Stack) -> Iterator[Finding]:
    if not is_tenant(namespace):
        return
    denied = {
        direction
        for policy in in_namespace(namespace, stack, "NetworkPolicy")
        for direction in _DIRECTIONS
        if _denies_all(policy, direction)
    }
    missing = [direction for direction in _DIRECTIONS if direction not in denied]
    if missing:
        yield Finding(
            namespace,
            "",
            f"no NetworkPolicy denies all {' and '.join(missing).lower()} by default",
            "Add a NetworkPolicy with podSelector {}, policyTypes [Ingress, Egress] and no rules.",
        )


def _denies_all(policy: Resource, direction: str) -> bool:
    selector = policy.spec.get("podSelector") or {}
    selects_all = not selector.get("matchLabels") and not selector.get("matchExpressions")
    types = policy.spec.get("policyTypes") or ["Ingress"]
    return selects_all and direction in types and not policy.spec.get(direction.lower())


RULES: Final[tuple[Rule, ...]] = (
    StackRule(
        id="default-deny",
        category=Category.NETWORK,
        level=Level.MANDATORY,
        summary="Every tenant namespace denies all ingress and egress by default.",
        why="a pod that no policy selects can talk to every other pod",
        kinds=frozenset({"Namespace"}),
        check=_default_deny,
    ),
)
