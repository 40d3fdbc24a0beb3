"""Waiting until an object is ready: the rule of its kind, or what the program's annotations say instead."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from rehearsal.providers.kubernetes.annotations import SKIP_AWAIT, awaited_expressions, is_true, timeout
from rehearsal.providers.kubernetes.awaits import kstatus, networking, pods, storage, workloads
from rehearsal.providers.kubernetes.awaits.expressions import judge_of
from rehearsal.providers.kubernetes.awaits.rule import (
    ENDPOINTS,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    SERVICE,
    STORAGE_CLASS,
    AwaitRule,
    Judge,
    Readiness,
    Situation,
)
from rehearsal.providers.kubernetes.awaits.words import Telling, latest_events
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.objects import (
    GroupVersionKind,
    Object,
    at,
    kind_of,
    name_of,
    namespace_of,
    number_at,
)
from rehearsal.providers.kubernetes.watching import Collection


def _always(judge: Judge) -> Callable[[], Judge]:
    return lambda: judge


_RULES: Final = {
    "apps/v1/DaemonSet": AwaitRule(_always(workloads.daemon_set), (POD,)),
    "apps/v1/Deployment": AwaitRule(_always(workloads.deployment), (REPLICA_SET, POD, PERSISTENT_VOLUME_CLAIM)),
    "apps/v1/StatefulSet": AwaitRule(_always(workloads.stateful_set), (POD,)),
    "batch/v1/Job": AwaitRule(_always(workloads.job), (POD,), restarts=True),
    "networking.k8s.io/v1/Ingress": AwaitRule(networking.IngressRule, (ENDPOINTS, SERVICE)),
    "v1/PersistentVolume": AwaitRule(_always(storage.volume), timeout=300, on_read=False),
    "v1/PersistentVolumeClaim": AwaitRule(_always(storage.claim), (STORAGE_CLASS,), timeout=300, on_read=False),
    "v1/Pod": AwaitRule(_always(pods.judge), restarts=True),
    "v1/ReplicationController": AwaitRule(_always(workloads.replication_controller), timeout=600, on_read=False),
    "v1/ResourceQuota": AwaitRule(_always(storage.quota), timeout=60, on_read=False),
    "v1/Secret": AwaitRule(_always(storage.secret), timeout=5, on_read=False),
    "v1/Service": AwaitRule(networking.ServiceRule, (ENDPOINTS,)),
}
_KSTATUS: Final = AwaitRule(_always(kstatus.judge))


class NotReady(Exception):
    """The object is there, as `live`, but not ready; `reasons` say what is missing."""

    def __init__(self, live: Object, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.live = live
        self.reasons = reasons


def until_ready(
    cluster: ReachableCluster, urn: str, inputs: Object, live: Object, *, created: bool, custom: float
) -> Object:
    """Wait until `live`, just made from `inputs`, is ready; the object as it is then.

    NotReady when it fails, time runs out (`custom` seconds, 0 for the kind's default) or the engine
    cancels. ExpressionError for a malformed `waitFor` annotation.
    """
    rule = _rule(inputs, live)
    if rule is None:
        return live
    limit = rule.timeout or timeout(custom, inputs)
    return _Wait(cluster, urn, rule, live, created=created).run(limit)


def check_ready(cluster: ReachableCluster, inputs: Object, live: Object) -> None:
    """Judge `live` once, as a refresh does; NotReady if it is not ready now. `waitFor` plays no part."""
    rule = _RULES.get(str(kind_of(live)))
    if rule is None or not rule.on_read or is_true(inputs, SKIP_AWAIT):
        return
    related = {kind: cluster.objects(kind, namespace_of(live)) for kind in rule.related}
    verdict = rule.judge()(Situation(live, related, once=True))
    if not verdict.ready:
        raise NotReady(live, f"{kind_of(live).kind} {name_of(live)!r} is there, but not ready", verdict.reasons)


def is_complete(live: Object) -> bool:
    """Whether a Job has run to its end."""
    return workloads.job(Situation(live, {POD: []})).ready


def _rule(inputs: Object, live: Object) -> AwaitRule | None:
    if is_true(inputs, SKIP_AWAIT):
        return None
    if expressions := awaited_expressions(live):
        return AwaitRule(_always(judge_of(expressions)))
    return _RULES.get(str(kind_of(live)), _KSTATUS if kstatus.applies_to_all() else None)


class _Wait:
    """One wait for one object."""

    def __init__(self, cluster: ReachableCluster, urn: str, rule: AwaitRule, live: Object, *, created: bool) -> None:
        self._cluster = cluster
        self._urn = urn
        self._rule = rule
        self._live = live
        self._created = created
        self._judge = rule.judge()
        self._changed = threading.Event()
        self._told = ""
        self._telling = Telling(cluster, urn)

    def run(self, limit: float) -> Object:
        if self._judge(Situation(self._live, {kind: [] for kind in self._rule.related}, self._created)).ready:
            return self._live  # nothing else has a say, so nothing needs watching
        kinds = [kind_of(self._live), *self._rule.related]
        paths = [self._cluster.collection(kind, namespace_of(self._live)) for kind in kinds]
        with self._cluster.watching.collections(self._changed, paths) as collections:
            return self._follow(dict(zip(kinds, collections, strict=True)), limit)

    def _follow(self, collections: dict[GroupVersionKind, Collection], limit: float) -> Object:
        end = time.monotonic() + limit
        while True:
            self._changed.clear()
            verdict = self._look(collections)
            if verdict.ready:
                self._tell("")
                return self._live
            if verdict.failed:
                raise NotReady(self._live, f"{self._name} failed", verdict.reasons)
            words = partial(self._words, verdict, collections)  # which ask the API server
            left = end - time.monotonic()
            if left <= 0 or self._cluster.api.cancelled.is_set():
                return self._give_up(verdict, words(), limit, timed_out=left <= 0)
            self._tell("; ".join(verdict.reasons))
            self._telling.tell(words)
            if self._changed.wait(min(left, verdict.again, self._telling.due)) and self._rule.restarts:
                end = time.monotonic() + limit

    def _look(self, collections: dict[GroupVersionKind, Collection]) -> Readiness:
        if not all(collection.filled.is_set() for collection in collections.values()):
            return Readiness(ready=False)
        own = collections[kind_of(self._live)].find(at(self._live, "metadata", "uid"))
        if own and number_at(own, "metadata", "generation") >= number_at(self._live, "metadata", "generation"):
            self._live = own
        related = {kind: collections[kind].objects() for kind in self._rule.related}
        return self._judge(Situation(self._live, related, self._created))

    def _words(self, verdict: Readiness, collections: dict[GroupVersionKind, Collection]) -> list[str]:
        """What is missing, and what the objects say to it."""
        related = (obj for kind in self._rule.related for obj in collections[kind].objects())
        return [*verdict.reasons, *latest_events(self._cluster, self._live, related)]

    def _give_up(self, verdict: Readiness, words: list[str], limit: float, *, timed_out: bool) -> Object:
        if verdict.tolerable:
            return self._live
        why = f"was not ready within {limit:g} s" if timed_out else "was not ready when the operation was cancelled"
        raise NotReady(self._live, f"{self._name} {why}", tuple(words))

    def _tell(self, status: str) -> None:
        if status != self._told:
            self._told = status
            self._cluster.log.status(self._urn, status)

    @property
    def _name(self) -> str:
        return f"{kind_of(self._live).kind} {name_of(self._live)!r}"
