"""A cluster on this machine: a real control plane, and nodes that are simulated.

The control plane is not a resource of the program: `polykube` starts and stops it, before and after the
engine runs, so that a program that fails leaves an API server that can be looked at. Node pools are Node
objects, which KWOK keeps alive; no container runs.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal

import pulumi
import pulumi_kubernetes as kubernetes
import yaml
from pydantic import Field

from common.errors import ControlPlaneError, Problem
from common.local_identity import identity_of
from common.paths import local_kubeconfig
from common.simulation import CAPACITY_ANNOTATION, NODE_LABEL, STORAGE_DRIVER, kubernetes_version
from components import naming
from components.clusters.base import ClusterBase, ClusterSpec
from components.clusters.kubeconfig import refusal, server_of
from components.clusters.node_pools import NodePoolSpec
from components.contract import Capability, NodePool, Storage
from spec.model import Many, same_twice
from spec.problems import Code, Finding, quoted

_ZONES: Final = ("local-a", "local-b", "local-c")
_PROBE_TIMEOUT: Final = 2.0  # seconds


class LocalSpec(ClusterSpec):
    """A control plane that polykube starts on this machine; its nodes report readiness, containers do not run."""

    kind: Literal["local"] = Field(description="A control plane on this machine, with simulated nodes.")
    node_pools: Annotated[Many[NodePoolSpec], Field(min_length=1)] = Field(description="The cluster's nodes.")

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("node pool", "nodePools", self.node_pools)
        ours = kubernetes_version()
        if self.version != ours:
            remedy = f'Write "{ours}", the version of the control plane that polykube brings.'
            yield Finding(Code.NOT_ALLOWED, quoted(self.version), quoted(ours), remedy, at=("version",))

    @property
    def wanted_nodes(self) -> Mapping[str, tuple[int, int]]:
        return {pool.name: (pool.nodes, pool.nodes) for pool in self.node_pools}

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(
            {
                Capability.NODE_POOLS,
                Capability.LOAD_BALANCERS,
                Capability.INTERNAL_LOAD_BALANCERS,
                Capability.BLOCK_STORAGE,
                Capability.VOLUME_SNAPSHOTS,
                Capability.NODE_DIRECTORIES,
                Capability.NETWORK_PLUGINS,  # no network is made, so that none is broken
            }
        )


class LocalCluster(ClusterBase):
    """The `Cluster` contract on the embedded control plane `spec.name`, which must be running."""

    block_storage = Storage(STORAGE_DRIVER)

    def __init__(self, spec: LocalSpec, *, protect: bool) -> None:
        kubeconfig = _running(spec.name)
        super().__init__(spec, protect=protect)
        self.connect(kubeconfig, identity_of(local_kubeconfig(spec.name).parent))
        self.node_pools = tuple(self._node_pool(pool) for pool in spec.node_pools)
        self.complete()

    def _node_pool(self, pool: NodePoolSpec) -> NodePool:
        labels = {**pool.labels, naming.NODE_POOL_LABEL: pool.name}
        taints = [
            kubernetes.core.v1.TaintArgs(key=taint.key, value=taint.value or None, effect=taint.effect)
            for taint in pool.taints
        ]
        for index in range(pool.nodes):
            name = f"{pool.name}-{index}"
            kubernetes.core.v1.Node(
                name,
                metadata=kubernetes.meta.v1.ObjectMetaArgs(
                    name=name,
                    labels={
                        **labels,
                        **dict([NODE_LABEL]),
                        naming.MANAGED_BY_LABEL: naming.PROJECT,
                        "topology.kubernetes.io/zone": _ZONES[index % len(_ZONES)],
                    },
                    annotations={CAPACITY_ANNOTATION: json.dumps(pool.capacity.amounts())},
                ),
                spec=kubernetes.core.v1.NodeSpecArgs(taints=taints or None),
                opts=pulumi.ResourceOptions.merge(self.in_cluster(), pulumi.ResourceOptions(parent=self)),
            )
        return NodePool(pool.name, pool.nodes, pool.nodes, labels, [taint.as_contract() for taint in pool.taints])


def _running(name: str) -> str:
    """The kubeconfig of the control plane `name`; ControlPlaneError (PK306) when that does not answer."""
    path = local_kubeconfig(name)
    kubeconfig = path.read_text(errors="replace") if path.is_file() else ""
    server = _server(kubeconfig)
    if not server or refusal(server, _PROBE_TIMEOUT):
        raise ControlPlaneError(
            Problem(
                code="PK306",
                summary=f"the control plane of the local cluster {name} is not running",
                found=_why_not(server, path),
                allowed="a control plane that polykube has started on this machine",
                remedy=f"start it: polykube start --stack {pulumi.get_stack()} (`make up` does that, too)",
            )
        )
    return kubeconfig


def _server(kubeconfig: str) -> str:
    """The API server's address; empty where it cannot be read."""
    with suppress(yaml.YAMLError, LookupError, TypeError, AttributeError):
        return server_of(kubeconfig, None)
    return ""


def _why_not(server: str, path: Path) -> str:
    if server:
        return "nothing answers at the address in its kubeconfig"
    return f"{path}, which is damaged" if path.is_file() else f"no {path}"
