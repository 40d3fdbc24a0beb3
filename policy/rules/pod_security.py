"""Pod Security: pods meet the level of their namespace, and tenants' namespaces have one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policy.admission.pod_security import Standard, violations
from policy.model.kubernetes import POD_SPECS, is_tenant, pod_spec
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack

_STRICTEST: Final = Standard("restricted")


@rule(
    id="pss-baseline",
    category=Category.WORKLOAD,
    why="it gives power over the node, and so over all who share it",
    kinds={"Namespace", *POD_SPECS},
)
def baseline(subject: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Pods meet the Pod Security level baseline; no tenant's namespace enforces less."""
    if subject.kind == "Namespace":
        standard = Standard.of_labels(subject.labels)
        if standard and standard.level == "privileged" and is_tenant(subject):
            remedy = "Enforce baseline or restricted."
            yield RuleFinding(subject, "metadata.labels", "it admits privileged pods", remedy)
        return
    yield from _found(subject, stack, "baseline")


@rule(
    id="pss-restricted",
    category=Category.WORKLOAD,
    why="what breaks into the pod has fewer ways out of it",
    kinds=POD_SPECS,
)
def restricted(workload: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Pods meet the Pod Security level restricted, baseline's checks included, unless their namespace
    enforces another.
    """
    yield from _found(workload, stack, "restricted")


def _found(workload: Resource, stack: Stack, level: str) -> Iterator[RuleFinding]:
    """What a workload's pods break of a level and those below it; nothing where their namespace enforces less."""
    standard = _standard(workload, stack)
    if standard.level == "privileged" or (level == "restricted" != standard.level):
        return
    path, spec = pod_spec(workload)
    for violation in violations(spec, _annotations(workload), Standard(level, standard.minor)):
        yield RuleFinding(workload, f"{path}.{violation.path}", violation.message, violation.check.remedy)


def _standard(workload: Resource, stack: Stack) -> Standard:
    namespace = stack.once(_namespaces).get(workload.namespace)
    return (namespace and Standard.of_labels(namespace.labels)) or _STRICTEST


def _namespaces(stack: Stack) -> Mapping[str, Resource]:
    return {namespace.object_name: namespace for namespace in stack.of_kind("Namespace")}


def _annotations(workload: Resource) -> Mapping[str, str]:
    """The annotations of a workload's pods."""
    template: Any = workload.properties
    for key in POD_SPECS[workload.kind][:-1]:
        template = template.get(key) or {}
    return (template.get("metadata") or {}).get("annotations") or {}
