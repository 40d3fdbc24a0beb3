"""What the tests of the `kubernetes` stand-in share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from rehearsal.providers.engine_log import EngineLog
from rehearsal.providers.kubernetes.awaits import words
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.rehearsal.kubernetes.resource import Resource, configured
from tests.support.api import Api, Object, takes_pods
from tests.support.engine import Engine
from tests.support.objects import node

ConfigMap = Callable[..., Object]


class _Log(EngineLog):
    """Keeps the warnings and the notes that people would see."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.notes: list[str] = []

    def warn(self, urn: str, message: str) -> None:
        self.texts.append(f"{urn}: {message}")

    def info(self, urn: str, message: str) -> None:
        self.notes.append(f"{urn}: {message}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> _Log:
    """What providers that are made after this say."""
    log = _Log()
    monkeypatch.setattr(KubernetesStandIn, "log", log)
    return log


@pytest.fixture
def warnings(log: _Log) -> list[str]:
    """Their warnings."""
    return log.texts


@pytest.fixture
def notes(log: _Log, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Their notes, which come at once."""
    monkeypatch.setattr(words, "_SOON", 0.5)
    monkeypatch.setattr(words, "_EVERY", 0.5)
    return log.notes


@pytest.fixture
def provider(control_plane: ControlPlane, warnings: list[str]) -> Iterator[KubernetesStandIn]:
    """A provider of the shared control plane, with default options."""
    assert not warnings
    provider = configured(control_plane.kubeconfig)
    yield provider
    provider.cancel()  # ends its watches


@pytest.fixture
def resource(provider: KubernetesStandIn) -> Resource:
    """A resource that does not exist yet."""
    return Resource(provider)


@pytest.fixture
def engine(engine: Engine, control_plane: ControlPlane, namespace: str) -> Engine:
    """The engine with a stack whose default provider is the shared control plane."""
    engine.environment.update({"KUBECONFIG": str(control_plane.kubeconfig), "TEST_NAMESPACE": namespace})
    return engine


@pytest.fixture
def config_map(namespace: str) -> ConfigMap:
    """A maker of ConfigMaps `subject` in the test's namespace: data, then metadata by name."""

    def make(data: dict[str, Any] | None = None, **metadata: Any) -> Object:
        identity = {"name": "subject", "namespace": namespace} | metadata
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": identity, "data": data or {"a": "1"}}

    return make


@pytest.fixture
def nodes(api: Api, namespace: str) -> Iterator[dict[str, str]]:
    """Two ready nodes for pods of this test alone, as the node selector that leads to them."""
    names = [f"{namespace}-{number}" for number in (1, 2)]
    for name in names:
        api.apply(node(name, {"pool": namespace}))
    for name in names:
        api.until(f"/api/v1/nodes/{name}", takes_pods)
    yield {"pool": namespace}
    for name in names:
        api.delete(f"/api/v1/nodes/{name}")
