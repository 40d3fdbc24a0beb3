"""`polykube health` on a large cluster: 1,000 nodes that are played, and 10,000 pods, of which a hundred crash."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from lightkube import Client, KubeConfig
from lightkube.codecs import from_dict
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Node

from automation.health.cluster import Expected
from automation.health.examination import examine
from automation.health.findings import Health
from bench.figures import RUNS, Figure, told
from common.simulation import NODE_LABEL
from components.naming import NODE_POOL_LABEL
from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.toolchain import CONTROL_PLANE, ensure

_NODES: Final = 1_000
_DEPLOYMENTS: Final = 100
_PODS_OF_EACH: Final = 100
_PATIENCE: Final = 3_600.0  # seconds; a small machine takes minutes to place so many
_AT_ONCE: Final = 16


def measure() -> list[Figure]:
    """Seconds and requests of one look."""
    plane = ControlPlane(
        "bench-health", Binaries.by_name({name: tool.path for name, tool in ensure(CONTROL_PLANE).items()})
    )
    plane.start()
    config = KubeConfig.from_file(str(plane.kubeconfig))
    _fill(Client(config=config))
    expected = Expected({"general": (_NODES, _NODES)}, {})
    look = partial(examine, "bench", "local", config, expected)
    taken = [_whole(look()) for _ in range(RUNS)]
    what = f"of {_NODES:,} nodes and {_DEPLOYMENTS * _PODS_OF_EACH:,} pods"
    return [
        told(f"health {what}", "s", [each.seconds for each in taken]) | {"goal": 5},
        told(f"health {what}, requests", "", [each.requests for each in taken]) | {"goal": 200},
    ]


def _whole(health: Health) -> Health:
    """A look that has seen all of it; RuntimeError else."""
    crashing = [each for each in health.findings if each.subject.endswith("/crashing")]
    if len(crashing) != 1 or health.pools[0].ready != _NODES:
        raise RuntimeError(f"{health.looked_at}, {crashing}")
    return health


def _fill(client: Any) -> None:
    client.apply(
        from_dict({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}}), field_manager="bench"
    )
    with ThreadPoolExecutor(_AT_ONCE) as several:
        list(several.map(client.create, [_node(number) for number in range(_NODES)]))
        names = [f"web-{number}" for number in range(_DEPLOYMENTS - 1)]
        list(several.map(client.create, [*map(_deployment, names), _deployment("crashing", "crash")]))
    until = time.monotonic() + _PATIENCE
    while sum((each.status.availableReplicas or 0) for each in client.list(Deployment, namespace="bench")) < _well():
        if time.monotonic() > until:
            raise RuntimeError(f"the pods are not placed after {_PATIENCE:.0f} s")
        time.sleep(5)


def _well() -> int:
    return (_DEPLOYMENTS - 1) * _PODS_OF_EACH


def _node(number: int) -> Node:
    labels = {NODE_POOL_LABEL: "general", **dict([NODE_LABEL])}
    manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"general-{number}", "labels": labels}}
    return from_dict(manifest)  # type: ignore[return-value]  # as its kind says


def _deployment(name: str, rehearse: str = "") -> Deployment:
    annotations = {"polykube.dev/rehearse": rehearse} if rehearse else {}
    pods = {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "example.test/main:1"}]},
    }
    spec = {"replicas": _PODS_OF_EACH, "selector": {"matchLabels": {"app": name}}, "template": pods}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "bench"},
        "spec": spec,
    }
    return from_dict(manifest)  # type: ignore[return-value]  # as its kind says
