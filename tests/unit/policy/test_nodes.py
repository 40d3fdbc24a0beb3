"""A DaemonSet that is counted on nodes that it does not run on, or the reverse; a node pool of another size."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from policy.model.nodes import NodeSet, node_sets_of, takes
from policy.model.resource import Resource

NODE: Final = Resource("urn", "kubernetes:core/v1:Node", "it", {})
LABELS: Final = {"pool": "general", "rank": "5"}
TAINT: Final = ("dedicated", "db", "NoSchedule")


def nodes(*taints: tuple[str, str, str]) -> NodeSet:
    return NodeSet(NODE, "", 1, 1, LABELS, taints, "node-1")


def required(*terms: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": wanted}}


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def name(operator: str, *values: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "taken"),
    [
        ({}, True),
        ({"nodeSelector": {"pool": "general"}}, True),
        ({"nodeSelector": {"pool": "general", "disk": "ssd"}}, False),
        ({"nodeSelector": {"pool": "gpu"}}, False),
        (required(label("pool", "In", "general", "gpu")), True),
        (required(label("pool", "In", "gpu")), False),
        (required(label("disk", "In", "ssd")), False),
        (required(label("pool", "NotIn", "general")), False),
        (required(label("disk", "NotIn", "ssd")), True),
        (required({"matchExpressions": [{"key": "pool", "operator": "Exists"}]}), True),
        (required({"matchExpressions": [{"key": "disk", "operator": "Exists"}]}), False),
        (required({"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]}), False),
        (required({"matchExpressions": [{"key": "disk", "operator": "DoesNotExist"}]}), True),
        (required(label("rank", "Gt", "4")), True),
        (required(label("rank", "Gt", "5")), False),
        (required(label("rank", "Gt", "6")), False),
        (required(label("disk", "Gt", "4")), False),
        (required(label("rank", "Lt", "6")), True),
        (required(label("rank", "Lt", "5")), False),
        (required(label("rank", "Lt", "4")), False),
        (required(label("disk", "Lt", "4")), False),
        (required(name("In", "node-1")), True),
        (required(name("In", "node-2")), False),
        (required({**label("pool", "In", "gpu"), **name("In", "node-1")}), False),
        (required(label("pool", "In", "gpu"), label("rank", "In", "5")), True),  # one of the terms suffices
        (required({}), False),  # a term without conditions matches nothing
        (required(), False),
        ({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}}, True),
    ],
)
def test_a_pod_is_for_the_nodes_that_it_selects(spec: Mapping[str, Any], taken: bool) -> None:
    assert takes(nodes(), spec) is taken


@pytest.mark.parametrize(
    ("toleration", "taken"),
    [
        ({}, False),
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "dedicated", "value": "db"}, True),
        ({"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "web"}, False),
        ({"key": "dedicated"}, False),
        ({"value": "db"}, False),  # without a key, only Exists is for every taint
        ({"key": "dedicated", "value": "db", "effect": "NoExecute"}, False),
    ],
)
def test_a_taint_keeps_off_who_does_not_tolerate_it(toleration: Mapping[str, Any], taken: bool) -> None:
    assert takes(nodes(TAINT), {"tolerations": [toleration]}) is taken
    assert takes(nodes(TAINT, ("another", "", "NoExecute")), {"tolerations": [toleration]}) is (
        toleration == {"operator": "Exists"}
    )


def test_some_taints_keep_no_daemon_set_off() -> None:
    soft = ("dedicated", "db", "PreferNoSchedule")
    own = ("node.kubernetes.io/unschedulable", "", "NoSchedule")
    assert takes(nodes(soft, own), {})


def test_windows_nodes_are_for_those_who_say_so() -> None:
    (windows,) = node_sets_of(Resource("urn", GROUP, "it", {"amiType": "WINDOWS_CORE_2022_x86_64"}))
    (linux,) = node_sets_of(Resource("urn", GROUP, "it", {"amiType": "AL2023_x86_64_STANDARD"}))
    (of_gke,) = node_sets_of(Resource("urn", POOL, "it", {"nodeConfig": {"imageType": "WINDOWS_LTSC_CONTAINERD"}}))
    (of_aks,) = node_sets_of(Resource("urn", AGENTS, "it", {"osType": "Windows"}))
    for system, sets in (("windows", [windows, of_aks, of_gke]), ("linux", [linux, nodes()])):
        spec = {"nodeSelector": {"kubernetes.io/os": system}, "tolerations": [{"operator": "Exists"}]}
        assert [takes(each, spec) for each in (windows, of_aks, of_gke, linux, nodes())] == [
            each in sets for each in (windows, of_aks, of_gke, linux, nodes())
        ]
    assert not takes(of_gke, {})  # by the taint that GKE puts there
    assert takes(of_gke, {"tolerations": [{"key": "node.kubernetes.io/os", "operator": "Exists"}]})


def test_a_taint_without_a_value_is_tolerated_without_one() -> None:
    assert takes(nodes(("dedicated", "", "NoSchedule")), {"tolerations": [{"key": "dedicated"}]})


CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
GKE: Final = "gcp:container/cluster:Cluster"
POOL: Final = "gcp:container/nodePool:NodePool"
GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
AGENTS: Final = "azure-native:containerservice:AgentPool"


def read(kind: str, **properties: Any) -> list[tuple[str, int, int | None, Mapping[str, str], tuple[Any, ...]]]:
    """Path, number now, number at most, labels and taints of the nodes that a resource of a kind describes."""
    found = node_sets_of(Resource("urn", kind, "it", properties))
    return [(each.path, each.count, each.maximum, each.labels, each.taints) for each in found]


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        (
            "aws:eks/nodeGroup:NodeGroup",
            {
                "scalingConfig": {"desiredSize": 2, "maxSize": 5},
                "labels": {"a": "b"},
                "taints": [{"key": "dedicated", "value": "db", "effect": "NO_SCHEDULE"}],
            },
            ("scalingConfig.maxSize", 2, 5, {"a": "b"}, (TAINT,)),
        ),
        ("aws:eks/nodeGroup:NodeGroup", {}, ("scalingConfig.maxSize", 0, None, {}, ())),
        (
            POOL,
            {
                "nodeCount": 3,
                "nodeConfig": {"labels": {"a": "b"}, "taints": [{"key": "c", "effect": "NO_EXECUTE"}]},
            },
            ("nodeCount", 3, 3, {"a": "b"}, (("c", "", "NoExecute"),)),
        ),
        (POOL, {"initialNodeCount": 2, "nodeLocations": ["a", "b", "c"]}, ("nodeCount", 6, 6, {}, ())),
        (POOL, {"nodeCount": 1, "initialNodeCount": 9}, ("nodeCount", 1, 1, {}, ())),
        (POOL, {}, ("nodeCount", 0, 0, {}, ())),
        (
            POOL,
            {"initialNodeCount": 1, "autoscaling": {"maxNodeCount": 4}, "nodeLocations": ["a", "b"]},
            ("autoscaling.maxNodeCount", 2, 8, {}, ()),
        ),
        (
            POOL,
            {"autoscaling": {"maxNodeCount": 4, "totalMaxNodeCount": 6}, "nodeLocations": ["a", "b"]},
            ("autoscaling.totalMaxNodeCount", 0, 6, {}, ()),
        ),
        (GKE, {"nodePools": [{"nodeCount": 2}]}, ("nodePools[0].nodeCount", 2, 2, {}, ())),
        (
            AGENTS,
            {"count": 3, "nodeTaints": ["dedicated=db:NoSchedule"], "nodeLabels": {"a": "b"}, "mode": "System"},
            ("count", 3, 3, {"kubernetes.azure.com/mode": "system", "a": "b"}, (TAINT,)),
        ),
        (
            AGENTS,
            {"count": 3, "maxCount": 9, "nodeTaints": ["dedicated:NoExecute"]},
            ("count", 3, 3, {"kubernetes.azure.com/mode": "user"}, (("dedicated", "", "NoExecute"),)),
        ),
        (
            AGENTS,
            {"enableAutoScaling": True, "maxCount": 9},
            ("maxCount", 0, 9, {"kubernetes.azure.com/mode": "user"}, ()),
        ),
        (
            CLUSTER,
            {"agentPoolProfiles": [{"count": 1, "mode": "System"}]},
            ("agentPoolProfiles[0].count", 1, 1, {"kubernetes.azure.com/mode": "system"}, ()),
        ),
    ],
)
def test_a_resource_describes_its_nodes(kind: str, properties: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert read(kind, **properties) == [expected]


def test_a_node_is_one() -> None:
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    body = {"kind": "Node", "metadata": {"name": "node-1", "labels": LABELS}, "spec": {"taints": [taint]}}
    (found,) = node_sets_of(Resource("urn", NODE.type, "it", body))
    assert found == NodeSet(found.resource, "", 1, 1, LABELS, (TAINT,), "node-1")


def test_what_holds_no_nodes_describes_none() -> None:
    assert read("aws:eks/cluster:Cluster") == read(GKE) == read(CLUSTER) == []
