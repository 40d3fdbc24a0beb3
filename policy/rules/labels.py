"""Labels that everything should have. The rules here put them there by themselves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from policy.model.cloud_tags import FIELD_OF_TAGS
from policy.model.kubernetes import configures, is_tenant
from policy.model.resource import Resource
from policy.model.rule import Category, Level, Option, Path, RuleFinding, rule

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_VERSION: Final = f"{_ENFORCE}-version"


def _set_psa_labels(namespace: Resource, *, level: str, version: str) -> Iterator[tuple[Path, Any]]:
    return _labels(_missing(namespace, _pod_security(namespace, level, version)))


@rule(
    id="ns-psa-labels",
    category=Category.WORKLOAD,
    level=Level.REMEDIATE,
    why="without the label a namespace lets privileged pods in, and without the version an upgrade changes it",
    kinds={"Namespace"},
    options=(
        Option("level", Literal["privileged", "baseline", "restricted"], "restricted", "The standard to set."),
        Option("version", str, "latest", "The version to set: latest, or one as in v1.36."),
    ),
    remediate=_set_psa_labels,
)
def ns_psa_labels(namespace: Resource, *, level: str, version: str) -> Iterator[RuleFinding]:
    """Every tenant namespace says which Pod Security Standard it enforces, and of which version."""
    for key, value in _missing(namespace, _pod_security(namespace, level, version)).items():
        what = f"it has no label {key.rpartition('/')[2]}"
        yield RuleFinding(namespace, f"metadata.labels[{key}]", what, f"Set it to {value}.")


def _pod_security(namespace: Resource, level: str, version: str) -> Mapping[str, str]:
    return {_ENFORCE: level, _VERSION: version} if is_tenant(namespace) else {}


def _set_tags(resource: Resource, *, labels: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[tuple[Path, Any]]:
    yield from _labels(_missing_labels(resource, labels))
    yield from _missing_tags(resource, tags)


@rule(
    id="tags",
    category=Category.COST,
    level=Level.REMEDIATE,
    why="nobody can tell whose it is and who pays for it",
    options=(
        Option("labels", dict[str, str], {"app.kubernetes.io/managed-by": "pulumi"}, "Labels of Kubernetes objects."),
        Option("tags", dict[str, str], {"managed-by": "polykube"}, "Tags of what costs money in a cloud."),
    ),
    remediate=_set_tags,
)
def tags(resource: Resource, *, labels: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[RuleFinding]:
    """Everything has the required labels, and in a cloud the required tags."""
    for key, value in _missing_labels(resource, labels).items():
        yield RuleFinding(resource, f"metadata.labels[{key}]", f"it has no label {key}", f"Set it to {value}.")
    for (field, key), value in _missing_tags(resource, tags):
        yield RuleFinding(resource, f"{field}[{key}]", f"it has no tag {key}", f"Set it to {value}.")


def _missing_labels(resource: Resource, labels: Mapping[str, str]) -> Mapping[str, str]:
    """The labels that an object lacks, with their values."""
    is_object = resource.is_kubernetes and not configures(resource.api_version)
    return _missing(resource, labels) if is_object else {}


def _missing_tags(resource: Resource, tags: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Where a cloud resource lacks tags, and their values."""
    if field := FIELD_OF_TAGS.get(resource.kind):
        given = resource.properties.get(field) or {}
        yield from (((field, tag), value) for tag, value in tags.items() if tag not in given)


def _missing(resource: Resource, wanted: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in wanted.items() if key not in resource.labels}


def _labels(labels: Mapping[str, str]) -> Iterator[tuple[Path, Any]]:
    for key, value in labels.items():
        yield ("metadata", "labels", key), value
