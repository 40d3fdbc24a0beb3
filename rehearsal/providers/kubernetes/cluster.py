"""One reachable cluster, with everything that the operations need to know of it."""

import re
import threading
from dataclasses import dataclass
from typing import Final

from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from rehearsal.providers.base import ProviderError
from rehearsal.providers.engine_log import EngineLog
from rehearsal.providers.kubernetes.api import ApiError, ApiServer, NoAnswer
from rehearsal.providers.kubernetes.discovery import DiscoveryClient
from rehearsal.providers.kubernetes.kubeconfig import PrintsNoToken, with_certificate
from rehearsal.providers.kubernetes.objects import (
    GroupVersionKind,
    Object,
    items_at,
    kind_of,
    name_of,
    namespace_of,
    text_at,
)
from rehearsal.providers.kubernetes.rate_limit import RateLimiter
from rehearsal.providers.kubernetes.settings import Settings
from rehearsal.providers.kubernetes.watching import Watching

_OLDEST: Final = (1, 26)  # the first with aggregated discovery; the official provider goes back to 1.13


class Unreachable(Exception):
    """The cluster cannot be used in this run; the text says why."""


@dataclass(frozen=True)
class ReachableCluster:
    """A cluster that answered. `version` is major and minor."""

    settings: Settings
    api: ApiServer
    discovery: DiscoveryClient
    watching: Watching
    version: tuple[int, int]
    log: EngineLog

    def knows(self, obj: Object) -> bool:
        """Whether the kind of `obj` is among those that the server is known to serve."""
        return self.discovery.find(kind_of(obj)) is not None

    def path(self, obj: Object) -> str:
        """Where `obj` is, or would be; UnknownKind if the server does not serve its kind."""
        return self.path_of(kind_of(obj), namespace_of(obj), name_of(obj))

    def path_of(self, kind: GroupVersionKind, namespace: str, name: str) -> str:
        """Where the object of that name is; without a namespace, in `default`."""
        return self.discovery.resource(kind).path(namespace or "default", name)

    def get(self, obj: Object) -> Object:
        """The live object of the same kind and name as `obj`."""
        return self.api.get(self.path(obj))

    def objects(self, kind: GroupVersionKind, namespace: str) -> list[Object]:
        """The objects of `kind` in a namespace, without apiVersion and kind; none if the server does not tell."""
        try:
            return items_at(self.api.get(self.collection(kind, namespace)), "items")
        except ApiError:
            return []

    def collection(self, kind: GroupVersionKind, namespace: str) -> str:
        """Where the objects of `kind` are, in `namespace` if the kind has them."""
        return self.discovery.resource(kind).path(namespace)


def connect(
    settings: Settings, connection: SingleConfig, cancelled: threading.Event, log: EngineLog
) -> ReachableCluster:
    """The cluster of `connection`; `Unreachable` if it does not answer."""
    try:
        limiter = RateLimiter(settings.qps, settings.burst)
        api = ApiServer(connection, limiter, settings.timeout, cancelled)
        try:
            version = _version(api.get("/version"))
        except PrintsNoToken:
            api = ApiServer(with_certificate(connection), limiter, settings.timeout, cancelled)
            version = _version(api.get("/version"))
        if version < _OLDEST:
            raise ProviderError(
                "Kubernetes {}.{} is too old: {}.{} is the oldest that will do".format(*version, *_OLDEST)
            )
        discovery = DiscoveryClient(api)
        discovery.known()
    except (ApiError, NoAnswer, ConfigError, OSError) as error:
        raise Unreachable(str(error)) from error
    return ReachableCluster(settings, api, discovery, Watching(api), version, log)


def _version(answer: Object) -> tuple[int, int]:
    """Major and minor; clouds add letters and signs to the minor."""
    major, minor = (re.sub(r"\D.*", "", text_at(answer, part)) for part in ("major", "minor"))
    return int(major or 0), int(minor or 0)
