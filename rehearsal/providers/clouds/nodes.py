"""Nodes of a rehearsed cluster: what a cloud's node pools do, on the API server behind the cluster.

A pool is brought to the nodes that it should have: new ones come first, and are ready before the old ones are
cordoned, drained by eviction (so disruption budgets hold) and removed. KWOK keeps them alive.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from common.simulation import CAPACITY_ANNOTATION, KUBELET_ANNOTATION, NODE_LABEL
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.api import Api, is_ready
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.devices import DEVICES, offer
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.machines import InstanceType
from rehearsal.providers.clouds.store import Store

OS_LABEL: Final = "kubernetes.io/os"
"""The label that says what a node runs; linux, unless a node's own labels say another."""
_READY: Final = 60.0  # seconds until a new node has to be ready
_DRAIN: Final = 20.0  # seconds that pods get to go; clouds give 15 minutes and more, and then go on as well
_POLL: Final = 0.1  # seconds
_TYPE: Final = "node"  # in the store's events


@dataclass(frozen=True)
class Node:
    """A node as it should be, in no zone if its machine is in no cloud; `taints` as the API server takes them.

    `brings_devices` says whether its image has what offers its GPUs to pods, or leaves that to a device plugin.
    """

    name: str
    zone: str
    region: str
    machine: InstanceType
    version: str
    provider_id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    pods: int = 110
    brings_devices: bool = True

    def _place(self) -> dict[str, str]:
        """What the cloud's controller says of the machine; nobody does of one that is in no cloud."""
        labels = {
            "node.kubernetes.io/instance-type": self.machine.type,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": self.zone,
        }
        return labels if self.zone else {}

    def manifest(self) -> dict[str, Any]:
        """The Node object."""
        capacity = self.machine.capacity | {"pods": str(self.pods)}
        devices = self.machine.devices
        annotations = {KUBELET_ANNOTATION: f"v{self.version}"}
        if self.brings_devices:
            capacity |= devices
        elif devices:
            annotations[DEVICES] = json.dumps(devices)
        labels = {"kubernetes.io/arch": self.machine.architecture, OS_LABEL: "linux"} | self._place()
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": {**labels, **self.labels, **dict([NODE_LABEL])},
                "annotations": annotations | {CAPACITY_ANNOTATION: json.dumps(capacity)},
            },
            "spec": {"providerID": self.provider_id, "taints": list(self.taints)},
        }


def names(pool: str, made_of: Any, count: int) -> Iterator[str]:
    """Names for `count` nodes; another value of `made_of` (version, image …) is another generation of nodes."""
    digest = hashlib.sha256(json.dumps([pool, made_of], sort_keys=True).encode()).hexdigest()[:8]
    yield from (f"{pool}-{digest}-{index}" for index in range(count))


def converge(
    cluster: str,
    pool: Mapping[str, str],
    wanted: Sequence[Node],
    store: Store,
    fault: Fault | None = None,
    *,
    told_once: bool = False,
) -> None:
    """Bring the nodes with the labels `pool` of a cluster to `wanted`: first what is new, then without the rest.

    Machines that are `told_once` stay as they are when they are there.

    Refused when a fault leaves a zone without machines; the nodes of the other zones are made then.
    """
    short = [node for node in wanted if fault and fault.fault == "insufficient-capacity" and node.zone == fault.zone]
    _converge(cluster, pool, [node for node in wanted if node not in short], store, told_once=told_once)
    for node in short:
        raise Refused("capacity", machine=node.machine.type, zone=node.zone)


def _converge(cluster: str, pool: Mapping[str, str], wanted: Sequence[Node], store: Store, *, told_once: bool) -> None:
    selector = ",".join(f"{key}={value}" for key, value in pool.items())
    with clusters.api(cluster) as api:
        if api is None:  # the cluster went first, and its nodes with it
            return
        existing = {node["metadata"]["name"] for node in api.list(f"/api/v1/nodes?labelSelector={selector}")}
        for node in [each for each in wanted if not (told_once and each.name in existing)]:
            api.apply(f"/api/v1/nodes/{node.name}", node.manifest())
        for node in wanted:
            _until_ready(api, node.name)
            if node.name not in existing:
                store.note("ready", _TYPE, node.name)
        surplus = sorted(existing - {node.name for node in wanted})
        for name in surplus:
            api.merge(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
        for name in surplus:
            drain(api, name)
            api.delete(f"/api/v1/nodes/{name}")
            store.note("gone", _TYPE, name)
        offer(api)


def _until_ready(api: Api, name: str) -> None:
    deadline = time.monotonic() + _READY
    while not is_ready(api.get(f"/api/v1/nodes/{name}")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"node {name} was not ready within {_READY:.0f} s")
        time.sleep(_POLL)


def drain(api: Api, node: str) -> list[str]:
    """Evict the pods of a node, but those of DaemonSets; the names of those that are left when the time is up."""
    deadline = time.monotonic() + _DRAIN
    while (pods := list(_to_evict(api, node))) and time.monotonic() < deadline:
        for pod in pods:
            api.evict(pod["namespace"], pod["name"])
        time.sleep(_POLL)
    return [pod["name"] for pod in pods]


def _to_evict(api: Api, node: str) -> Iterator[Mapping[str, Any]]:
    for pod in api.list(f"/api/v1/pods?fieldSelector=spec.nodeName={node}"):
        owners = pod["metadata"].get("ownerReferences", ())
        if not any(owner["kind"] == "DaemonSet" for owner in owners):
            yield pod["metadata"]
