"""An add-on that is not admitted, does not become ready, or leaves something behind.

The example stack with every add-on, from nothing to nothing; the tests build on each other in the order in
which they stand.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from components.addons import ADDONS
from rehearsal.control_plane import ControlPlane
from tests.support.addons import OPTIONS
from tests.support.api import Api, Object
from tests.support.census import Census, settled_census, until_census_is
from tests.support.stack import Stack, dev_spec, make_stack

NAMESPACES = [namespace.name for add_on in ADDONS for namespace in add_on.namespaces]


def is_ready(workload: Object) -> bool:
    status = workload["status"]
    if workload["kind"] == "DaemonSet":
        return bool(status["numberReady"] == status["desiredNumberScheduled"] > 0)
    return bool(status.get("readyReplicas") == workload["spec"]["replicas"])


def spec_with(cluster: str, options: dict[str, Any]) -> dict[str, Any]:
    return dev_spec(cluster) | {"addons": options}


@pytest.fixture(scope="module")
def before(control_plane: ControlPlane) -> Census:
    return settled_census(control_plane.kubeconfig)


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census) -> Iterator[Stack]:
    assert before, "taken before anything is made"
    stack = make_stack(tmp_path_factory.mktemp("addons"))
    # Nothing here is worth a state that survives a crash, and writing one for each object takes most of the time.
    stack.engine.environment.update(PULUMI_EXPERIMENTAL="true", PULUMI_SKIP_CHECKPOINTS="true")
    stack.write(spec_with(control_plane.name, OPTIONS))
    yield stack
    stack.destroy()


def test_every_workload_of_every_add_on_becomes_ready_and_a_preview_then_shows_no_change(
    stack: Stack, api: Api
) -> None:
    stack.must_up()
    for namespace in NAMESPACES:
        workloads = [
            workload
            for kind in ("deployments", "statefulsets", "daemonsets")
            for workload in api.list(f"/apis/apps/v1/namespaces/{namespace}/{kind}")
        ]
        assert workloads
        assert [each["metadata"]["name"] for each in workloads if not is_ready(each)] == []
    assert stack.changes() == {}


@pytest.mark.parametrize("add_on", ADDONS, ids=lambda add_on: add_on.name)
def test_a2_pods_of_each_namespace_meet_its_pod_security_level(add_on: Any, stack: Stack, api: Api) -> None:
    del stack
    for namespace in add_on.namespaces:
        labels = api.get(f"/api/v1/namespaces/{namespace.name}")["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == namespace.pod_security
        assert api.list(f"/api/v1/namespaces/{namespace.name}/pods")


@pytest.mark.parametrize("add_on", ADDONS, ids=lambda add_on: add_on.name)
def test_everything_is_denied_in_each_namespace_but_what_is_allowed(add_on: Any, stack: Stack, api: Api) -> None:
    del stack
    for namespace in add_on.namespaces:
        policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace.name}/networkpolicies"
        denies = api.get(f"{policies}/default-deny")["spec"]
        assert denies == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_add_ons_that_are_taken_out_go_and_nothing_else_does(
    stack: Stack, control_plane: ControlPlane, api: Api
) -> None:
    stack.write(spec_with(control_plane.name, {}))
    assert set(stack.changes().values()) == {"delete"}
    stack.must_up()
    for namespace in NAMESPACES:
        assert api.find(f"/api/v1/namespaces/{namespace}") is None


def test_add_ons_that_come_back_leave_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.write(spec_with(control_plane.name, OPTIONS))
    stack.must_up()
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
