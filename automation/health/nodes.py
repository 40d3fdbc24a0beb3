"""Nodes by pool: not ready, short of something, too few, or of a version that the API server is not made for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Pool, Severity, Symptom
from automation.health.objects import Condition, NodeObject
from automation.show import first_of, number_of
from components.naming import NODE_POOL_LABEL

CONTROL_PLANE: Final = "control plane"
NO_POOL: Final = "–"
_CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
_SKEW: Final = 3  # minors that a kubelet may be behind (kubernetes.io/releases/version-skew-policy, v1.36)
_SHOWN: Final = 3
_READY: Final = "Ready"


def look(cluster: LiveCluster, expected: Expected) -> Looked:
    """What is wrong with nodes, pool by pool."""
    found: list[Symptom] = []
    for name, nodes in by_pool(cluster.nodes, expected.nodes).items():
        found += [*_readiness(name, nodes, expected.nodes.get(name)), *_conditions(name, nodes)]
        found += _versions(name, nodes, minor_of(cluster.version))
    ready = sum(map(is_ready, cluster.nodes))
    return Looked(found, f"{ready} of {len(cluster.nodes)} ready")


def pools(cluster: LiveCluster, wanted: Mapping[str, tuple[int, int]]) -> Iterator[Pool]:
    """The pools as people are shown them."""
    for name, nodes in by_pool(cluster.nodes, wanted).items():
        pressure = sorted({each.type for node in nodes for each in _troubles(node)})
        versions = sorted({node.status.node_info.kubelet_version for node in nodes})
        yield Pool(name, len(nodes), sum(map(is_ready, nodes)), wanted.get(name), pressure, versions)


def by_pool(nodes: Sequence[NodeObject], wanted: Mapping[str, object]) -> dict[str, list[NodeObject]]:
    """The nodes of each pool, of those that are wanted and have none, too."""
    found: dict[str, list[NodeObject]] = {name: [] for name in wanted}
    for node in nodes:
        other = CONTROL_PLANE if _CONTROL_PLANE_LABEL in node.metadata.labels else NO_POOL
        found.setdefault(node.metadata.labels.get(NODE_POOL_LABEL, other), []).append(node)
    return dict(sorted(found.items()))


def is_ready(node: NodeObject) -> bool:
    """Whether the node's condition Ready is True."""
    return any(each.type == _READY and each.status == "True" for each in node.status.conditions)


def minor_of(version: str) -> int | None:
    """36 of `v1.36.3`; None of what is no version of Kubernetes, as nodes that are played have."""
    found = re.match(r"v1\.(\d+)", version)
    return int(found[1]) if found else None


def _readiness(pool: str, nodes: Sequence[NodeObject], wanted: tuple[int, int] | None) -> Iterator[Symptom]:
    lost = [node for node in nodes if not is_ready(node)]
    if lost:
        why = next((each for node in lost for each in node.status.conditions if each.type == _READY), None)
        words = f": {why.reason}, {why.message}" if why and why.message else ""
        message = f"{number_of(len(lost), 'node')} not ready ({_names(lost)}){words}"
        yield _finding(Severity.FAILED, pool, message, lost)
    if wanted and len(nodes) < wanted[0]:
        message = f"{number_of(len(nodes), 'node')} of at least {wanted[0]} that are wanted"
        yield Symptom(
            Severity.FAILED, Area.NODES, pool, message, f"kubectl get nodes --selector {NODE_POOL_LABEL}={pool}"
        )
    if off := [node for node in nodes if node.spec.unschedulable]:
        yield _finding(Severity.NOTE, pool, f"{number_of(len(off), 'node')} cordoned ({_names(off)})", off)


def _conditions(pool: str, nodes: Sequence[NodeObject]) -> Iterator[Symptom]:
    """A finding for each condition besides Ready: pressure, no network, and what node-problem-detector has found."""
    troubled: dict[str, list[tuple[NodeObject, Condition]]] = {}
    for node in nodes:
        for each in _troubles(node):
            troubled.setdefault(each.type, []).append((node, each))
    for kind, pairs in troubled.items():
        level = Severity.FAILED if kind == "NetworkUnavailable" else Severity.WARNING
        those, message = [node for node, _ in pairs], pairs[0][1].message
        words = f": {message}" if message else ""
        yield _finding(level, pool, f"{kind} on {number_of(len(those), 'node')} ({_names(those)}){words}", those)


def _troubles(node: NodeObject) -> list[Condition]:
    return [each for each in node.status.conditions if each.type != _READY and each.status == "True"]


def _versions(pool: str, nodes: Sequence[NodeObject], ours: int | None) -> Iterator[Symptom]:
    versions: dict[str, list[NodeObject]] = {}
    for node in nodes:
        versions.setdefault(node.status.node_info.kubelet_version, []).append(node)
    for version, those in sorted(versions.items()):
        theirs = minor_of(version)
        if ours is None or theirs is None:
            continue
        behind = ours - theirs
        if not 0 <= behind <= _SKEW:
            allowed = f"1.{ours} takes 1.{ours - _SKEW} to 1.{ours}"
            message = f"{number_of(len(those), 'node')} of {version} ({_names(those)}); {allowed}"
            yield _finding(Severity.FAILED, pool, message, those)
        elif behind:
            message = (
                f"{number_of(len(those), 'node')} of {version}, {number_of(behind, 'minor version')} behind 1.{ours}"
            )
            yield _finding(Severity.NOTE, pool, message, those)


def _finding(level: Severity, pool: str, message: str, nodes: Sequence[NodeObject]) -> Symptom:
    return Symptom(level, Area.NODES, pool, message, f"kubectl describe node {nodes[0].metadata.name}")


def _names(nodes: Sequence[NodeObject]) -> str:
    return first_of((node.metadata.name for node in nodes), _SHOWN)
