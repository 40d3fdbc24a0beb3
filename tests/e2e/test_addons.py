"""An add-on that is not admitted, does not become ready, or leaves something behind.

The example stack with every add-on, from nothing to nothing; the tests build on each other in the order in
which they stand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.addons import ADDONS
from rehearsal.control_plane import ControlPlane
from tests.support.addons import TEAM, spec_with_add_ons
from tests.support.api import Api, Object
from tests.support.census import Census, settled_census, until_census_is
from tests.support.istiod import running_istiod
from tests.support.objects import pod
from tests.support.stack import Stack, dev_spec, make_stack

NAMESPACES = [namespace.name for add_on in ADDONS for namespace in add_on.namespaces]


def is_ready(workload: Object) -> bool:
    status = workload["status"]
    if workload["kind"] == "DaemonSet":
        return bool(status["numberReady"] == status["desiredNumberScheduled"] > 0)
    return bool(status.get("readyReplicas") == workload["spec"]["replicas"])


@pytest.fixture(scope="module")
def before(control_plane: ControlPlane) -> Census:
    return settled_census(control_plane.kubeconfig)


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census) -> Iterator[Stack]:
    assert before, "taken before anything is made"
    stack = make_stack(tmp_path_factory.mktemp("addons"))
    # Nothing here is worth a state that survives a crash, and writing one for each object takes most of the time.
    stack.engine.environment.update(PULUMI_EXPERIMENTAL="true", PULUMI_SKIP_CHECKPOINTS="true")
    stack.write(spec_with_add_ons(control_plane.name))
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


def test_pods_with_the_sidecar_of_istiod_itself_are_admitted_and_what_it_writes_is_left_to_it(
    stack: Stack, control_plane: ControlPlane, api: Api, tmp_path: Path
) -> None:
    """The API server here asks no webhook, so that the test carries the pod from one to the other."""
    with running_istiod(control_plane.kubeconfig, tmp_path, api) as istiod:
        mesh = istiod.mesh_config()
        assert mesh["connectTimeout"] == "5s"
        assert "jaeger.tracing.svc.cluster.local" in str(mesh["extensionProviders"])
        injected = istiod.inject(pod(TEAM, "web"), api)
        admitted = api.post(f"/api/v1/namespaces/{TEAM}/pods?dryRun=All", injected)["spec"]["containers"]
        assert [container["name"] for container in admitted] == ["main", "istio-proxy"]
        assert admitted[1]["resources"]["limits"] == {"cpu": "400m", "memory": "128Mi"}
        assert "update" not in stack.changes("--refresh", "--target", "**istio-sidecar-injector").values()


def test_add_ons_that_are_taken_out_go_and_nothing_else_does(
    stack: Stack, control_plane: ControlPlane, api: Api
) -> None:
    stack.write(dev_spec(control_plane.name))
    assert set(stack.changes().values()) == {"delete"}
    stack.must_up()
    for namespace in NAMESPACES:
        assert api.find(f"/api/v1/namespaces/{namespace}") is None


def test_add_ons_that_come_back_leave_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.write(spec_with_add_ons(control_plane.name))
    stack.must_up()
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
