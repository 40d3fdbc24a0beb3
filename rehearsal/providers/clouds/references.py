"""References between the resources of a cloud: what has to exist, and what cannot go while something needs it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rehearsal.providers.clouds.rules import TypeRules, at_path
from rehearsal.providers.clouds.store import HIDDEN, LINGERING, Resource, Store

_NAMES: Final = ("arn", "name", "selfLink", "url", "email", "fullyQualifiedName", "keyId")


@dataclass(frozen=True)
class Missing:
    """Something that is referred to and cannot be found: type and what it is called; `exists` if it is only hidden."""

    what: str
    exists: bool


def missing(rules: TypeRules, inputs: Mapping[str, Any], store: Store) -> Iterator[Missing]:
    """What `inputs` refer to and cannot be found."""
    for path, type_ in rules.references.items():
        if wanted := list(at_path(inputs, path)):
            existing = {resource.id: names(resource) for resource in store.all(type_)}
            hidden = {resource.id for resource in store.marked(HIDDEN, type_)}
            for name in wanted:
                found = [id_ for id_, known in existing.items() if name in known]
                if not set(found) - hidden:
                    yield Missing(f"{type_} {name}", exists=bool(found))


def dependents(target: Resource, rules: Mapping[str, TypeRules], store: Store) -> Iterator[Resource]:
    """Resources that keep `target` from being deleted."""
    known = names(target)
    for resource in (*store.all(), *store.marked(LINGERING)):
        inside = rules[resource.type].inside if resource.type in rules else {}
        paths = [path for path, type_ in inside.items() if type_ == target.type]
        if any(value in known for path in paths for value in at_path(resource.inputs, path)):
            yield resource


def names(resource: Resource) -> set[str]:
    """Everything that a resource may be referred to by."""
    return {resource.id, *(name for key in _NAMES if isinstance(name := resource.outputs.get(key), str))}
