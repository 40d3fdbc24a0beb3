"""A state that is older than the pools of a cluster, which a provider would send back to the cloud."""

from typing import Any

from automation.engine import Engine
from automation.pool_refresh import refresh_pools

CLUSTER = "urn:pulumi:dev::polykube::azure-native:containerservice:ManagedCluster::dev"
RESOURCES = [
    {"urn": CLUSTER, "type": "azure-native:containerservice:ManagedCluster"},
    {"urn": "urn:of-a-network", "type": "azure-native:network:VirtualNetwork"},
    {"urn": "urn:of-eks", "type": "aws:eks/cluster:Cluster"},
]


class _Engine(Engine):
    """The engine, which notes what it is asked instead of running anything."""

    def __init__(self) -> None:
        self.stack = "dev"
        self.asked: list[tuple[str, ...]] = []

    def ask(
        self,
        *arguments: str,
        stdin: str | None = None,  # noqa: ARG002 - nothing reads it
        deadline: float | None = None,  # noqa: ARG002 - nor that
    ) -> str:
        self.asked.append(arguments)
        return ""


def asked(deployment: dict[str, Any]) -> list[tuple[str, ...]]:
    """What the engine is asked for before a run on this state."""
    engine = _Engine()
    refresh_pools(engine, deployment)
    return engine.asked


def test_a_cluster_of_aks_is_refreshed_before_a_run_and_nothing_else_is() -> None:
    ((command, *options),) = asked({"resources": RESOURCES})
    assert command == "refresh"
    assert [options[index + 1] for index, each in enumerate(options) if each == "--target"] == [CLUSTER]
    assert "--yes" in options


def test_nothing_is_asked_where_there_is_none() -> None:
    assert asked({"resources": RESOURCES[1:]}) == asked({}) == asked({"resources": None}) == []
