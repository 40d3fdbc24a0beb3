"""References between the resources of a cloud: what has to exist, and what cannot go while something needs it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.rules import Rules, at_path
from rehearsal.providers.clouds.store import Resource, Store

_NAMES: Final = ("arn", "name", "selfLink", "url", "email", "fullyQualifiedName", "keyId")


def missing(rules: Rules, inputs: Mapping[str, Any], store: Store) -> Iterator[str]:
    """What `inputs` refer to and does not exist: type and what it is called."""
    for path, type_ in rules.references.items():
        wanted = list(at_path(inputs, path))
        existing = {name for resource in store.all(type_) for name in _names(resource)} if wanted else set()
        yield from (f"{type_} {name}" for name in wanted if name not in existing)


def dependents(target: Resource, rules: Mapping[str, Rules], store: Store) -> Iterator[Resource]:
    """Resources that keep `target` from being deleted."""
    names = _names(target)
    for resource in store.all():
        inside = rules[resource.type].inside if resource.type in rules else {}
        paths = [path for path, type_ in inside.items() if type_ == target.type]
        if any(value in names for path in paths for value in at_path(resource.inputs, path)):
            yield resource


def _names(resource: Resource) -> set[str]:
    """Everything that a resource may be referred to by."""
    return {resource.id, *(name for key in _NAMES if isinstance(name := resource.outputs.get(key), str))}
