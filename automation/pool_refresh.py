"""Brings what the state holds of a cluster's node pools up to date before a run, where a provider would send it.

azure-native sends all inputs with a change of an AKS cluster, and its pools as the state has them: with versions and
numbers of nodes that are old, or with a pool that is gone, which Azure takes for a new one and refuses
(pulumi/pulumi-azure-native#2719). A plain `pulumi up` does the same with `--refresh`.
"""

from collections.abc import Mapping
from typing import Any, Final

from automation.engine import Engine

_SENT: Final = frozenset({"azure-native:containerservice:ManagedCluster"})


def refresh_pools(engine: Engine, deployment: Mapping[str, Any]) -> None:
    """Refresh the clusters in the stack's state, `deployment`, whose pools go with each change of theirs."""
    urns = [each["urn"] for each in deployment.get("resources") or () if each["type"] in _SENT]
    if urns:
        engine.refresh(urns)
