"""What an object that is waited for, and what it is made of, say for themselves: conditions and latest events."""

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from rehearsal.providers.kubernetes.api import NoAnswer, OperationCancelled
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.objects import (
    GroupVersionKind,
    Object,
    at,
    items_at,
    kind_of,
    name_of,
    namespace_of,
    text_at,
)

_EVENT: Final = GroupVersionKind("", "v1", "Event")
_SHOWN: Final = 3
_SOON, _EVERY = 30.0, 60.0  # seconds of a wait after which it is said what for, and after which it is said anew
# Of a namespace's controller (kubernetes, pkg/controller/namespace/deletion/namespaced_resources_deleter.go,
# namespace_conditions.go; v1.36): what has not gone yet, and why.
_HELD: Final = frozenset(
    {
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
        "NamespaceDeletionContentFailure",
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
    }
)
_REMAINING: Final = re.compile(r"([a-z0-9-]+)\.([a-z0-9.-]*) has \d+ resource instances")


class Telling:
    """Tells who watches a wait for the resource `urn`, when it takes long, what it is for."""

    def __init__(self, cluster: ReachableCluster, urn: str) -> None:
        self._log, self._urn, self._told = cluster.log, urn, ""
        self._next = time.monotonic() + _SOON

    @property
    def due(self) -> float:
        """Seconds until there is something to tell."""
        return max(self._next - time.monotonic(), 0.0)

    def tell(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell `words`, if it is time and they are others than the last ones."""
        if self.due:
            return
        self._next = time.monotonic() + _EVERY
        if (text := "; ".join(words())) and text != self._told:
            self._told = text
            self._log.info(self._urn, f"still waiting: {text}")


def latest_events(cluster: ReachableCluster, live: Object, related: Iterable[Object]) -> list[str]:
    """The latest event of `live` and of each of `related` that belongs to it and is not ready, newest first."""
    names = {(kind_of(live).kind, name_of(live))}
    names |= {each for obj in _of(live, list(related)) for each in _named(obj)}
    latest: dict[tuple[str, str], Object] = {}
    events: list[Object] = []
    with suppress(NoAnswer, OperationCancelled):  # it is only what would be told
        events = cluster.objects(_EVENT, namespace_of(live))
    for event in sorted(events, key=_when):
        about = text_at(event, "involvedObject", "kind"), text_at(event, "involvedObject", "name")
        if about in names:
            latest[about] = event
    return [
        f"{kind} {name}: {text_at(event, 'reason')}: {text_at(event, 'message')}"
        for (kind, name), event in sorted(latest.items(), key=lambda item: _when(item[1]), reverse=True)[:_SHOWN]
    ]


def held_by(remains: Object) -> tuple[str, ...]:
    """What keeps a deleted object from going, with the command that shows it; nothing if nothing is known."""
    kind, name = kind_of(remains).kind, name_of(remains)
    if kind != "Namespace":
        finalizers = ", ".join(at(remains, "metadata", "finalizers") or ())
        within = f" -n {namespace_of(remains)}" if namespace_of(remains) else ""
        return (f"its finalizers are {finalizers}: kubectl get {kind} {name}{within} -o yaml",) if finalizers else ()
    conditions = [item for item in items_at(remains, "status", "conditions") if item.get("type") in _HELD]
    said = " ".join(text_at(item, "message") for item in conditions if item.get("status") == "True")
    left = ",".join(".".join(part for part in match.groups() if part) for match in _REMAINING.finditer(said))
    if not left:
        return (said,) if said else ()
    columns = "NAME:.metadata.name,FINALIZERS:.metadata.finalizers"
    return (f"{said}: kubectl get -n {name} {left} -o custom-columns={columns}",)


def _of(live: Object, related: list[Object]) -> list[Object]:
    """Those of `related` that `live` owns, by itself or through one before them, and that are not ready."""
    owners = {text_at(live, "metadata", "uid")}
    found: list[Object] = []
    for obj in related:
        if owners & {text_at(reference, "uid") for reference in items_at(obj, "metadata", "ownerReferences")}:
            owners.add(text_at(obj, "metadata", "uid"))
            conditions = items_at(obj, "status", "conditions")
            if not any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions):
                found.append(obj)
    return found


def _named(obj: Object) -> Iterable[tuple[str, str]]:
    """The object itself, and the claims that a pod mounts."""
    yield kind_of(obj).kind, name_of(obj)
    for volume in items_at(obj, "spec", "volumes"):
        if claim := text_at(volume, "persistentVolumeClaim", "claimName"):
            yield "PersistentVolumeClaim", claim


def _when(event: Object) -> str:
    """When it was seen last: RFC 3339, which sorts as text."""
    return text_at(event, "lastTimestamp") or text_at(event, "eventTime") or text_at(event, "firstTimestamp")
