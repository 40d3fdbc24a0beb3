"""All resources of a stack, for rules that look at several together."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from policy.model.resource import Resource
from policy.model.unknown import Undetermined

T = TypeVar("T")


class Stack:
    """All resources of a stack, for rules that look at several together.

    What the API server would refuse for its form (`Resource.damages`) is a subject, and not there for others. Of an
    object that is given twice, the last one counts, as `kubectl apply` has it.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.subjects: Sequence[Resource] = tuple(resource.as_read for resource in resources)
        self._counted = _last_of_each(it for it in self.subjects if not it.damages)
        self.resources: Sequence[Resource] = tuple(self._counted.values())
        self._by_kind: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._by_kind.setdefault(resource.kind, []).append(resource)
        self._made: dict[tuple[Hashable, ...], Any] = {}

    def subjects_of(self, kinds: frozenset[str]) -> Iterator[Resource]:
        """What a rule on these kinds judges; all there is where it names none."""
        subjects = (
            self.subjects
            if not kinds
            else sorted((it for it in self.subjects if it.kind in kinds), key=lambda it: it.kind)
        )
        yield from subjects

    def counted(self, resource: Resource) -> Resource | None:
        """The one that counts of those with the identity of `resource`; None where it has none that is known."""
        return self._counted.get(resource.identity) if resource.identity else None

    def of_kind(self, *kinds: str, namespace: str | None = None) -> Iterator[Resource]:
        """Resources of the given kinds (see `Resource.kind`), in one namespace or in all.

        `Undetermined` where a namespace is asked for and an object of the kind has an unknown one.
        """
        for kind in kinds:
            if namespace is None:
                yield from self._by_kind.get(kind, ())
            else:
                yield from self.once(_in_namespaces, kind).get(namespace, ())

    def once(self, build: Callable[..., T], *arguments: Hashable) -> T:
        """`build(self, *arguments)`, made once; if it raised `Undetermined`, that is raised again."""
        key = (build, *arguments)
        if key not in self._made:
            try:
                self._made[key] = build(self, *arguments)
            except Undetermined as undetermined:
                self._made[key] = undetermined
        made: T | Undetermined = self._made[key]
        if isinstance(made, Undetermined):
            raise made
        return made


def _last_of_each(resources: Iterable[Resource]) -> Mapping[Hashable, Resource]:
    return {resource.identity or id(resource): resource for resource in resources}


def _in_namespaces(stack: Stack, kind: str) -> Mapping[str, Sequence[Resource]]:
    placed: dict[str, list[Resource]] = {}
    for resource in stack.of_kind(kind):
        placed.setdefault(resource.namespace, []).append(resource)
    return placed
