"""A kind of cluster that breaks a promise on which everything in it leans (rules in components/contract.py).

The rules run over every registered kind: each kind needs an entry in `SPECS`.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.clusters import KINDS, kind_name
from rehearsal.control_plane import ControlPlane
from tests.support.stack import Stack, make_stack

SPECS: dict[str, Callable[[ControlPlane], dict[str, Any]]] = {
    "local": lambda plane: {
        "kind": "local",
        "name": plane.name,
        "version": "1.36",
        "nodePools": [{"name": "general", "nodes": 2}],
    },
    "existing": lambda plane: {
        "kind": "existing",
        "name": "theirs",
        "version": "1.36",
        "kubeconfig": {"path": str(plane.kubeconfig)},
    },
}
TENANT = {
    "name": "contract",
    "group": "developers",
    "quota": {"pods": 2, "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "limitRange": {
        "default": {"cpu": "200m", "memory": "6Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "5Mi"},
    },
}

State = dict[str, Any]


@pytest.fixture(scope="module", params=[kind_name(kind) for kind in KINDS])
def stack(
    request: pytest.FixtureRequest, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Stack:
    """A stack of each kind with one tenant."""
    stack = make_stack(tmp_path_factory.mktemp(request.param))
    stack.write({"stage": "dev", "cluster": SPECS[request.param](control_plane), "tenants": [TENANT]})
    return stack


@pytest.fixture(scope="module")
def planned(stack: Stack) -> dict[str, State]:
    """What the program registers, by URN."""
    return {step["urn"]: step["newState"] for step in stack.preview()}


def of_type(planned: dict[str, State], type_: str) -> list[State]:
    return [state for state in planned.values() if state["type"].startswith(type_)]


def test_c1_the_cluster_is_one_component_and_what_the_kind_creates_is_below_it(planned: dict[str, State]) -> None:
    (cluster,) = of_type(planned, "polykube:clusters:")
    below = [s for s in planned.values() if s["type"] in ("pulumi:providers:kubernetes", "kubernetes:core/v1:Node")]
    assert below
    assert all(state["parent"] == cluster["urn"] for state in below)


def test_c2_the_kubeconfig_is_a_secret(stack: Stack, planned: dict[str, State], control_plane: ControlPlane) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    server = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    assert server not in json.dumps(provider["inputs"])
    preview = stack.engine.must("preview", "--stack", "dev", "--diff")
    assert server not in preview
    assert "kubeconfig" in preview


def test_c3_the_provider_is_known_by_an_identifier_of_the_cluster(planned: dict[str, State]) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    assert provider["inputs"]["clusterIdentifier"]


def test_c5_every_object_in_the_cluster_goes_through_the_clusters_provider(planned: dict[str, State]) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    objects = of_type(planned, "kubernetes:")
    assert objects
    assert {state["provider"].rpartition("::")[0] for state in objects} == {provider["urn"]}


def test_c6_a_second_program_registers_the_same_names(stack: Stack, planned: dict[str, State]) -> None:
    assert {step["urn"] for step in stack.preview()} == set(planned)


def test_every_kind_is_under_contract() -> None:
    assert {kind_name(kind) for kind in KINDS} == set(SPECS)
