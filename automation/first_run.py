"""Whether the first run of a stack can get to the API server that it makes, asked before anything happens.

A private endpoint is reached through the cluster's network, and that one comes with the same run: nothing can be
connected with it before. The run would wait for the cluster, and then for an address that leads nowhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.errors import EngineError, Problem
from components.clusters.managed import ManagedSpec
from stacks.config import StackSpec


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
                remedy=f"{'; or '.join(_ways(cluster))}; docs/guide/private-clusters.md has the steps",
            )
        )


def _ways(cluster: ManagedSpec) -> Iterator[str]:
    yield from cluster.ways_in_at_first
    if not cluster.bundles:  # it does without its contents
        yield "leave platform, tenants and addons out of the first run, and connect the network before the second"
        yield "put them into a second stack, of kind existing, which runs from within"


def _has_begun(deployment: Mapping[str, Any], cloud: str) -> bool:
    return any(resource["type"].startswith(f"{cloud}:") for resource in deployment.get("resources") or ())


def _contents(spec: StackSpec, cluster: ManagedSpec) -> Iterator[str]:
    yield from spec.contents
    if cluster.bundles:
        yield "its own network plugin"
    if any(pool.needs_device_plugin for pool in cluster.pools):
        yield "a device plugin"
