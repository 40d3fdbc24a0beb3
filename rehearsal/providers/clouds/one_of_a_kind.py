"""What there can be one of: clouds refuse a second one, also when it is to replace the first."""

from collections.abc import Callable
from typing import TypeAlias

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

Clash: TypeAlias = Callable[[Resource, Resource, Store], bool]
"""Whether two resources of a type cannot be together."""


class OneOfAKind(Behaviour):
    """A type of which two cannot be together when they clash; `says` is what the error of this `kind` says then."""

    def __init__(self, clashes: Clash, says: str = "", kind: str = "said") -> None:
        self._clashes, self._says, self._kind = clashes, says, kind

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        for other in store.all(new.type):
            if other.id != new.id and self._clashes(new, other, store):
                raise Refused(self._kind, reason=f"{self._says} ({other.id})")


def same(*names: str) -> Clash:
    """Two resources clash that have the same in all of these inputs."""
    return lambda one, other, _: all(one.inputs.get(name) == other.inputs.get(name) for name in names)
