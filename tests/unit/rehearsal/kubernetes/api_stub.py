"""An API server that answers what a test has it answer, and keeps what it was asked.

For what the provider makes of answers and sends after them; what an API server itself makes of requests is tried on a
real one, by tests/rehearsal/kubernetes.
"""

import threading
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NoReturn

from rehearsal.providers.engine_log import EngineLog
from rehearsal.providers.kubernetes import settings
from rehearsal.providers.kubernetes.api import ApiError, OperationCancelled
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.discovery import DiscoveryClient
from rehearsal.providers.kubernetes.objects import Object
from rehearsal.providers.kubernetes.watching import Watching

_SERVED = {
    ("", "v1"): ("ConfigMap", "Event", "Namespace"),
    ("apiextensions.k8s.io", "v1"): ("CustomResourceDefinition",),
    ("batch", "v1"): ("Job",),
}


def refusal(reason: str, message: str = "no", status: int = 400, **details: str) -> ApiError:
    """What an API server that refuses answers."""
    return ApiError(status, {"reason": reason, "message": message, "details": details})


@dataclass
class ApiStub:
    """Answers `answers` by verb, the last one for ever; the verbs and parameters of what changes are in `sent`."""

    answers: dict[str, list[Any]]
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def get(self, path: str, *_: Any) -> Any:
        if path in ("/api", "/apis"):
            return _discovery(path)
        return self._answer("list" if path.endswith("s") else "get")

    def create(self, path: str, obj: Object, **parameters: Any) -> Any:
        return self._change("create", path, obj, parameters)

    def patch(self, path: str, content_type: str, patch: Any, **parameters: Any) -> Any:
        return self._change("patch", path, patch, {"type": content_type} | parameters)

    def delete(self, path: str, propagation: str) -> None:
        self._change("delete", path, None, {"propagation": propagation})

    def wait(self, seconds: float) -> None:
        self.paused.append(seconds)

    def watch(self, *_: Any) -> NoReturn:
        raise OperationCancelled("nothing changes any more")

    def _change(self, verb: str, path: str, body: Any, parameters: dict[str, Any]) -> Any:
        self.sent.append((verb, {"path": path} | parameters))
        self.bodies.append(deepcopy(body))
        return self._answer(verb)

    def _answer(self, verb: str) -> Any:
        answers = self.answers[verb]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return deepcopy(answer)


class Heard(EngineLog):
    """What the provider says to the user."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def _send(self, severity: Any, urn: str, message: str, *, ephemeral: bool = False) -> None:
        del severity, urn, ephemeral
        self.messages.append(message)


def cluster(api: Any, version: tuple[int, int] = (1, 36), **options: str) -> ReachableCluster:
    """A cluster with this API server, for a provider with these options."""
    given = settings.read({f"kubernetes:config:{name}": value for name, value in options.items()})
    return ReachableCluster(given, api, DiscoveryClient(api), Watching(api), version, Heard())


def _discovery(root: str) -> Object:
    return {
        "items": [
            {"metadata": {"name": group}, "versions": [{"version": version, "resources": list(map(_entry, kinds))}]}
            for (group, version), kinds in _SERVED.items()
            if (root == "/api") == (group == "")
        ]
    }


def _entry(kind: str) -> Object:
    scope = "Cluster" if kind in ("Namespace", "CustomResourceDefinition") else "Namespaced"
    return {"resource": f"{kind.lower()}s", "responseKind": {"kind": kind}, "scope": scope}
