"""Workloads: what every pod says about itself."""

from collections.abc import Iterator
from typing import Final

from policy.kubernetes import POD_SPECS, containers
from policy.model import Category, Finding, Level, Resource, ResourceRule, Rule

_NEEDED: Final = tuple((field, resource) for field in ("requests", "limits") for resource in ("cpu", "memory"))


def _container_resources(workload: Resource) -> Iterator[Finding]:
    for path, container in containers(workload):
        resources = container.get("resources") or {}
        missing = [f"{field}.{name}" for field, name in _NEEDED if name not in (resources.get(field) or {})]
        if missing:
            yield Finding(
                workload,
                f"{path}.resources",
                f"container {container.get('name', '')} sets no {', '.join(missing)}",
                "Set requests and limits for cpu and memory.",
            )


def _no_default_ns(resource: Resource) -> Iterator[Finding]:
    if resource.is_kubernetes and resource.namespace == "default":
        yield Finding(
            resource,
            "metadata.namespace",
            "it is in the namespace default",
            "Put it into a namespace of its tenant.",
        )


RULES: Final[tuple[Rule, ...]] = (
    ResourceRule(
        id="container-resources",
        category=Category.WORKLOAD,
        level=Level.MANDATORY,
        summary="Every container sets requests and limits for cpu and memory.",
        why="the scheduler and quotas reckon with what is stated, not with what is used",
        kinds=frozenset(POD_SPECS),
        check=_container_resources,
    ),
    ResourceRule(
        id="no-default-ns",
        category=Category.WORKLOAD,
        level=Level.MANDATORY,
        summary="Nothing is put into the namespace default.",
        why="it has no quota, no limits and no network policy of any tenant",
        kinds=frozenset(),
        check=_no_default_ns,
    ),
)
