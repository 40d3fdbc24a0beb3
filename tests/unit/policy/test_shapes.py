"""A value that is taken for one that the API server cannot read, or the other way round."""

from typing import Any

import pytest

from policy.model.shapes import Damage, read
from policy.model.unknown import Unknown

NUMBER_OR_PART = "a number, or a percentage such as 25%"
BLOCK = "addresses such as 10.0.0.0/8"
OPERATORS = "In, NotIn, Exists, DoesNotExist"


def damages(kind: str, spec: Any, api_version: str = "v1") -> list[tuple[str, str]]:
    """Path below the spec, and what is allowed there."""
    return [(it.path.removeprefix("spec."), it.allowed) for it in read(api_version, kind, {"spec": spec}).damages]


def block(**fields: Any) -> dict[str, Any]:
    return {"egress": [{"to": [{"ipBlock": fields}]}]}


def required(**fields: Any) -> dict[str, Any]:
    term = {"matchExpressions": [fields]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    }


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("NetworkPolicy", block(cidr="10.0.0.0/8", **{"except": ["10.1.0.1/16"]}), []),
        ("NetworkPolicy", block(cidr="fd00::/8"), []),
        ("NetworkPolicy", block(cidr=Unknown()), []),
        ("NetworkPolicy", block(cidr="10.0.0.0/8", **{"except": [Unknown()]}), []),
        ("NetworkPolicy", block(cidr="10.0.0/8"), [("cidr", BLOCK)]),
        ("NetworkPolicy", block(cidr=""), [("cidr", BLOCK)]),
        ("NetworkPolicy", block(), [("cidr", BLOCK)]),
        ("NetworkPolicy", block(cidr="10.0.0.0/8", **{"except": ["10.1.0.0/16", "x"]}), [("except", BLOCK)]),
    ],
)
def test_blocks(kind: str, spec: Any, expected: list[tuple[str, str]]) -> None:
    assert damages(kind, spec) == [(f"egress[0].to[0].ipBlock.{path}", allowed) for path, allowed in expected]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ({"key": "a", "operator": "In", "values": ["b"]}, []),
        ({"key": "a", "operator": Unknown()}, []),
        ({"key": Unknown(), "operator": "Exists"}, []),
        ({"key": "a", "operator": "Is"}, [("operator", OPERATORS)]),
        ({"operator": "Exists"}, [("key", "a value")]),
        ({"key": "", "operator": "Exists"}, [("key", "a value")]),
        (None, [("key", "a value"), ("operator", OPERATORS)]),
    ],
)
def test_selectors(requirement: Any, expected: list[tuple[str, str]]) -> None:
    found = damages("NetworkPolicy", {"podSelector": {"matchExpressions": [requirement]}})
    assert found == [(f"podSelector.matchExpressions[0].{path}", allowed) for path, allowed in expected]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ({"key": "a", "operator": "Gt", "values": ["1"]}, []),
        ({"key": "a", "operator": "Lt", "values": ["-1"]}, []),
        ({"key": "a", "operator": "Gt", "values": [Unknown()]}, []),
        ({"key": "a", "operator": "In", "values": ["x", "y"]}, []),
        ({"key": "a", "operator": "Gt", "values": ["x"]}, ["values"]),
        ({"key": "a", "operator": "Lt", "values": ["1", "2"]}, ["values"]),
        ({"key": "a", "operator": "Gt"}, ["values"]),
        ({"key": "a", "operator": "Ge", "values": ["1"]}, ["operator"]),
    ],
)
def test_selectors_of_nodes(requirement: Any, expected: list[str]) -> None:
    assert [path.rpartition(".")[2] for path, _ in damages("Pod", required(**requirement))] == expected


@pytest.mark.parametrize(
    ("value", "is_read"),
    [(1, True), ("25%", True), ("5%", True), ("1", False), ("%", False), ("a%", False), (1.5, False)],
)
def test_numbers_and_parts(value: Any, is_read: bool) -> None:
    for kind, where in (("Deployment", "strategy"), ("DaemonSet", "updateStrategy")):
        for field in ("maxSurge", "maxUnavailable"):
            assert (not damages(kind, {where: {"rollingUpdate": {field: value}}}, "apps/v1")) is is_read
    for field in ("minAvailable", "maxUnavailable"):
        assert (not damages("PodDisruptionBudget", {field: value}, "policy/v1")) is is_read


def test_what_must_be_there() -> None:
    assert damages("Pod", {"containers": [{"ports": [{"name": "web"}]}]}) == [
        ("containers[0].ports[0].containerPort", "a value")
    ]
    assert damages("Node", {"taints": [{"value": "x"}]}) == [
        ("taints[0].key", "a value"),
        ("taints[0].effect", "a value"),
    ]
    scope: dict[str, Any] = {"scopeSelector": {"matchExpressions": [{"values": ["x"]}]}}
    assert [path.rpartition(".")[2] for path, _ in damages("ResourceQuota", scope)] == ["scopeName", "operator"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("x", "the text 'x'"),
        (True, "true"),
        (1.5, "the number 1.5"),
        ([], "a list"),
        ({}, "a mapping"),
        (b"", "a bytes"),
    ],
)
def test_what_is_there_is_named(value: Any, found: str) -> None:
    assert read("apps/v1", "Deployment", {"spec": {"replicas": value}}).damages == [
        Damage("spec.replicas", found, "a whole number")
    ]


def test_each_type_is_what_the_api_server_takes() -> None:
    for replicas in (3, 3.0, Unknown(), None):
        assert damages("Deployment", {"replicas": replicas}) == []
    assert damages("ResourceQuota", {"hard": {"pods": 1, "cpu": "1", "memory": 1.5, "services": None}}) == []
    assert damages("ResourceQuota", {"hard": {"pods": True}}) == [("hard[pods]", "a quantity")]
    assert damages("Service", {"ports": [{"targetPort": port} for port in (80, "web", True, 1.5)]}) == [
        (f"ports[{index}].targetPort", "a number or text") for index in (2, 3)
    ]
    assert damages("Pod", {"hostNetwork": "yes", "nodeName": 5}) == [
        ("hostNetwork", "true or false"),
        ("nodeName", "text"),
    ]


def test_null_is_an_empty_value_of_its_type() -> None:
    spec = {"hard": {"pods": None}, "scopes": [None]}
    assert read("v1", "ResourceQuota", {"spec": spec}).properties == {"spec": {"hard": {"pods": "0"}, "scopes": [""]}}
    rules = [{"verbs": [None]}, None]
    assert read("rbac.authorization.k8s.io/v1", "Role", {"rules": rules}).properties == {"rules": [{"verbs": [""]}, {}]}


def test_what_is_right_is_the_same_object() -> None:
    properties = {
        "metadata": {"name": "a", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c"}], "unheard": None},
    }
    assert read("v1", "Pod", properties).properties is properties


def test_a_kind_is_read_by_its_version() -> None:
    scaler = {"metrics": "none", "targetCPUUtilizationPercentage": "none"}
    assert damages("HorizontalPodAutoscaler", scaler, "autoscaling/v2") == [("metrics", "a list")]
    assert damages("HorizontalPodAutoscaler", scaler, "autoscaling/v1") == [
        ("targetCPUUtilizationPercentage", "a whole number")
    ]


def test_null_among_numbers_is_zero_and_times_are_of_any_type() -> None:
    spec = {"securityContext": {"supplementalGroups": [None]}}
    found = read("v1", "Pod", {"metadata": {"creationTimestamp": 5}, "spec": spec})
    assert found.damages == []
    assert found.properties["spec"] == {"securityContext": {"supplementalGroups": [0]}}
