"""The terms in which a kind's rule of readiness is written."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rehearsal.providers.kubernetes.objects import GroupVersionKind, Object, text_at

ENDPOINTS: Final = GroupVersionKind("", "v1", "Endpoints")
PERSISTENT_VOLUME_CLAIM: Final = GroupVersionKind("", "v1", "PersistentVolumeClaim")
POD: Final = GroupVersionKind("", "v1", "Pod")
REPLICA_SET: Final = GroupVersionKind("apps", "v1", "ReplicaSet")
SERVICE: Final = GroupVersionKind("", "v1", "Service")
STORAGE_CLASS: Final = GroupVersionKind("storage.k8s.io", "v1", "StorageClass")


@dataclass(frozen=True)
class Situation:
    """What a rule judges: the live object, and the `related` objects of its namespace by kind.

    `created` is false after an update. `once` is true when the object is looked at just once, on a
    refresh, so that nothing is gained by waiting for things to settle.
    """

    live: Object
    related: Mapping[GroupVersionKind, list[Object]] = field(default_factory=dict)
    created: bool = True
    once: bool = False


@dataclass(frozen=True)
class Readiness:
    """What a rule found. `reasons` say what is missing; the first of them is shown while waiting.

    `failed`: waiting longer is of no use. `tolerable`: at the end of the wait this counts as ready.
    `again`: seconds after which to judge anew even if nothing changes.
    """

    ready: bool
    reasons: tuple[str, ...] = ()
    failed: bool = False
    tolerable: bool = False
    again: float = float("inf")


Judge: TypeAlias = Callable[[Situation], Readiness]


@dataclass(frozen=True)
class AwaitRule:
    """How a kind becomes ready: a maker of judges (one for each wait), and what these look at.

    `timeout` (seconds) is fixed for the kind, whatever the program says; `restarts`: every event in a
    watched collection starts the timeout anew; `on_read`: a refresh applies the rule, too.
    """

    judge: Callable[[], Judge]
    related: tuple[GroupVersionKind, ...] = ()
    timeout: float | None = None
    restarts: bool = False
    on_read: bool = True


READY: Final = Readiness(ready=True)


def waiting(*reasons: str) -> Readiness:
    """Not ready yet, because of `reasons`."""
    return Readiness(ready=False, reasons=reasons)


class QuietPeriod:
    """Tells when objects have been quiet: some seconds after an event, unless another came in the meantime.

    As with the official provider, an event's timer keeps running when a later event comes; what counts is
    that a timer went off and no event has come since.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._versions: dict[str, str] = {}
        self._events: list[float] = []
        self._started = time.monotonic()

    def observe(self, objects: list[Object]) -> None:
        """Take note of which of `objects` changed since the last time."""
        versions = {text_at(obj, "metadata", "uid"): text_at(obj, "metadata", "resourceVersion") for obj in objects}
        if versions != self._versions:
            self._events.append(time.monotonic())
            self._versions = versions

    @property
    def settled(self) -> bool:
        """Whether a timer went off after the latest event."""
        now = time.monotonic()
        fired = [event + self._seconds for event in self._events if event + self._seconds <= now]
        return bool(fired) and fired[-1] >= self._events[-1]

    @property
    def quiet_since_start(self) -> float:
        """Seconds since the start without any event; 0 once there was one."""
        return 0.0 if self._events else time.monotonic() - self._started

    @property
    def next_timer(self) -> float:
        """Seconds until the next timer goes off; infinite if none is running."""
        now = time.monotonic()
        return min(
            (event + self._seconds - now for event in self._events if event + self._seconds > now), default=float("inf")
        )
