"""Whether the first run of a stack can get to the API server that it makes, asked before anything happens.

A private endpoint is reached through the cluster's network, and that one comes with the same run: nothing can be
connected with it before. The run would wait for the cluster, and then for an address that leads nowhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from common.errors import EngineError, Problem
from components.clusters.managed import ManagedSpec
from stacks.config import StackSpec

_IN_TWO_RUNS: Final = (
    "leave platform, tenants and addons out of the first run, and connect the network before the second"
)


def check_first_run(deployment: Mapping[str, Any], spec: StackSpec) -> None:
    """EngineError with PK409 when something has to go into a cluster that cannot be reached from anywhere yet.

    `deployment` is the stack's state. What has a network already may have been connected since.
    """
    cluster = spec.cluster
    if not isinstance(cluster, ManagedSpec) or cluster.is_reachable_at_first or _has_begun(deployment, cluster.cloud):
        return
    if contents := ", ".join(_contents(spec, cluster)):
        raise EngineError(
            Problem(
                code="PK409",
                summary="the first run could not reach the API server",
                where="polykube:cluster.apiEndpoint",
                found=f"a private endpoint in a network that this run makes; to go there: {contents}",
                allowed="a way in that is there from the start",
                remedy="; or ".join((*cluster.ways_in_at_first, _IN_TWO_RUNS)),
            )
        )


def _has_begun(deployment: Mapping[str, Any], cloud: str) -> bool:
    return any(resource["type"].startswith(f"{cloud}:") for resource in deployment.get("resources") or ())


def _contents(spec: StackSpec, cluster: ManagedSpec) -> Iterator[str]:
    if spec.platform.storage_classes or spec.platform.priority_classes:
        yield "the platform"
    if spec.tenants:
        yield "tenants"
    if spec.addons.plan().add_ons:
        yield "add-ons"
    if any(pool.needs_device_plugin for pool in cluster.pools):
        yield "a device plugin"
