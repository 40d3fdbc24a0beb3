"""What a type of resource does beyond being kept: the hooks of the stand-in clouds."""

from collections.abc import Callable, Collection, Iterable

from common.wire import Properties
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.store import Resource, Store


class Refused(Exception):
    """The cloud says no. `kind` is one of the `errors` in its rules, `words` are what that error names."""

    def __init__(self, kind: str, **words: str) -> None:
        super().__init__(kind, words)
        self.kind, self.words = kind, words


def refuse(reasons: Iterable[str]) -> None:
    """Raise Refused with the first of the reasons, if there is any."""
    for reason in reasons:
        raise Refused("refused", reason=reason)


class Behaviour:
    """By default, nothing happens.

    `created` and `updated` give outputs by path (`masterAuth.clusterCaCertificate`), and may raise Refused half way.
    """

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        """Raise Refused when the cloud does not take `new` (in place of `old`), before anything is done."""

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        """Do what the creation brings about."""
        return {}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        """Do what the change brings about; also asked to finish what `created` did not."""
        return {}

    def renewed(self, old: Properties, new: Properties) -> Collection[str]:
        """Outputs that a change from these inputs to those makes anew, so that no preview knows them."""
        return ()

    def observed(self, resource: Resource, store: Store) -> Properties:
        """Outputs by path that the cloud tells of it now, because of what else there is."""
        return {}

    def deleted(self, resource: Resource, store: Store) -> None:
        """Undo it; the resource is still in the store."""


class CheckedValues(Behaviour):
    """A type of which the cloud does not take all values; `wrong` says why it takes none of these."""

    def __init__(self, wrong: Callable[[Resource, Store], Iterable[str]]) -> None:
        self._wrong = wrong

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        refuse(self._wrong(new, store))
